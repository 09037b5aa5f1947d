"""Whether probabilities mean what they say."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Reliability:
    """Examples binned by the probability of the last class; empty bins are left out."""

    predicted: np.ndarray  # (bins,) mean probability of a bin
    observed: np.ndarray  # (bins,) share of the last class in it
    count: np.ndarray  # (bins,) examples in it

    @property
    def expected_error(self) -> float:
        """The expected calibration error (Naeini et al., 2015): the mean distance of the two, weighted by examples."""
        return float((np.abs(self.predicted - self.observed) * self.count).sum() / self.count.sum())


def reliability(truth: np.ndarray, probability: np.ndarray, bins: int) -> Reliability:
    """Bins (examples,) probabilities of the last class into equal widths; `truth` is bool."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    used = count > 0
    predicted = np.bincount(place, weights=probability, minlength=bins)[used] / count[used]
    observed = np.bincount(place, weights=truth, minlength=bins)[used] / count[used]
    return Reliability(predicted, observed, count[used])
