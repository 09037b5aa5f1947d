"""What can tell which words its decisions rest on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from stages.artifacts.predictions import Predictions
from stages.classifiers.manifest import Kind
from stages.explaining.words import Worded

Done = Callable[[int], object]
EXPLAINED: tuple[Kind, ...] = ("bag-of-words", "transformer")


@dataclass(frozen=True, slots=True)
class Attributed:
    """The margin of a decision (its score less the mean of the other labels'), shared out among a text's words.

    Attributes:
        words: by text, (words,): how much each word speaks for the decision; below 0, against it.
        elsewhere: (texts,): what no word has.
        whole: (texts,): by how much the margin is above that of a text without words. All of the above should add up to
            it.
    """

    words: list[np.ndarray]
    elsewhere: np.ndarray
    whole: np.ndarray

    def gap(self) -> np.ndarray:
        """Gives (texts,): how far the sum of all shares is from the whole."""
        return np.abs(np.array([one.sum() for one in self.words]) + self.elsewhere - self.whole)

    def error(self) -> np.ndarray:
        """Gives (texts,): the gap as a share of the whole; large, too, where words for and against cancel out."""
        # Of texts whose margin no word moves, there is nothing to miss.
        return self.gap() / np.maximum(np.abs(self.whole), 1e-9)


class Explainer(Protocol):
    """An approach that can be explained."""

    @property
    def method(self) -> dict[str, Any]:
        """How it is explained, for the reader of the metrics."""

    def attribute(self, worded: Worded, decided: np.ndarray, done: Done) -> Attributed:
        """Shares out the margins of decisions.

        Args:
            worded: texts.
            decided: (texts,) numbers of the labels for which words speak.
            done: told how many texts each step took.
        """

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """See `stages.classifiers.classifier.Classifier`."""


def margins(scores: np.ndarray, decided: np.ndarray) -> np.ndarray:
    """Gives (texts,): the score of the label decided for, less the mean of the others'; of two, their difference.

    Args:
        scores: (texts, classes).
        decided: (texts,) class numbers.
    """
    own = scores[np.arange(len(scores)), decided]
    return own - (scores.sum(axis=1) - own) / (scores.shape[1] - 1)


def chosen_approaches(kinds: Mapping[str, Kind]) -> list[str]:
    """Names the approaches to explain: every bag of words, then the first transformer, as each of these costs much.

    Args:
        kinds: of the approaches of a run, in their order.
    """
    bags = [name for name, kind in kinds.items() if kind == "bag-of-words"]
    return list(dict.fromkeys([*bags, *compared(kinds)]))


def compared(kinds: Mapping[str, Kind]) -> list[str]:
    """Names the first bag of words and the first transformer, as far as there are."""
    return [next(name for name in kinds if kinds[name] == kind) for kind in EXPLAINED if kind in kinds.values()]
