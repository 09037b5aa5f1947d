"""Bootstrap intervals: measures of resampled examples (Efron, 1979), the same resamples for every approach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from decortique.evaluation.settings import Evaluate

CHUNK = 200  # weightings at once: 200 × 5 000 examples are 8 MB


@dataclass(frozen=True, slots=True)
class Resampled:
    """A measure of the examples as they are, and of each resample of them."""

    value: float
    resamples: np.ndarray  # (resamples,)

    def interval(self, confidence: float) -> dict[str, float]:
        """Return `value`, `low` and `high`, the percentile interval; resamples without the measure are left out."""
        known = self.resamples[np.isfinite(self.resamples)]
        tail = (1 - confidence) / 2
        low, high = np.quantile(known, [tail, 1 - tail]) if len(known) else (self.value, self.value)
        return {"value": self.value, "low": float(low), "high": float(high)}

    def __sub__(self, other: "Resampled") -> "Resampled":
        """Return the paired difference."""
        return Resampled(self.value - other.value, self.resamples - other.resamples)

    def independent_difference(self, other: "Resampled") -> "Resampled":
        """Return the difference to a measure of other examples, of which each is resampled on its own.

        Sets of one size get the same weights: without the shift, the two would be resampled as if they were paired.
        """
        return Resampled(self.value - other.value, self.resamples - np.roll(other.resamples, 1))

    def __truediv__(self, other: "Resampled") -> "Resampled":
        """Return the paired ratio."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return Resampled(float(np.divide(self.value, other.value)), self.resamples / other.resamples)


# (weightings, examples) weights, how often each example occurs → each measure, (weightings,)
Statistic = Callable[[np.ndarray], Mapping[str, np.ndarray]]


def resampled(
    statistic: Statistic, examples: int, *, resamples: int, seed: int, groups: np.ndarray | None = None
) -> dict[str, Resampled]:
    """Return each measure of all examples and of each bootstrap resample; equal seeds give equal resamples.

    `groups` are the (examples,) numbers of the groups that examples belong to: sentences of one speech are not
    independent, so whole groups are resampled (Davison & Hinkley, 1997, section 3.8).
    """
    groups = np.arange(examples) if groups is None else groups
    random, count = np.random.default_rng(seed), int(groups.max()) + 1
    sizes = [min(CHUNK, resamples - start) for start in range(0, resamples, CHUNK)]
    draws = (random.multinomial(count, np.full(count, 1 / count), size=size) for size in sizes)
    parts = [statistic(drawn[:, groups].astype(float)) for drawn in draws]
    whole = statistic(np.ones((1, examples)))
    return {
        name: Resampled(float(one[0]), np.concatenate([part[name] for part in parts])) for name, one in whole.items()
    }


def resampled_means(
    values: Mapping[str, np.ndarray], settings: Evaluate, groups: np.ndarray | None = None
) -> dict[str, Resampled]:
    """Return the mean of each (examples,) array, over all examples and over each bootstrap resample."""

    def means(weights: np.ndarray) -> dict[str, np.ndarray]:
        total = weights.sum(axis=1)
        return {name: weights @ one / total for name, one in values.items()}

    examples = len(next(iter(values.values())))
    return resampled(means, examples, resamples=settings.resamples, seed=settings.seed, groups=groups)
