"""Several tests at once: what a p-value is worth when it is one of many."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


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
