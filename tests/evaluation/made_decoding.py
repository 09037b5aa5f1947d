"""Streams whose truth comes in blocks, and single texts with weak evidence for it."""

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from decortique.evaluation.decoding import Streams

# Log-odds of a text are ± SPREAD² / 2 on average and vary by SPREAD: they are then the true log-odds, and 72 of 100
# texts alone are predicted right.
SPREAD = 1.2


@dataclass(frozen=True)
class Made:
    """A set of streams."""

    streams: Streams
    truth: np.ndarray
    probability: np.ndarray


def made(blocks: list[list[int]], seed: int) -> Made:
    """Make a group of each list of block lengths, the first block being of class 0, the next of 1, and so on."""
    truth = np.concatenate([np.repeat(np.arange(len(sizes)) % 2, sizes) for sizes in blocks])
    random = np.random.default_rng(seed)
    odds = (2 * truth - 1) * SPREAD**2 / 2 + random.normal(0, SPREAD, len(truth))
    groups = [f"speech-{number}" for number, sizes in enumerate(blocks) for _ in range(sum(sizes))]
    positions = [index for sizes in blocks for index in range(sum(sizes))]
    return Made(Streams.of(groups, positions), truth, probabilities(odds))


def one_run_each(groups: int, seed: int) -> Made:
    """Make groups of about 60 texts with one run of class 1 of 10 to 24 texts."""
    random = np.random.default_rng(seed)
    return made(random.integers([8, 10, 8], [30, 25, 30], size=(groups, 3)).tolist(), seed)


def probabilities(odds: np.ndarray) -> np.ndarray:
    """Return (texts, 2) probabilities of log-odds."""
    inside = 1 / (1 + np.exp(-odds))
    return np.column_stack([1 - inside, inside])


def one_stream(texts: int) -> Streams:
    """Return the stream of one group without interruption."""
    return Streams.of(["speech"] * texts, range(texts))


def run_lengths(wanted: np.ndarray) -> list[int]:
    """Return how long each stretch of true values is."""
    return [len(list(stretch)) for value, stretch in groupby(wanted.tolist()) if value]
