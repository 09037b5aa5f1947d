"""Streams: the texts of a group in their order, and where somebody else spoke in between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


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
