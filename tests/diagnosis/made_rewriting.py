"""Texts, answers and classifiers small enough to be followed by hand."""

from collections.abc import Callable, Sequence

import numpy as np

from decortique.data.corpus import LabelledSplit
from decortique.diagnosis.robustness import BeforeAfter, Rewritten
from decortique.evaluation.settings import Evaluate
from decortique.models.folder import Done, Predictions

EVALUATE = Evaluate(resamples=200, confidence=0.95, calibration_bins=5, seed=0)


class Fake:
    """Give the last of two labels to texts that have something, with a probability of 0.9, and count the texts read."""

    def __init__(self, has: Callable[[str], bool]) -> None:
        self.has, self.read = has, list[str]()

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        self.read += texts
        done(len(texts))
        return Predictions(np.array([[0.1, 0.9] if self.has(text) else [0.9, 0.1] for text in texts]))


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def outputs(*probabilities: tuple[float, float]) -> BeforeAfter:
    """Return outputs for two labels, from the probability of the last one before and after, for each text."""
    before, after = (np.array([[1 - pair[when], pair[when]] for pair in probabilities]) for when in (0, 1))
    return BeforeAfter(before, after)


def rows(truth: Sequence[int], groups: Sequence[int] | None = None, *, graded: bool = False) -> LabelledSplit:
    count = len(truth)
    return LabelledSplit(
        "test",
        ["bad", "good"],
        [f"t{index}" for index in range(count)],
        np.array(truth),
        [str(group) for group in groups or range(count)],
        list(range(count)),
        np.full(count, 1.0 if graded else np.nan),
        None if groups is None else np.array(groups),
    )


def all_rewritten(count: int, first: int = 0) -> Rewritten:
    indices = list(range(first, first + count))
    return Rewritten(np.array(indices), [f"text {index}" for index in indices], [f"new {index}" for index in indices])
