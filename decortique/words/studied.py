"""Words that are studied, and the sample of their occurrences."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from decortique.core.errors import StageError
from decortique.data.function_words import content_words, function_words
from decortique.words.corpus import Occurrence, Sentences, sample_any, sample_by_word
from decortique.words.settings import Pronouns
from decortique.words.states import Reader

LARGEST_RATIO = 1.25  # between the frequencies of two words that are taken for equally frequent

PRONOUNS, STOP_WORDS, CONTENT_WORDS = "pronouns", "stop words", "content words"


@dataclass(frozen=True, slots=True)
class Studied:
    """The words by group, each group in order of frequency, and who is compared with whom.

    Attributes:
        groups: words by group.
        matched: pronoun or stop word → the content word that is as frequent; without those that have none.
        spelled: how each is written most often.
        counts: how often each occurs, however it is written.
    """

    groups: Mapping[str, list[str]]
    matched: Mapping[str, str]
    spelled: Mapping[str, str]
    counts: Mapping[str, int]


def choose_words(
    spellings: Mapping[str, Counter[str]],
    pronouns: Collection[str],
    language: str,
    *,
    least: int,
    stop_words: int,
    seed: int,
) -> Studied:
    """Chooses the words to study.

    Args:
        spellings: how often each word occurs, by how it is written.
        pronouns: of the language.
        language: two-letter code.
        least: rarer words are left out.
        stop_words: how many, drawn at random of those on the list that are no pronouns.
        seed: of the draw.
    """
    counts = {word: found.total() for word, found in spellings.items()}
    frequent = sorted((word for word in counts if counts[word] >= least), key=lambda word: (-counts[word], word))
    found = [word for word in frequent if word in pronouns]
    listed = [word for word in frequent if word in function_words(language) and word not in pronouns]
    drawn = np.random.default_rng(seed).permutation(len(listed))[:stop_words]
    chosen = [listed[place] for place in sorted(drawn)]
    content = [word for word in content_words(frequent, language) if word not in pronouns]
    matched = match_by_frequency([*found, *chosen], content, counts)
    groups = {PRONOUNS: found, STOP_WORDS: chosen, CONTENT_WORDS: list(matched.values())}
    words = [word for group in groups.values() for word in group]
    spelled = {word: max(sorted(spellings[word]), key=spellings[word].__getitem__) for word in words}
    return Studied(groups, matched, spelled, {word: counts[word] for word in words})


def match_by_frequency(
    words: Collection[str], candidates: Collection[str], counts: Mapping[str, int]
) -> dict[str, str]:
    """Gives each word the candidate of the nearest frequency, none to two words, the most frequent words first.

    Few content words are as frequent as the most frequent function words: a word without a candidate within
    `LARGEST_RATIO` is left out.
    """
    free = sorted(candidates)
    matched: dict[str, str] = {}
    for word in sorted(words, key=lambda word: (-counts[word], word)):
        if not free:
            break
        ratios = [max(counts[word], counts[other]) / min(counts[word], counts[other]) for other in free]
        if min(ratios) <= LARGEST_RATIO:
            matched[word] = free.pop(ratios.index(min(ratios)))
    return matched


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
