"""Numbers that approaches give to texts, against the grades of people: do they rank alike, and how far off are they?"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from decortique.core.measures import grade_measures, spearman
from decortique.evaluation.bootstrap import Resampled, resampled
from decortique.evaluation.settings import Evaluate


def graded(
    truth: np.ndarray,
    probability: Mapping[str, np.ndarray],
    said: Mapping[str, Mapping[str, np.ndarray]],
    settings: Evaluate,
    groups: np.ndarray | None = None,
) -> dict[str, Any]:
    """Scores every approach by the grades of the examples that have one.

    Args:
        truth: (examples,) grades; NaN where there is none.
        probability: (examples,) of the last label, by approach.
        said: (examples,) numbers by approach and head.
        settings: of the intervals.
        groups: (examples,) numbers of their groups; None where each example stands alone.

    Returns:
        By approach, `probability` and each head: `spearman`, and of heads `mae`, each with its interval, and
        `versus_probability`, by how much the head ranks better than the same approach's probability. Under
        `constant`, the `mae` of who always says the median. Nothing where no example has a grade.
    """
    known = np.isfinite(truth)
    if not known.any():
        return {}
    truth = truth[known]
    numbers = None if groups is None else np.unique(groups[known], return_inverse=True)[1]

    def measured(weights: np.ndarray) -> dict[str, np.ndarray]:
        ranked = {
            f"{name}/probability/spearman": spearman(truth, found[known], weights)
            for name, found in probability.items()
        }
        heads = {
            f"{name}/{head}/{measure}": value
            for name, heads in said.items()
            for head, found in heads.items()
            for measure, value in grade_measures(truth, found[known], weights).items()
        }
        median = np.full_like(truth, np.median(truth))
        return {**ranked, **heads, "constant/mae": weights @ np.abs(truth - median) / weights.sum(axis=1)}

    found = resampled(measured, len(truth), resamples=settings.resamples, seed=settings.seed, groups=numbers)
    scores: dict[str, Any] = {}
    for name, value in found.items():
        *path, measure = name.split("/")
        _place(scores, path)[measure] = _interval(value, settings)
    for name, heads in said.items():
        for head in heads:
            difference = found[f"{name}/{head}/spearman"] - found[f"{name}/probability/spearman"]
            scores[name][head]["versus_probability"] = {"spearman_difference": _interval(difference, settings)}
    return scores


def _place(scores: dict[str, Any], path: list[str]) -> dict[str, Any]:
    for name in path:
        scores = scores.setdefault(name, {})
    return scores


def _interval(value: Resampled, settings: Evaluate) -> dict[str, float] | None:
    """Gives value, low and high; None where a measure does not exist, as the rank of those who all say the same."""
    return value.interval(settings.confidence) if np.isfinite(value.value) else None
