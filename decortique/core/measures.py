"""Measures of predictions against the truth: accuracy, F1, ROC-AUC, log-loss, rank correlation.

A bootstrap resample is a weighting (how often each example was drawn), so the same few matrix products give a score and
all its resamples.
"""

from collections.abc import Mapping

import numpy as np
from scipy.special import log_expit, softmax


def probabilities(logits: np.ndarray, *, binary: bool = False) -> np.ndarray:
    """Gives (texts, classes) float64 probabilities.

    Args:
        logits: (texts, classes).
        binary: each logit was trained against the rest (`losses.binary`): their sigmoids are scaled to add up to 1;
            else the softmax.
    """
    values = logits.astype(np.float64)
    return softmax(log_expit(values) if binary else values, axis=1)


SMALLEST = 1e-15  # a probability of 0 for what happened would cost an infinite log-loss


def measure(truth: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Gives accuracy, macro-F1 and log-loss of the examples as they are, the most probable class being predicted."""
    found = every_measure(truth, most_probable(probability), probability)
    return {name: found[name] for name in ("accuracy", "macro_f1", "log_loss")}


def merit(scores: Mapping[str, float], measure: str) -> float:
    """Gives a score so that more is better: of log-loss, less is."""
    return -scores[measure] if measure == "log_loss" else scores[measure]


def every_measure(truth: np.ndarray, prediction: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Gives the measures of `measures` of the examples as they are."""
    found = measures(truth, prediction, probability, np.ones((1, len(truth))))
    return {name: float(values[0]) for name, values in found.items()}


def most_probable(probability: np.ndarray) -> np.ndarray:
    """Gives (examples,) class numbers: the most probable class, the first of equals."""
    return probability.argmax(axis=1)


def measures(
    truth: np.ndarray, prediction: np.ndarray, probability: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Gives each measure under each weighting.

    Args:
        truth: (examples,) class numbers.
        prediction: (examples,) class numbers.
        probability: (examples, classes).
        weights: (weightings, examples), above or equal to 0.

    Returns:
        (weightings,) arrays: `accuracy`, `macro_f1`, `f1.<class number>`, `roc_auc`, `average_precision`, `log_loss`.
        The two that look at ranks are those of the last class if there are two, else the mean of each class against
        the rest; NaN where a weighting holds no example of a class.
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
    """Gives how well scores rank positive examples above negative ones.

    Args:
        positive: (examples,) bool.
        score: (examples,).
        weights: (weightings, examples).

    Returns:
        Two (weightings,) arrays, NaN where a weighting holds no positive or no negative example:

        - the area under the ROC curve: the probability that a positive example scores above a negative one, ties
          counted half (the Mann-Whitney form; Hanley & McNeil, 1982);
        - the average precision: Σ (recall gained) · precision over the thresholds, from the highest down.
    """
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))  # where each group of equal scores begins
    ups = np.add.reduceat(weights[:, order] * positive[order], starts, axis=1)
    downs = np.add.reduceat(weights[:, order] * ~positive[order], starts, axis=1)
    up, down = ups.sum(axis=1), downs.sum(axis=1)
    below = np.cumsum(downs, axis=1) - downs
    found = up[:, None] - np.cumsum(ups, axis=1) + ups  # positives at or above each threshold
    lost = down[:, None] - below
    known = (up > 0) & (down > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        area = (ups * (below + downs / 2)).sum(axis=1) / (up * down)
        precision = np.nansum(ups * found / (found + lost), axis=1) / up
    return np.where(known, area, np.nan), np.where(known, precision, np.nan)


def measure_grades(truth: np.ndarray, said: np.ndarray) -> dict[str, float]:
    """Gives the measures of `grade_measures` of the examples as they are; NaN in the truth is left out.

    All are NaN where nothing is known.
    """
    known = np.isfinite(truth)
    if not known.any():
        return {"spearman": np.nan, "mae": np.nan}
    found = grade_measures(truth[known], said[known], np.ones((1, known.sum())))
    return {name: float(values[0]) for name, values in found.items()}


def grade_measures(truth: np.ndarray, said: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Gives each measure under each weighting (a bootstrap resample is one: how often each example was drawn).

    Args:
        truth: (examples,) numbers.
        said: (examples,) numbers.
        weights: (weightings, examples), above or equal to 0.

    Returns:
        (weightings,) arrays: `spearman` and `mae`, the mean absolute error.
    """
    return {
        "spearman": spearman(truth, said, weights),
        "mae": weights @ np.abs(truth - said) / weights.sum(axis=1),
    }


def spearman(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Gives (weightings,) rank correlations: Pearson's of the ranks, ties sharing their mean rank (Spearman, 1904).

    NaN where a weighting holds only one value of either.

    Args:
        first: (examples,).
        second: (examples,).
        weights: (weightings, examples).
    """
    total = weights.sum(axis=1, keepdims=True)
    # A weighted mean of ranks is half the total, whatever the order: an example of weight w takes up w ranks.
    one, other = (_ranks(values, weights) - total / 2 for values in (first, second))
    covariance = (weights * one * other).sum(axis=1)
    spread = (weights * one**2).sum(axis=1) * (weights * other**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, covariance / np.sqrt(spread), np.nan)


def _ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Gives (weightings, examples) ranks: the weight below an example, and half of that of its equals."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=-np.inf))
    shared = np.add.reduceat(weights[:, order], starts, axis=1)
    middle = np.cumsum(shared, axis=1) - shared / 2
    ranks = np.empty_like(weights)
    ranks[:, order] = np.repeat(middle, np.diff(starts, append=len(order)), axis=1)
    return ranks
