"""All approaches on one set of examples: scores, paired tests against the baseline, shares kept of a teacher."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.settings.evaluate import Evaluate
from stages.statistics.bootstrap import Resampled, resampled_measures
from stages.statistics.calibration import reliability
from stages.statistics.comparison import mcnemar


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Decisions of several approaches on the same labelled examples."""

    labels: Sequence[str]
    truth: np.ndarray  # (examples,) class numbers
    probability: Mapping[str, np.ndarray]  # approach → (examples, classes)
    resampled: Mapping[str, Mapping[str, Resampled]]  # approach → measure → value and resamples
    settings: Evaluate

    @classmethod
    def of(
        cls, labels: Sequence[str], truth: np.ndarray, probability: Mapping[str, np.ndarray], settings: Evaluate
    ) -> "Evaluation":
        """Measures each approach on the same resamples."""
        resampled = {
            approach: resampled_measures(truth, values, settings.resamples, settings.seed)
            for approach, values in probability.items()
        }
        return cls(labels, truth, probability, resampled, settings)

    def scores(self) -> dict[str, Any]:
        """Gives, for each approach and measure, `value`, `low` and `high`."""
        return {approach: self._scores_of(approach) for approach in self.probability}

    def _scores_of(self, approach: str) -> dict[str, Any]:
        scores: dict[str, Any] = {}
        for name, resampled in self.resampled[approach].items():
            if not np.isfinite(resampled.value):
                continue  # a set without one of the classes has no ROC-AUC
            measure, _, number = name.partition(".")
            interval = resampled.interval(self.settings.confidence)
            if number:
                scores.setdefault(measure, {})[self.labels[int(number)]] = interval
            else:
                scores[measure] = interval
        last = len(self.labels) - 1
        binned = reliability(self.truth == last, self.probability[approach][:, last], self.settings.calibration_bins)
        return {**scores, "calibration_error": binned.expected_error}

    def versus(self, baseline: str) -> dict[str, Any]:
        """Tests each approach against the baseline, on the same examples."""
        right = {approach: values.argmax(axis=1) == self.truth for approach, values in self.probability.items()}
        return {
            approach: {
                **mcnemar(right[baseline], right[approach]),
                "accuracy_difference": self._difference(approach, baseline, "accuracy"),
                "macro_f1_difference": self._difference(approach, baseline, "macro_f1"),
            }
            for approach in self.probability
            if approach != baseline
        }

    def _difference(self, approach: str, baseline: str, measure: str) -> dict[str, float]:
        difference = self.resampled[approach][measure] - self.resampled[baseline][measure]
        return difference.interval(self.settings.confidence)

    def retained(self, teachers: Mapping[str, str]) -> dict[str, Any]:
        """Gives the share of its teacher's accuracy that each student keeps, and how often the two decide the same."""
        decided = {approach: values.argmax(axis=1) for approach, values in self.probability.items()}
        return {
            student: {
                "teacher": teacher,
                **self._share(student, teacher),
                "agreement": float((decided[student] == decided[teacher]).mean()),
            }
            for student, teacher in teachers.items()
        }

    def _share(self, student: str, teacher: str) -> dict[str, Any]:
        own, taught = self.resampled[student]["accuracy"], self.resampled[teacher]["accuracy"]
        # There is no share of nothing.
        return {"accuracy_share": (own / taught).interval(self.settings.confidence)} if taught.value else {}
