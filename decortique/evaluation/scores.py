"""Every measure of an evaluation with its interval; calibration, and points of curves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sklearn.metrics import roc_curve

from decortique.evaluation.bootstrap import Resampled, resampled_measures
from decortique.evaluation.paired_tests import mcnemar, swap_test, with_corrected
from decortique.evaluation.settings import Evaluate


@dataclass(frozen=True, slots=True)
class Reliability:
    """Examples binned by the probability of the last class; empty bins are left out."""

    predicted: np.ndarray  # (bins,) mean probability of a bin
    observed: np.ndarray  # (bins,) share of the last class in it
    count: np.ndarray  # (bins,) examples in it

    @property
    def expected_error(self) -> float:
        """The expected calibration error (Naeini et al., 2015): the mean distance of the two, weighted by examples."""
        return float((np.abs(self.predicted - self.observed) * self.count).sum() / self.count.sum())


def reliability(truth: np.ndarray, probability: np.ndarray, bins: int) -> Reliability:
    """Bins (examples,) probabilities of the last class into equal widths; `truth` is bool."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    used = count > 0
    predicted = np.bincount(place, weights=probability, minlength=bins)[used] / count[used]
    observed = np.bincount(place, weights=truth, minlength=bins)[used] / count[used]
    return Reliability(predicted, observed, count[used])


class Predicted(Protocol):
    """What an approach predicted the examples."""

    @property
    def prediction(self) -> np.ndarray:
        """(examples,) class numbers."""

    @property
    def probability(self) -> np.ndarray:
        """(examples, classes)."""


@dataclass(frozen=True, slots=True)
class Examples:
    """What was predicted."""

    labels: Sequence[str]
    truth: np.ndarray  # (examples,) class numbers
    groups: np.ndarray | None = None  # (examples,) numbers of their groups; None where each example stands alone


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Predictions of several approaches on the same labelled examples."""

    examples: Examples
    predicted: Mapping[str, Predicted]  # by approach
    resampled: Mapping[str, Mapping[str, Resampled]]  # approach → measure → value and resamples
    settings: Evaluate

    @classmethod
    def of(cls, examples: Examples, predicted: Mapping[str, Predicted], settings: Evaluate) -> "Evaluation":
        """Measures each approach on the same resamples."""
        resampled = {
            approach: resampled_measures(
                examples.truth,
                found.prediction,
                found.probability,
                resamples=settings.resamples,
                seed=settings.seed,
                groups=examples.groups,
            )
            for approach, found in predicted.items()
        }
        return cls(examples, predicted, resampled, settings)

    def scores(self) -> dict[str, Any]:
        """Gives, for each approach and measure, `value`, `low` and `high`."""
        return {approach: self.scores_of(approach) for approach in self.predicted}

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
        last, probability = len(labels) - 1, self.predicted[approach].probability
        binned = reliability(self.examples.truth == last, probability[:, last], self.settings.calibration_bins)
        return {**scores, "calibration_error": binned.expected_error}

    def versus(self, baseline: str) -> dict[str, Any]:
        """Tests each approach against the baseline, on the same examples; `holm_p` takes their number into account."""
        others = [approach for approach in self.predicted if approach != baseline]
        return with_corrected({approach: self.compared(approach, baseline) for approach in others})

    def compared(self, approach: str, baseline: str) -> dict[str, Any]:
        """Tests whether two approaches err equally often, and gives their differences with intervals.

        McNemar's test takes the examples for independent. Where they come in groups, `accuracy_p` and `f1_p` (of the
        last label) are those of `swap_test`, which does not.
        """
        truth, groups = self.examples.truth, self.examples.groups
        this, other = self.predicted[approach].prediction, self.predicted[baseline].prediction
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
        """Gives the share of its teacher's accuracy that each student keeps, and how often the two predict the same."""
        predicted = {approach: found.prediction for approach, found in self.predicted.items()}
        return {
            student: {
                "teacher": teacher,
                **self._share(student, teacher),
                "agreement": float((predicted[student] == predicted[teacher]).mean()),
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
        for approach, found in self.predicted.items():
            right = found.prediction == self.examples.truth
            for name in dict.fromkeys(shown.tolist()):
                inside = shown == name
                yield {
                    "approach": approach,
                    "group": name,
                    "texts": int(inside.sum()),
                    "accuracy": float(right[inside].mean()),
                }


Point = dict[str, str | float | int]


def roc_points(evaluation: Evaluation) -> Iterator[Point]:
    """Yields the ROC curve of the last class against the rest, for each approach."""
    last = len(evaluation.examples.labels) - 1
    if len(np.unique(evaluation.examples.truth == last)) < 2:
        return  # a set with one class only has no curve
    for approach, found in evaluation.predicted.items():
        false, true, _ = roc_curve(evaluation.examples.truth == last, found.probability[:, last])
        for x, y in zip(false, true, strict=True):
            yield {"approach": approach, "false_positive_rate": float(x), "true_positive_rate": float(y)}


def calibration_points(evaluation: Evaluation) -> Iterator[Point]:
    """Yields, for each approach and bin, the mean probability of the last class and how often it was right."""
    last = len(evaluation.examples.labels) - 1
    for approach, found in evaluation.predicted.items():
        score = found.probability[:, last]
        bins = reliability(evaluation.examples.truth == last, score, evaluation.settings.calibration_bins)
        for predicted, observed, count in zip(bins.predicted, bins.observed, bins.count, strict=True):
            yield {
                "approach": approach,
                "predicted": float(predicted),
                "observed": float(observed),
                "count": int(count),
            }


def confusion_cells(evaluation: Evaluation) -> Iterator[Point]:
    """Yields how often each approach predicts each label for each true label."""
    labels = evaluation.examples.labels
    for approach, found in evaluation.predicted.items():
        cells = np.zeros((len(labels), len(labels)), int)
        np.add.at(cells, (evaluation.examples.truth, found.prediction), 1)
        for actual, row in zip(labels, cells, strict=True):
            for predicted, count in zip(labels, row, strict=True):
                yield {"approach": approach, "actual": actual, "predicted": predicted, "count": int(count)}
