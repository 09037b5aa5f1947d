"""Texts that follow each other, and how labels change along them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import gaussian_kde


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of one split, as places in its table."""

    members: list[np.ndarray]  # a group each: (texts,) places, in the order of their positions
    interrupted: np.ndarray  # (texts of the split,) bool: does not follow directly on the text before it in its group

    @classmethod
    def of(cls, groups: Sequence[str], positions: Sequence[int]) -> "Streams":
        """Gathers the rows of a split; a step of more than one position is an interruption."""
        places: dict[str, list[int]] = {}
        for place, group in enumerate(groups):
            places.setdefault(group, []).append(place)
        position = np.asarray(positions)
        members = [
            np.array(found)[np.argsort(position[found], kind="stable")] if len(found) > 1 else np.array(found)
            for found in places.values()
        ]
        interrupted = np.zeros(len(position), bool)
        for found in members:
            interrupted[found[1:]] = np.diff(position[found]) > 1
        return cls(members, interrupted)

    def __len__(self) -> int:
        return len(self.interrupted)

    def runs(self, wanted: np.ndarray) -> Iterator[tuple[int, int]]:
        """Yields (number of the group, length) of each unbroken run of texts where `wanted` (texts,) is true."""
        for number, found in enumerate(self.members):
            edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted[found], [False]]).astype(int)))
            for start, stop in edges.reshape(-1, 2):
                yield number, int(stop - start)


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
