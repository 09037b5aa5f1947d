"""What is read of the corpora: occurrences of the words to study, of words of any kind, and pronouns to probe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from stages.errors import StageError
from stages.representations.states import Reader
from stages.settings.pronouns import Pronouns
from stages.words.corpus import Sentences
from stages.words.occurrences import Occurrence, sample_any, sample_by_word
from stages.words.studied import PRONOUNS, Studied


@dataclass(frozen=True, slots=True)
class Sample:
    """Occurrences by what they are for.

    Attributes:
        studied: by word, as many of each; words that occur in too few texts are not among them.
        any: of words of any kind, no two of one text.
        probed: of pronouns, task by task, where texts have labels.
    """

    studied: Mapping[str, list[Occurrence]]
    any: list[Occurrence]
    probed: list[Occurrence]

    @property
    def texts(self) -> set[str]:
        """The texts to read."""
        return {one.sentence.text for one in chain(*self.studied.values(), self.any, self.probed)}

    def read(self, reader: Reader, done: Callable[[int], object] = lambda _: None) -> "Read":
        """Has all of them read, each text once; `done` is told how many texts each batch held."""
        parts = [list(chain.from_iterable(self.studied.values())), self.any, self.probed]
        found = reader.read([(one.sentence.text, one.place) for part in parts for one in part], done)
        ends = np.cumsum([len(part) for part in parts])[:-1]
        studied, of_any, probed = np.split(found.states, ends, axis=1)
        rest, rest_any, _ = np.split(found.rest, ends, axis=1)
        shape = (len(found.states), len(self.studied), -1, reader.width)
        return Read(
            list(self.studied),
            studied.reshape(shape).swapaxes(0, 1),
            rest.reshape(shape).swapaxes(0, 1),
            [one.form for one in self.any],
            of_any,
            rest_any,
            probed,
            float((found.pieces > 1).mean()),
        )


@dataclass(frozen=True, slots=True)
class Read:
    """What the encoder makes of a sample.

    Attributes:
        words: that are studied.
        studied: (words, layers, occurrences, width).
        rest: likewise: the mean of the other words of the text.
        forms: which words those of any kind are.
        any: (layers, words of any kind, width).
        rest_any: likewise: the mean of the other words of the text.
        probed: (layers, probed, width).
        split: share of the occurrences that were cut into several pieces, of which the mean is taken.
    """

    words: list[str]
    studied: np.ndarray
    rest: np.ndarray
    forms: list[str]
    any: np.ndarray
    rest_any: np.ndarray
    probed: np.ndarray
    split: float


def draw(sentences: Sentences, studied: Studied, settings: Pronouns) -> Sample:
    """Draws a sample in a few passes over the texts.

    Raises:
        StageError: there are too few texts.
    """
    found = sample_by_word(sentences, studied.spelled, settings.occurrences, settings.seed)
    pronouns = {
        word: studied.spelled[word] for word in studied.groups[PRONOUNS] if len(found[word]) == settings.occurrences
    }
    probed = [
        one
        for task in sorted({task for task, _ in sentences.tables()})
        for several in sample_by_word(
            (sentence for sentence in replace(sentences, tasks=[task]) if sentence.label is not None),
            pronouns,
            settings.probed,
            settings.seed,
        ).values()
        for one in several
    ]
    enough = {word: several for word, several in found.items() if len(several) == settings.occurrences}
    random = sample_any(sentences, settings.random, settings.seed)
    if len(enough) < 2 or len(random) < settings.occurrences:
        raise StageError(
            f"too few words occur in {settings.occurrences} texts of at most {settings.longest} words: lower "
            "pronouns.occurrences in params.yaml, add a task with more texts, or leave the language out of languages"
        )
    return Sample(enough, random, probed)
