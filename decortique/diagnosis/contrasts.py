"""Means of some texts beside those of others, with intervals."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from decortique.evaluation.bootstrap import resampled
from decortique.evaluation.settings import Evaluate


def contrasts(
    values: Mapping[str, np.ndarray],
    sides: Mapping[str, np.ndarray],
    settings: Evaluate,
    groups: np.ndarray | None = None,
) -> dict[str, Any]:
    """Gives the mean of each kind of values on two sides, and by how much the first is above the second.

    Args:
        values: (texts,) numbers of each kind.
        sides: (texts,) bool, by the names of the two sides. A text may be on both, or on neither.
        settings: of the intervals.
        groups: (texts,) numbers of their groups; None where each text stands alone.

    Returns:
        kind → either side and `difference`, on the same resamples: `value`, `low` and `high`. Nothing where a side has
        no text: there is nothing to compare.
    """
    if not all(side.any() for side in sides.values()):
        return {}

    def measured(weights: np.ndarray) -> dict[str, np.ndarray]:
        with np.errstate(invalid="ignore", divide="ignore"):  # a resample may miss a small side: it is left out
            return {
                f"{kind}/{name}": weights @ (numbers * side) / (weights @ side.astype(float))
                for kind, numbers in values.items()
                for name, side in sides.items()
            }

    texts = len(next(iter(sides.values())))
    found = resampled(measured, texts, resamples=settings.resamples, seed=settings.seed, groups=groups)
    scores: dict[str, Any] = {}
    for kind in values:
        first, second = (found[f"{kind}/{name}"] for name in sides)
        both = {**dict(zip(sides, (first, second), strict=True)), "difference": first - second}
        scores[kind] = {name: one.interval(settings.confidence) for name, one in both.items()}
    return scores


def share(inside: np.ndarray, settings: Evaluate, groups: np.ndarray | None = None) -> dict[str, float]:
    """Gives the share of the texts that are inside: `value`, `low` and `high`."""

    def measured(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {"share": weights @ inside.astype(float) / weights.sum(axis=1)}

    found = resampled(measured, len(inside), resamples=settings.resamples, seed=settings.seed, groups=groups)
    return found["share"].interval(settings.confidence)
