"""All approaches on one set of examples: scores, paired tests, shares kept of a teacher."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from stages.settings.evaluate import Evaluate
from stages.statistics.bootstrap import Resampled, resampled_measures
from stages.statistics.calibration import reliability
from stages.statistics.comparison import mcnemar, swap_test
from stages.statistics.multiple import with_corrected


class Decided(Protocol):
    """What an approach decided on the examples."""

    @property
    def decision(self) -> np.ndarray:
        """(examples,) class numbers."""

    @property
    def probability(self) -> np.ndarray:
        """(examples, classes)."""


@dataclass(frozen=True, slots=True)
class Examples:
    """What was decided on."""

    labels: Sequence[str]
    truth: np.ndarray  # (examples,) class numbers
    groups: np.ndarray | None = None  # (examples,) numbers of their groups; None where each example stands alone


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Decisions of several approaches on the same labelled examples."""

    examples: Examples
    decided: Mapping[str, Decided]  # by approach
    resampled: Mapping[str, Mapping[str, Resampled]]  # approach → measure → value and resamples
    settings: Evaluate

    @classmethod
    def of(cls, examples: Examples, decided: Mapping[str, Decided], settings: Evaluate) -> "Evaluation":
        """Measures each approach on the same resamples."""
        resampled = {
            approach: resampled_measures(
                examples.truth,
                found.decision,
                found.probability,
                resamples=settings.resamples,
                seed=settings.seed,
                groups=examples.groups,
            )
            for approach, found in decided.items()
        }
        return cls(examples, decided, resampled, settings)

    def scores(self) -> dict[str, Any]:
        """Gives, for each approach and measure, `value`, `low` and `high`."""
        return {approach: self.scores_of(approach) for approach in self.decided}

    def scores_of(self, approach: str) -> dict[str, Any]:
        """Gives `value`, `low` and `high` of each measure; F1 by label."""
        labels, scores = self.examples.labels, dict[str, Any]()
        for name, resampled in self.resampled[approach].items():
            if not np.isfinite(resampled.value):
                continue  # a set without one of the classes has no ROC-AUC
            measure, _, number = name.partition(".")
            interval = resampled.interval(self.settings.confidence)
            if number:
                scores.setdefault(measure, {})[labels[int(number)]] = interval
            else:
                scores[measure] = interval
        last, probability = len(labels) - 1, self.decided[approach].probability
        binned = reliability(self.examples.truth == last, probability[:, last], self.settings.calibration_bins)
        return {**scores, "calibration_error": binned.expected_error}

    def versus(self, baseline: str) -> dict[str, Any]:
        """Tests each approach against the baseline, on the same examples; `holm_p` takes their number into account."""
        others = [approach for approach in self.decided if approach != baseline]
        return with_corrected({approach: self.compared(approach, baseline) for approach in others})

    def compared(self, approach: str, baseline: str) -> dict[str, Any]:
        """Tests whether two approaches err equally often, and gives their differences with intervals.

        McNemar's test takes the examples for independent. Where they come in groups, `accuracy_p` and `f1_p` (of the
        last label) are those of `swap_test`, which does not.
        """
        truth, groups = self.examples.truth, self.examples.groups
        this, other = self.decided[approach].decision, self.decided[baseline].decision
        last, seed = len(self.examples.labels) - 1, self.settings.seed
        return {
            **mcnemar(other == truth, this == truth),
            **({} if groups is None else swap_test(truth, other, this, groups=groups, last=last, seed=seed)),
            "accuracy_difference": self._difference(approach, baseline, "accuracy"),
            "macro_f1_difference": self._difference(approach, baseline, "macro_f1"),
            "f1_difference": self._difference(approach, baseline, f"f1.{last}"),
        }

    def _difference(self, approach: str, baseline: str, measure: str) -> dict[str, float]:
        difference = self.resampled[approach][measure] - self.resampled[baseline][measure]
        return difference.interval(self.settings.confidence)

    def retained(self, teachers: Mapping[str, str]) -> dict[str, Any]:
        """Gives the share of its teacher's accuracy that each student keeps, and how often the two decide the same."""
        decided = {approach: found.decision for approach, found in self.decided.items()}
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

    def accuracy_by_group(self, names: Sequence[str]) -> Iterator[dict[str, str | int | float]]:
        """Yields approach, group, number of texts and accuracy; one group `all` where each example stands alone.

        Args:
            names: (examples,) names of the groups.
        """
        shown = np.array(names if self.examples.groups is not None else ["all"] * len(self.examples.truth))
        for approach, found in self.decided.items():
            right = found.decision == self.examples.truth
            for name in dict.fromkeys(shown.tolist()):
                inside = shown == name
                yield {
                    "approach": approach,
                    "group": name,
                    "texts": int(inside.sum()),
                    "accuracy": float(right[inside].mean()),
                }
