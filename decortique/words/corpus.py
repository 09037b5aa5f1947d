"""Sentences of a language in the corpora, and words in them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from decortique.core import paths
from decortique.core.tables import read_batches, read_metadata, splits
from decortique.data.task_settings import POOL
from decortique.data.text import Word, split_words


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text of a corpus."""

    text: str
    words: list[Word]
    task: str
    label: str | None
    source: str  # the task, and which of its corpora: those it is transferred to, and its pool, are others
    group: str  # unique over tasks and splits


@dataclass(frozen=True, slots=True)
class Sentences:
    """The texts of a language, task by task, split by split; each iteration reads the files anew.

    Attributes:
        language: two-letter code.
        tasks: where to look; those in another language are passed over.
        longest: texts of more words are left out; None for all.
        shortest: texts of fewer words are left out.
    """

    language: str
    tasks: Sequence[str]
    longest: int | None = None
    shortest: int = 0

    def __iter__(self) -> Iterator[Sentence]:
        for task, split in self.tables():
            for batch in read_batches(paths.corpus(task) / f"{split}.parquet", ["text", "label", "group"]):
                for row in batch.to_pylist():
                    words = split_words(row["text"])
                    if self.shortest <= len(words) and (self.longest is None or len(words) <= self.longest):
                        source = f"{task}/{split}" if split == POOL or split.startswith("transfer-") else task
                        yield Sentence(row["text"], words, task, row["label"], source, f"{task}/{split}/{row['group']}")

    def tables(self) -> Iterator[tuple[str, str]]:
        """Yields (task, split) of the tables in this language."""
        for task in self.tasks:
            for split in splits(paths.corpus(task)):
                if read_metadata(paths.corpus(task) / f"{split}.parquet")["language"] == self.language:
                    yield task, split


class Words:
    """The words of texts, as gensim wants them: iterated over several times, and counted on the way."""

    def __init__(self, sentences: Iterable[Sentence], done: Callable[[int], object] = lambda _: None) -> None:
        """Takes texts that can be iterated over again; `done` is told of each that was."""
        self.sentences, self.done = sentences, done
        self.read = self.words = 0  # of the last iteration

    def __iter__(self) -> Iterator[list[str]]:
        self.read = self.words = 0
        for sentence in self.sentences:
            self.read, self.words = self.read + 1, self.words + len(sentence.words)
            self.done(1)
            yield [word.form for word in sentence.words]


def count_spellings(sentences: Iterable[Sentence]) -> dict[str, Counter[str]]:
    """Counts how each word of texts is written: `the` or `The`."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        for word in sentence.words:
            counts[word.form][word.spelling] += 1
    return counts


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
