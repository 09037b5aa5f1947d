"""What the labelled streams of the training set tell of streams to come: how speakers change, how long they speak."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.stats import gaussian_kde

from stages.decoding.streams import Streams

UNSEEN = 0.5  # added to each count: what was not seen may still happen
LONGEST = 2.0  # times the longest run seen is the longest thought possible
FLOOR = 0.02  # share of a length's probability that is the same for all lengths


@dataclass(frozen=True, slots=True)
class History:
    """Estimates from labelled streams."""

    start: np.ndarray  # (classes,) probability of the first text's class
    change: np.ndarray  # (2, classes, classes) from a class to the next, directly, and after an interruption
    length: np.ndarray  # (longest,) probability that the run of the last class has 1, 2, … texts
    present: float  # probability that a group holds a run of the last class

    @classmethod
    def of(cls, streams: Streams, truth: np.ndarray, classes: int) -> "History":
        """Estimates from the streams of the training set and the classes of their texts."""
        start, change = np.full(classes, UNSEEN), np.full((2, classes, classes), UNSEEN)
        for found in streams.members:
            start[truth[found[0]]] += 1
            np.add.at(change, (streams.interrupted[found[1:]].astype(int), truth[found[:-1]], truth[found[1:]]), 1)
        runs = list(streams.runs(truth == classes - 1))
        present = len({group for group, _ in runs})
        return cls(
            start / start.sum(),
            change / change.sum(axis=2, keepdims=True),
            lengths([length for _, length in runs]),
            (present + UNSEEN) / (len(streams.members) + 2 * UNSEEN),
        )


def lengths(seen: list[int]) -> np.ndarray:
    """Gives the probability of each length from 1 up: a smoothed histogram (kernel density, Silverman's bandwidth).

    Where fewer than two different lengths were seen, all up to `LONGEST` times the longest are alike.
    """
    longest = max(2, round(LONGEST * max(seen, default=1)))
    even = np.full(longest, 1 / longest)
    if len(Counter(seen)) < 2:
        return even
    density = gaussian_kde(seen, bw_method="silverman")(np.arange(1, longest + 1))
    return (1 - FLOOR) * density / density.sum() + FLOOR * even
