"""Samples of the places where words occur, drawn in one pass over texts of any number."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from stages.words.corpus import Sentence


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A word where it stands: which word of which sentence."""

    sentence: Sentence
    place: int

    @property
    def form(self) -> str:
        """The word in lower case."""
        return self.sentence.words[self.place].form


def sample_by_word(
    sentences: Iterable[Sentence], wanted: Mapping[str, str], count: int, seed: int
) -> dict[str, list[Occurrence]]:
    """Draws up to `count` occurrences of each word, one a sentence at most, each sentence as likely as any other.

    Vitter's reservoirs (1985, algorithm R): what is kept depends on the number of words, not on that of sentences.

    Args:
        sentences: where to look.
        wanted: the words in lower case, and how each is to be written. To an encoder that tells `The` from `the` they
            are different tokens: a word that is written in two ways would seem to depend on its context.
        count: of each.
        seed: of the draws.

    Returns:
        By word, in the order of `wanted`; those that occur less often have fewer.
    """
    random = np.random.default_rng(seed)
    kept: dict[str, list[Occurrence]] = {word: [] for word in wanted}
    seen: dict[str, int] = defaultdict(int)
    for sentence in sentences:
        places: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(sentence.words):
            if wanted.get(word.form) == word.spelling:
                places[word.form].append(place)
        for form, found in places.items():
            occurrence = Occurrence(sentence, found[random.integers(len(found))] if len(found) > 1 else found[0])
            seen[form] += 1
            if len(kept[form]) < count:
                kept[form].append(occurrence)
            elif (slot := random.integers(seen[form])) < count:
                kept[form][slot] = occurrence
    return kept


def sample_any(sentences: Iterable[Sentence], count: int, seed: int) -> list[Occurrence]:
    """Draws a word of each of up to `count` sentences; all sentences are as likely, and all words of one."""
    random = np.random.default_rng(seed)
    kept: list[Sentence] = []
    for seen, sentence in enumerate(sentences, start=1):
        if len(kept) < count:
            kept.append(sentence)
        elif (slot := random.integers(seen)) < count:
            kept[slot] = sentence
    return [Occurrence(sentence, int(random.integers(len(sentence.words)))) for sentence in kept]
