"""Words of a text, and what explains a prediction by them."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np

from decortique.diagnosis.controls import ELIDED, ENDING
from decortique.models.bag_of_words import MARK, WORD
from decortique.models.folder import Kind, Predictions

Span = tuple[int, int]  # first character, and the one behind the last

KINDS = ("content_words", "function_words", "punctuation")


def words_of(text: str) -> list[Span]:
    """Gives where the words and the punctuation marks of a text stand; all that is between them is white space."""
    return [found.span() for found in re.finditer(f"{WORD}|{MARK}", text)]


@dataclass(frozen=True, slots=True)
class Worded:
    """Texts, and where the words of each stand."""

    texts: list[str]
    words: list[list[Span]]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Finds the words of texts."""
        return cls(list(texts), [words_of(text) for text in texts])

    @property
    def sizes(self) -> np.ndarray:
        """(texts,) numbers of words and marks."""
        return np.array([len(spans) for spans in self.words], int)

    def chosen(self, places: Sequence[int]) -> "Worded":
        """Gives some of the texts."""
        return Worded([self.texts[place] for place in places], [self.words[place] for place in places])


def without(text: str, words: Sequence[Span], out: Collection[int]) -> str:
    """Takes the words of these numbers out of a text; the white space they leave becomes one space."""
    kept, end = [], 0
    for number, (start, behind) in enumerate(words):
        if number in out:
            kept.append(text[end:start])
            end = behind
    return " ".join("".join([*kept, text[end:]]).split())


def shared_out(values: np.ndarray, owners: Sequence[Collection[int]], words: int) -> tuple[np.ndarray, float]:
    """Shares what parts of a text have among the words that each of them touches, equally.

    Args:
        values: (parts,), of tokens or of occurrences of n-grams.
        owners: numbers of the words of each part.
        words: how many there are.

    Returns:
        (words,) shares, and what remains: that of the parts that touch no word.
    """
    shares, rest = np.zeros(words), 0.0
    for value, touched in zip(values.tolist(), owners, strict=True):
        if touched:
            shares[list(touched)] += value / len(touched)
        else:
            rest += value
    return shares, rest


def kind_of(word: str, listed: frozenset[str]) -> str:
    """Tells of which of `KINDS` a word is.

    Args:
        word: as it is written.
        listed: the function words of its language.
    """
    if not any(character.isalnum() for character in word):
        return "punctuation"
    lower = word.lower()
    forms = (lower, ELIDED.sub("", lower), ENDING.sub("", ELIDED.sub("", lower)))
    return "function_words" if any(form in listed for form in forms) else "content_words"


Done = Callable[[int], object]
EXPLAINED: tuple[Kind, ...] = ("bag-of-words", "transformer")


@dataclass(frozen=True, slots=True)
class Attributed:
    """The margin of a prediction (its score less the mean of the other labels'), shared out among a text's words.

    Attributes:
        words: by text, (words,): how much each word speaks for the prediction; below 0, against it.
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

    def attribute(self, worded: Worded, predicted: np.ndarray, done: Done) -> Attributed:
        """Shares out the margins of predictions.

        Args:
            worded: texts.
            predicted: (texts,) numbers of the labels for which words speak.
            done: told how many texts each step took.
        """

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """See `decortique.models.folder.Classifier`."""


def margins(scores: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Gives (texts,): the score of the label predicted for, less the mean of the others'; of two, their difference.

    Args:
        scores: (texts, classes).
        predicted: (texts,) class numbers.
    """
    own = scores[np.arange(len(scores)), predicted]
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
