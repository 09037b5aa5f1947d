"""Bootstrap intervals: measures of resampled examples (Efron, 1979), the same resamples for every approach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

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
    chunks = _draws(examples if groups is None else int(groups.max()) + 1, resamples, seed)
    parts = [statistic((chunk if groups is None else chunk[:, groups]).astype(float)) for chunk in chunks]
    whole = statistic(np.ones((1, examples)))
    return {
        name: Resampled(float(one[0]), np.concatenate([part[name] for part in parts])) for name, one in whole.items()
    }


@lru_cache(maxsize=8)  # every approach is measured on the same draws
def _draws(count: int, resamples: int, seed: int) -> list[np.ndarray]:
    """Return chunks of (resamples, count): how often each of `count` is drawn; an example is contiguous in memory."""
    random, every = np.random.default_rng(seed), np.full(count, 1 / count)
    sizes = (min(CHUNK, resamples - start) for start in range(0, resamples, CHUNK))
    # In 8 bits: even of millions, none is drawn as often as 255 times.
    return [np.asfortranarray(random.multinomial(count, every, size=size), np.uint8) for size in sizes]


def resampled_means(
    values: Mapping[str, np.ndarray], settings: Evaluate, groups: np.ndarray | None = None
) -> dict[str, Resampled]:
    """Return the mean of each (examples,) array, over all examples and over each bootstrap resample."""

    def means(weights: np.ndarray) -> dict[str, np.ndarray]:
        total = weights.sum(axis=1)
        return {name: weights @ one / total for name, one in values.items()}

    examples = len(next(iter(values.values())))
    return resampled(means, examples, resamples=settings.resamples, seed=settings.seed, groups=groups)
