"""The measures of a head that says a number: does it rank texts as people do, and how far is it off?"""

import numpy as np


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
