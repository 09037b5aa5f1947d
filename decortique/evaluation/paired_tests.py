"""Paired tests (McNemar, swap test, permutation test), their correction by Holm, and intervals of means."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from scipy.stats import binomtest, permutation_test
from scipy.stats import t as student_t

Key = TypeVar("Key")


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm, 1979), which bounds the family-wise error rate."""
    values = np.asarray(p_values, float)
    order = np.argsort(values, kind="stable")
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)), 1.0)
    return corrected.tolist()


def with_holm(tests: Mapping[Key, Mapping[str, Any]]) -> dict[Key, dict[str, Any]]:
    """Add `holm_p` to each of a family of tests: of its `accuracy_p`, else of its `mcnemar_p` or `p`."""
    names = ("accuracy_p", "mcnemar_p", "p")
    corrected = holm([next(test[name] for name in names if name in test) for test in tests.values()])
    return {name: {**test, "holm_p": p} for (name, test), p in zip(tests.items(), corrected, strict=True)}


SWAPS = 10_000


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> dict[str, float | int]:
    """Test whether two approaches err equally often (McNemar, 1947; the exact binomial form).

    Given (examples,) bool, where each approach predicts right, return `mcnemar_p`, two-sided; the counts of examples
    on which only the first, and only the second, is right; and `cohens_g`, from -.5 to +.5: the share of these that the
    second gets right, less a half (Cohen, 1988, section 5.2).
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
    """Test whether two approaches do equally well, where the texts of a group are not independent.

    Return `accuracy_p`, and `f1_p` of the last class, two-sided, given (examples,) class numbers and numbers of groups.
    If they do equally well, nothing changes when they swap their predictions on a group. The p-value is the share of
    random swaps, group by group, whose difference is at least as large as the observed one, which is counted among them
    (a paired randomisation test: Yeh, 2000).
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
    """Return (groups, 4): right predictions, and of the last class the true positives, predicted and true ones."""
    kinds = (predicted == truth, (predicted == last) & (truth == last), predicted == last, truth == last)
    return np.stack([np.bincount(groups, weights=kind, minlength=count) for kind in kinds], axis=1)


def _f1(counts: np.ndarray) -> np.ndarray:
    return 2 * counts[:, 1] / np.maximum(counts[:, 2] + counts[:, 3], 1e-12)


def error_tests(
    truth: np.ndarray, baseline: np.ndarray, this: np.ndarray, *, groups: np.ndarray | None, last: int, seed: int
) -> dict[str, Any]:
    """Return McNemar's test of an approach against the baseline, and where texts come in groups, the swap test.

    McNemar's test takes texts for independent; the swap test, whose arguments these are, does not.
    """
    grouped = {} if groups is None else swap_test(truth, baseline, this, groups=groups, last=last, seed=seed)
    return {**mcnemar(baseline == truth, this == truth), **grouped}


PERMUTATIONS = 10_000  # all of them where there are fewer


def mean_interval(values: np.ndarray, confidence: float) -> dict[str, float]:
    """Return `value`, the mean, and `low` and `high` by Student's t; of a single group, which has no spread, the value.

    With few groups a bootstrap interval is too narrow; with many, the two agree.
    """
    mean, groups = float(np.mean(values)), len(values)
    if groups < 2:
        return {"value": mean}
    reach = _half_width(values, confidence) / np.sqrt(groups)
    return {"value": mean, "low": float(mean - reach), "high": float(mean + reach)}


def prediction_interval(values: np.ndarray, confidence: float) -> dict[str, float]:
    """Return `low` and `high`, between which one more such value would lie (Student's t)."""
    mean, count = float(np.mean(values)), len(values)
    if count < 2:
        return {"low": mean, "high": mean}
    reach = _half_width(values, confidence) * np.sqrt(1 + 1 / count)
    return {"low": float(mean - reach), "high": float(mean + reach)}


def _half_width(values: np.ndarray, confidence: float) -> float:
    return float(student_t.ppf((1 + confidence) / 2, len(values) - 1) * np.std(values, ddof=1))


def paired(first: np.ndarray, second: np.ndarray, *, confidence: float, seed: int) -> dict[str, Any]:
    """Return the mean `difference` of (groups,) values with its interval, and the p-value of a permutation test.

    If the two approaches are alike, a group's difference has either sign as easily (Fisher's randomisation test,
    two-sided). The seed is that of the signs, where there are too many for all of them to be tried.
    """
    differences = first - second
    if len(differences) < 2 or not np.any(differences):
        return {"difference": mean_interval(differences, confidence), "p": 1.0}
    random = np.random.default_rng(seed)
    test = permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=PERMUTATIONS, rng=random)
    return {"difference": mean_interval(differences, confidence), "p": float(test.pvalue)}
