"""What several trainings of the same thing say together: their mean, their spread, and whether two of them differ."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import t as student_t

from decortique.evaluation.bootstrap import resampled

CONFIDENCE, RESAMPLES = 0.95, 2000


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the mean over seeds, and the least and the greatest value."""
    return {"value": float(np.mean(values)), "low": min(values), "high": max(values)}


def difference(paired: np.ndarray, groups: np.ndarray | None = None) -> dict[str, Any]:
    """Return the mean of (seeds, texts) paired differences with two intervals.

    Over seeds, Student's: would other trainings find it? Over texts, the bootstrap of these trainings' mean difference:
    would other texts?

    Args:
        paired: (seeds, texts).
        groups: (texts,) numbers of the groups to draw whole; None where each text stands alone.
    """
    seeds, texts = paired.mean(axis=1), paired.mean(axis=0)
    mean, error = float(seeds.mean()), float(seeds.std(ddof=1) / np.sqrt(len(seeds)))
    low, high = student_t.interval(CONFIDENCE, len(seeds) - 1, mean, error) if error else (mean, mean)

    def measured(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {"mean": weights @ texts / weights.sum(axis=1)}

    drawn = resampled(measured, len(texts), resamples=RESAMPLES, seed=0, groups=groups)["mean"]
    return {"value": mean, "seeds": {"low": float(low), "high": float(high)}, "texts": drawn.interval(CONFIDENCE)}
