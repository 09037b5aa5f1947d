"""Intervals by resampling the examples (Efron, 1979), the same resamples for every approach."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from decortique.core.measures import measures

CHUNK = 200  # weightings at once: 200 × 5 000 examples are 8 MB


@dataclass(frozen=True, slots=True)
class Resampled:
    """A measure of the examples as they are, and of each resample of them."""

    value: float
    resamples: np.ndarray  # (resamples,)

    def interval(self, confidence: float) -> dict[str, float]:
        """Gives `value`, `low` and `high`, the percentile interval; resamples without the measure are left out."""
        known = self.resamples[np.isfinite(self.resamples)]
        tail = (1 - confidence) / 2
        low, high = np.quantile(known, [tail, 1 - tail]) if len(known) else (self.value, self.value)
        return {"value": self.value, "low": float(low), "high": float(high)}

    def __sub__(self, other: "Resampled") -> "Resampled":
        """Gives the paired difference."""
        return Resampled(self.value - other.value, self.resamples - other.resamples)

    def apart(self, other: "Resampled") -> "Resampled":
        """Gives the difference to a measure of other examples, of which each is resampled on its own.

        Sets of one size are drawn alike: without the shift, what is drawn often here would be drawn often there.
        """
        return Resampled(self.value - other.value, self.resamples - np.roll(other.resamples, 1))

    def __truediv__(self, other: "Resampled") -> "Resampled":
        """Gives the paired ratio."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return Resampled(float(np.divide(self.value, other.value)), self.resamples / other.resamples)


def resampled_measures(
    truth: np.ndarray,
    prediction: np.ndarray,
    probability: np.ndarray,
    *,
    resamples: int,
    seed: int,
    groups: np.ndarray | None = None,
) -> dict[str, Resampled]:
    """Gives every measure of `decortique.core.measures`, of all examples and of each resample.

    Two calls with the same examples and the same seed draw the same resamples.

    Args:
        truth: (examples,) class numbers.
        prediction: (examples,) class numbers.
        probability: (examples, classes).
        resamples: how many.
        seed: of the draws.
        groups: (examples,) numbers of the groups that examples belong to. Sentences of one speech are not independent;
            whole groups are then drawn (Davison & Hinkley, 1997, section 3.8). None where each example stands alone.
    """

    def measured(weights: np.ndarray) -> dict[str, np.ndarray]:
        return measures(truth, prediction, probability, weights)

    return resampled(measured, len(truth), resamples=resamples, seed=seed, groups=groups)


def resampled(
    measured: Callable[[np.ndarray], Mapping[str, np.ndarray]],
    examples: int,
    *,
    resamples: int,
    seed: int,
    groups: np.ndarray | None = None,
) -> dict[str, Resampled]:
    """Gives every measure of all examples and of each resample.

    Args:
        measured: (weightings, examples) weights → each measure, (weightings,).
        examples: how many there are.
        resamples: as for `resampled_measures`.
        seed: likewise.
        groups: likewise.
    """
    groups = np.arange(examples) if groups is None else groups
    whole = measured(np.ones((1, examples)))
    parts = [measured(weights) for weights in _weights(groups, resamples, seed)]
    return {
        name: Resampled(float(value[0]), np.concatenate([part[name] for part in parts]))
        for name, value in whole.items()
    }


def _weights(groups: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yields (≤ CHUNK, examples): how often each example's group is drawn, in each resample."""
    random = np.random.default_rng(seed)
    count = int(groups.max()) + 1
    even = np.full(count, 1 / count)
    for start in range(0, resamples, CHUNK):
        yield random.multinomial(count, even, size=min(CHUNK, resamples - start))[:, groups].astype(float)
