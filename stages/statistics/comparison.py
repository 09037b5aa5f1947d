"""Paired tests of two approaches on the same examples."""

import numpy as np
from scipy.stats import binomtest


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> dict[str, float | int]:
    """Tests whether two approaches err equally often (McNemar, 1947; the exact binomial form).

    Args:
        first_right: (examples,) bool, where the first approach decides right.
        second_right: (examples,) bool.

    Returns:
        `mcnemar_p`, two-sided, and the counts it rests on: how often only the first, and only the second, is right.
    """
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    both = only_first + only_second
    p = float(binomtest(only_first, both).pvalue) if both else 1.0
    return {"mcnemar_p": p, "only_baseline_right": only_first, "only_this_right": only_second}
