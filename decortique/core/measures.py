"""Measures of predictions against the truth: accuracy, F1, ROC-AUC, log-loss, rank correlation.

A bootstrap resample is a weighting (how often each example occurs in it), so the same few matrix products give a score
and all its resamples.
"""

from collections.abc import Mapping

import numpy as np
from scipy.special import log_expit, softmax


def probabilities(logits: np.ndarray, *, binary: bool = False) -> np.ndarray:
    """Return the float64 softmax of (texts, classes) logits; with `binary`, their sigmoids, scaled to add up to 1."""
    values = logits.astype(np.float64)
    return softmax(log_expit(values) if binary else values, axis=1)


SMALLEST = 1e-15  # a probability of 0 for what happened would cost an infinite log-loss


def measure(truth: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Return accuracy, macro-F1 and log-loss of the examples as they are, predicting the most probable class."""
    scores = every_measure(truth, most_probable(probability), probability)
    return {name: scores[name] for name in ("accuracy", "macro_f1", "log_loss")}


def greater_is_better(scores: Mapping[str, float], measure: str) -> float:
    """Return a score with the sign by which the greatest is the best: log-loss is negated."""
    return -scores[measure] if measure == "log_loss" else scores[measure]


def every_measure(truth: np.ndarray, prediction: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Return the measures of `measures` of the examples as they are."""
    return _unweighted(measures(truth, prediction, probability, np.ones((1, len(truth)))))


def _unweighted(scores: Mapping[str, np.ndarray]) -> dict[str, float]:
    return {name: float(values[0]) for name, values in scores.items()}


def most_probable(probability: np.ndarray) -> np.ndarray:
    """Return (examples,) class numbers: the most probable class, the first of equals."""
    return probability.argmax(axis=1)


def measures(
    truth: np.ndarray, prediction: np.ndarray, probability: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Return (weightings,) accuracy, macro-F1, `f1.<class number>`, ROC-AUC, average precision and log-loss.

    Truth and prediction are (examples,) class numbers, `probability` (examples, classes), `weights` (weightings,
    examples). ROC-AUC and average precision are those of the last class if there are two, else the mean of each class
    against the rest; NaN where a weighting holds no example of a class.
    """
    classes = probability.shape[1]
    cells = np.zeros((len(truth), classes * classes))
    cells[np.arange(len(truth)), truth * classes + prediction] = 1
    confusion = (weights @ cells).reshape(-1, classes, classes)  # weighting, truth, prediction
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    total = weights.sum(axis=1)
    f1 = 2 * hits / np.maximum(confusion.sum(axis=1) + confusion.sum(axis=2), 1e-12)
    losses = -np.log(np.maximum(probability[np.arange(len(truth)), truth], SMALLEST))
    ranked = [classes - 1] if classes == 2 else range(classes)
    ranks = [ranking(truth == number, probability[:, number], weights) for number in ranked]
    return {
        "accuracy": hits.sum(axis=1) / total,
        "macro_f1": f1.mean(axis=1),
        **{f"f1.{number}": f1[:, number] for number in range(classes)},
        "roc_auc": np.mean([area for area, _ in ranks], axis=0),
        "average_precision": np.mean([precision for _, precision in ranks], axis=0),
        "log_loss": weights @ losses / total,
    }


def ranking(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (weightings,) ROC-AUC and average precision of (examples,) scores; `positive` is (examples,) bool.

    ROC-AUC is the probability that a positive example scores above a negative one, ties counted half (the Mann-Whitney
    form; Hanley & McNeil, 1982); average precision is Σ (recall gained) · precision over the thresholds, from the
    highest down. Both are NaN where a weighting holds no positive or no negative example.
    """
    order = np.argsort(score, kind="stable")
    edges = np.flatnonzero(np.diff(score[order], prepend=-np.inf, append=np.inf))  # of groups of equal scores
    counts = np.take(weights.astype(np.int32, order="C"), order, axis=1)  # summed several times faster than floats
    # All examples, and the positive ones, below each edge.
    every, ups = (np.take(_cumulated(part), edges, axis=1) for part in (counts, counts * positive[order]))
    downs, gained = every - ups, np.diff(ups)
    up, down = ups[:, -1], downs[:, -1]
    true, predicted = (sums[:, -1:] - sums[:, :-1] for sums in (ups, every))  # at or above each threshold
    with np.errstate(invalid="ignore", divide="ignore"):
        area = np.multiply(gained, downs[:, :-1] + downs[:, 1:], dtype=float).sum(axis=1) / (2.0 * up * down)
        precision = (np.multiply(gained, true, dtype=float) / np.maximum(predicted, 1)).sum(axis=1) / up
    known = (up > 0) & (down > 0)
    return np.where(known, area, np.nan), np.where(known, precision, np.nan)


def _cumulated(counts: np.ndarray) -> np.ndarray:
    """Return (weightings, examples + 1): how many there are before each example, and in all."""
    sums = np.zeros((len(counts), counts.shape[1] + 1), counts.dtype)
    np.cumsum(counts, axis=1, out=sums[:, 1:])
    return sums


def measure_grades(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return the measures of `grade_measures` of the examples with a grade; NaN where there is none."""
    known = np.isfinite(truth)
    if not known.any():
        return {"spearman": np.nan, "mae": np.nan}
    return _unweighted(grade_measures(truth[known], predicted[known], np.ones((1, known.sum()))))


def grade_measures(truth: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Return (weightings,) Spearman correlation and mean absolute error of (examples,) grades."""
    return {"spearman": spearman(truth, predicted, weights), "mae": mean_error(truth, predicted, weights)}


def mean_error(truth: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (weightings,) mean absolute errors of (examples,) numbers."""
    return weights @ np.abs(truth - predicted) / weights.sum(axis=1)


def spearman(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (weightings,) rank correlations: Pearson's of the ranks, ties sharing their mean rank (Spearman, 1904).

    The values are (examples,), the weights (weightings, examples); NaN where a weighting holds one value of either.
    """
    return rank_correlation(centred_ranks(first, weights), centred_ranks(second, weights), weights)


def rank_correlation(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what `spearman` does, of `centred_ranks`."""
    covariance = (weights * first * second).sum(axis=1)
    spread = (weights * first**2).sum(axis=1) * (weights * second**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, covariance / np.sqrt(spread), np.nan)


def centred_ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (weightings, examples) ranks, less their mean: the weight below an example, and half of its equals'."""
    _, equals, sizes = np.unique(values, return_inverse=True, return_counts=True)
    counts = weights.T.astype(np.int32)[np.argsort(equals, kind="stable")]
    below = _cumulated(counts.T)[:, np.cumsum([0, *sizes])].T
    # A weighted mean of ranks is half the total, whatever the order: an example of weight w takes up w ranks.
    return ((below[:-1] + below[1:])[equals] / 2 - below[-1] / 2).T
