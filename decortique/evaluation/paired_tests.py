"""Paired tests, and their correction for how many there are."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import binomtest, permutation_test
from scipy.stats import t as student_t


def holm(p_values: Sequence[float]) -> list[float]:
    """Gives p-values corrected for their number (Holm, 1979): the chance that any true hypothesis is rejected stays.

    The smallest is multiplied by their number, the next by one less, and none falls below one that was smaller.
    """
    values = np.asarray(p_values, float)
    order = np.argsort(values, kind="stable")
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)), 1.0)
    return corrected.tolist()


def with_corrected(tests: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Adds `holm_p` to each of a family of paired tests: of `accuracy_p` where there is one, else of `mcnemar_p`."""
    corrected = holm([test.get("accuracy_p", test["mcnemar_p"]) for test in tests.values()])
    return {name: {**test, "holm_p": p} for (name, test), p in zip(tests.items(), corrected, strict=True)}


SWAPS = 10_000


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> dict[str, float | int]:
    """Tests whether two approaches err equally often (McNemar, 1947; the exact binomial form).

    Args:
        first_right: (examples,) bool, where the first approach predicts right.
        second_right: (examples,) bool.

    Returns:
        `mcnemar_p`, two-sided; the counts it rests on: how often only the first, and only the second, is right; and how
        large the effect is, `cohens_g`, from -.5 to +.5: the share of these that the second gets right, less a half.
        .05 is called small, .15 medium, .25 large (Cohen, 1988, section 5.2).
    """
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    both = only_first + only_second
    return {
        "mcnemar_p": float(binomtest(only_first, both).pvalue) if both else 1.0,
        "only_baseline_right": only_first,
        "only_this_right": only_second,
        "cohens_g": only_second / both - 0.5 if both else 0.0,
    }


def swap_test(
    truth: np.ndarray, first: np.ndarray, second: np.ndarray, *, groups: np.ndarray, last: int, seed: int
) -> dict[str, float]:
    """Tests whether two approaches do equally well, where the texts of a group are not independent.

    If they do, nothing changes when they swap their predictions on a group. The p-value is the share of random swaps,
    group by group, whose difference is at least as large as the one seen (a paired randomisation test: Yeh, 2000), the
    one seen counted among them.

    Args:
        truth: (examples,) class numbers.
        first: (examples,) predictions of one approach.
        second: (examples,) predictions of the other.
        groups: (examples,) numbers of the groups.
        last: number of the last class.
        seed: of the swaps.

    Returns:
        `accuracy_p`, and `f1_p` of the last class, two-sided.
    """
    count = int(groups.max()) + 1
    one, other = (_counts(truth, predicted, groups, count, last) for predicted in (first, second))
    swapped = np.random.default_rng(seed).random((SWAPS, count)) < 0.5
    swapped[0] = False
    here = swapped.astype(float) @ (other - one) + one.sum(axis=0)  # (swaps, 4)
    there = swapped.astype(float) @ (one - other) + other.sum(axis=0)
    differences = {"accuracy_p": here[:, 0] - there[:, 0], "f1_p": _f1(here) - _f1(there)}
    return {name: float((np.abs(values) >= abs(values[0]) - 1e-9).mean()) for name, values in differences.items()}


def _counts(truth: np.ndarray, predicted: np.ndarray, groups: np.ndarray, count: int, last: int) -> np.ndarray:
    """Gives (groups, 4): right predictions, and of the last class those found, predicted and true."""
    kinds = (predicted == truth, (predicted == last) & (truth == last), predicted == last, truth == last)
    return np.stack([np.bincount(groups, weights=kind, minlength=count) for kind in kinds], axis=1)


def _f1(counts: np.ndarray) -> np.ndarray:
    return 2 * counts[:, 1] / np.maximum(counts[:, 2] + counts[:, 3], 1e-12)


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
