"""A text as words and marks: what every explanation is about, whatever an approach itself cuts a text into."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from stages.classifiers.bag_of_words import MARK, WORD
from stages.classifiers.feature_kinds import ELIDED, ENDING

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
