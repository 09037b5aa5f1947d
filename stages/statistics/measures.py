"""The measures of a classifier, computed for many weightings of the examples at once.

A bootstrap resample is a weighting (how often each example was drawn), so the same few matrix products give a score and
all its resamples.
"""

import numpy as np

SMALLEST = 1e-15  # a probability of 0 for what happened would cost an infinite log-loss


def measure(truth: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Gives accuracy, macro-F1 and log-loss of the examples as they are."""
    found = measures(truth, probability, np.ones((1, len(truth))))
    return {name: float(found[name][0]) for name in ("accuracy", "macro_f1", "log_loss")}


def measures(truth: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Gives each measure under each weighting.

    Args:
        truth: (examples,) class numbers.
        probability: (examples, classes); the decision is the most probable class, the first of equals.
        weights: (weightings, examples), above or equal to 0.

    Returns:
        (weightings,) arrays: `accuracy`, `macro_f1`, `f1.<class number>`, `roc_auc`, `log_loss`. ROC-AUC is that of the
        last class if there are two, else the mean of each class against the rest; NaN where a weighting holds no
        example of a class.
    """
    classes = probability.shape[1]
    decision = probability.argmax(axis=1)
    cells = np.zeros((len(truth), classes * classes))
    cells[np.arange(len(truth)), truth * classes + decision] = 1
    confusion = (weights @ cells).reshape(-1, classes, classes)  # weighting, truth, decision
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    total = weights.sum(axis=1)
    f1 = 2 * hits / np.maximum(confusion.sum(axis=1) + confusion.sum(axis=2), 1e-12)
    losses = -np.log(np.maximum(probability[np.arange(len(truth)), truth], SMALLEST))
    ranked = [classes - 1] if classes == 2 else range(classes)
    areas = [roc_auc(truth == number, probability[:, number], weights) for number in ranked]
    return {
        "accuracy": hits.sum(axis=1) / total,
        "macro_f1": f1.mean(axis=1),
        **{f"f1.{number}": f1[:, number] for number in range(classes)},
        "roc_auc": np.mean(areas, axis=0),
        "log_loss": weights @ losses / total,
    }


def roc_auc(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Gives the probability that a positive example scores above a negative one, ties counted half.

    The Mann-Whitney form of the area (Hanley & McNeil, 1982), weighted.

    Args:
        positive: (examples,) bool.
        score: (examples,).
        weights: (weightings, examples).

    Returns:
        (weightings,), NaN where a weighting holds no positive or no negative example.
    """
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))  # where each group of equal scores begins
    ups = np.add.reduceat(weights[:, order] * positive[order], starts, axis=1)
    downs = np.add.reduceat(weights[:, order] * ~positive[order], starts, axis=1)
    below = np.cumsum(downs, axis=1) - downs
    pairs = ups.sum(axis=1) * downs.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, (ups * (below + downs / 2)).sum(axis=1) / pairs, np.nan)
