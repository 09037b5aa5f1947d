"""The points of the pictures of an evaluation, as tables for `dvc plots` and for the PNG files."""

from collections.abc import Iterator

import numpy as np
from sklearn.metrics import roc_curve

from stages.statistics.calibration import reliability
from stages.statistics.evaluation import Evaluation

Point = dict[str, str | float | int]


def roc_points(evaluation: Evaluation) -> Iterator[Point]:
    """Yields the ROC curve of the last class against the rest, for each approach."""
    last = len(evaluation.examples.labels) - 1
    if len(np.unique(evaluation.examples.truth == last)) < 2:
        return  # a set with one class only has no curve
    for approach, found in evaluation.decided.items():
        false, true, _ = roc_curve(evaluation.examples.truth == last, found.probability[:, last])
        for x, y in zip(false, true, strict=True):
            yield {"approach": approach, "false_positive_rate": float(x), "true_positive_rate": float(y)}


def calibration_points(evaluation: Evaluation) -> Iterator[Point]:
    """Yields, for each approach and bin, the mean probability of the last class and how often it was right."""
    last = len(evaluation.examples.labels) - 1
    for approach, found in evaluation.decided.items():
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
    """Yields how often each approach decides each label for each true label."""
    labels = evaluation.examples.labels
    for approach, found in evaluation.decided.items():
        cells = np.zeros((len(labels), len(labels)), int)
        np.add.at(cells, (evaluation.examples.truth, found.decision), 1)
        for actual, row in zip(labels, cells, strict=True):
            for predicted, count in zip(labels, row, strict=True):
                yield {"approach": approach, "actual": actual, "predicted": predicted, "count": int(count)}
