"""Means of several groups, and the difference of two approaches on the same groups."""

from typing import Any

import numpy as np
from scipy.stats import permutation_test
from scipy.stats import t as student_t

PERMUTATIONS = 10_000  # all of them where there are fewer


def mean_interval(values: np.ndarray, confidence: float) -> dict[str, float]:
    """Gives `value`, the mean, and `low` and `high` by Student's t; of a single group, which has no spread, the value.

    The bootstrap is too sure of few groups; of many, the two agree.
    """
    mean, groups = float(np.mean(values)), len(values)
    if groups < 2:
        return {"value": mean}
    reach = _half_width(values, confidence) / np.sqrt(groups)
    return {"value": mean, "low": float(mean - reach), "high": float(mean + reach)}


def prediction_interval(values: np.ndarray, confidence: float) -> dict[str, float]:
    """Gives `low` and `high`, between which one more such value would lie (Student's t)."""
    mean, count = float(np.mean(values)), len(values)
    if count < 2:
        return {"low": mean, "high": mean}
    reach = _half_width(values, confidence) * np.sqrt(1 + 1 / count)
    return {"low": float(mean - reach), "high": float(mean + reach)}


def _half_width(values: np.ndarray, confidence: float) -> float:
    """Gives the standard deviation times what Student's t takes for as many values."""
    return float(student_t.ppf((1 + confidence) / 2, len(values) - 1) * np.std(values, ddof=1))


def paired(first: np.ndarray, second: np.ndarray, *, confidence: float, seed: int) -> dict[str, Any]:
    """Gives the mean `difference` of two approaches with its interval, and `p`, how likely one as large is by chance.

    If the two are alike, a group's difference has either sign as easily (Fisher's randomisation test, two-sided).

    Args:
        first: (groups,) values of one approach.
        second: (groups,) values of the other.
        confidence: of the interval.
        seed: of the signs, where there are too many for all of them to be tried.
    """
    differences = first - second
    if len(differences) < 2 or not np.any(differences):
        return {"difference": mean_interval(differences, confidence), "p": 1.0}
    found = permutation_test(
        (differences,),
        lambda values, axis: np.mean(values, axis=axis),
        permutation_type="samples",
        n_resamples=PERMUTATIONS,
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return {"difference": mean_interval(differences, confidence), "p": float(found.pvalue)}
