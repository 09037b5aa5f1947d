"""Sentences of a language in the corpora and probe sets, the words that are studied, samples of their occurrences."""

import csv
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from decortique.core import paths
from decortique.core.files import StageError
from decortique.core.tables import read_batches, read_metadata, splits
from decortique.data.lexicon import content_words, function_words
from decortique.data.settings import POOL
from decortique.data.text import Word, forms, split_words
from decortique.words.settings import Pronouns


class Sentence(NamedTuple):
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

    Tasks in another language are skipped, and so are texts of fewer words than `min_words` or more than `max_words`.
    """

    language: str
    tasks: Sequence[str]
    max_words: float = np.inf
    min_words: int = 0

    def __iter__(self) -> Iterator[Sentence]:
        for task, split in self.tables():
            source = f"{task}/{split}" if split == POOL or split.startswith("transfer-") else task
            for batch in read_batches(paths.corpus(task) / f"{split}.parquet", ["text", "label", "group"]):
                for row in batch.to_pylist():
                    words = split_words(row["text"])
                    if self.min_words <= len(words) <= self.max_words:
                        yield Sentence(row["text"], words, task, row["label"], source, f"{task}/{split}/{row['group']}")

    def tables(self) -> Iterator[tuple[str, str]]:
        """Yield (task, split) of the tables in this language."""
        for task in self.tasks:
            for split in splits(paths.corpus(task)):
                if read_metadata(paths.corpus(task) / f"{split}.parquet")["language"] == self.language:
                    yield task, split


def count_spellings(sentences: Iterable[Sentence]) -> dict[str, Counter[str]]:
    """Count how each word is spelled: `the` or `The`."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        for word in sentence.words:
            counts[word.form][word.spelling] += 1
    return counts


LARGEST_RATIO = 1.25  # between the frequencies of two words that count as equally frequent
PRONOUNS, STOP_WORDS, CONTENT_WORDS = "pronouns", "stop words", "content words"


class StudiedWords(NamedTuple):
    """The words that are studied, and which of them are compared."""

    groups: Mapping[str, list[str]]  # each group in order of frequency
    matched: Mapping[str, str]  # pronoun or stop word → the content word that is as frequent, where there is one
    spelled: Mapping[str, str]  # the most frequent spelling of each
    counts: Mapping[str, int]  # however they are spelled


def choose_words(
    spellings: Mapping[str, Counter[str]], pronouns: Collection[str], language: str, settings: Pronouns
) -> StudiedWords:
    """Choose the words to study: pronouns, a random sample of the other stop words, and content words to match."""
    counts = {word: spelled.total() for word, spelled in spellings.items()}
    frequent = sorted((word for word in counts if counts[word] >= settings.occurrences), key=lambda w: (-counts[w], w))
    of_pronouns = [word for word in frequent if word in pronouns]
    others = [word for word in frequent if word not in pronouns]
    listed = [word for word in others if word in function_words(language)]
    sampled = np.random.default_rng(settings.seed).permutation(len(listed))[: settings.stop_words]
    stop_words = [listed[index] for index in sorted(sampled)]
    matched = match_by_frequency([*of_pronouns, *stop_words], content_words(others, language), counts)
    groups = {PRONOUNS: of_pronouns, STOP_WORDS: stop_words, CONTENT_WORDS: list(matched.values())}
    words = [word for group in groups.values() for word in group]
    spelled = {word: max(sorted(spellings[word]), key=spellings[word].__getitem__) for word in words}
    return StudiedWords(groups, matched, spelled, {word: counts[word] for word in words})


def match_by_frequency(
    words: Collection[str], candidates: Collection[str], counts: Mapping[str, int]
) -> dict[str, str]:
    """Return for each word the candidate of the nearest frequency, none for two words, most frequent words first.

    Few content words are as frequent as the top function words: those without a match within `LARGEST_RATIO` have none.
    """
    free = sorted(candidates)
    matched: dict[str, str] = {}
    for word in sorted(words, key=lambda word: (-counts[word], word)):
        ratios = [max(counts[word], counts[other]) / min(counts[word], counts[other]) for other in free]
        if min(ratios, default=np.inf) <= LARGEST_RATIO:
            matched[word] = free.pop(ratios.index(min(ratios)))
    return matched


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A word in a sentence, by its index."""

    sentence: Sentence
    index: int

    @property
    def form(self) -> str:
        """The word in lower case."""
        return self.sentence.words[self.index].form


def sample_by_word(
    sentences: Iterable[Sentence], spelled: Mapping[str, str], count: int, seed: int
) -> dict[str, list[Occurrence]]:
    """Sample up to `count` occurrences of each word, one a sentence at most, each sentence with the same chance.

    Reservoir sampling (Vitter, 1985, algorithm R): memory depends on the number of words, not of sentences. Words count
    only as `spelled` (word in lower case → spelling): to an encoder, `The` and `the` are two tokens, and a word in two
    spellings would seem to depend on its context. The result is in the order of `spelled`.
    """
    random = np.random.default_rng(seed)
    kept: dict[str, list[Occurrence]] = {word: [] for word in spelled}
    seen: dict[str, int] = defaultdict(int)
    for sentence in sentences:
        indices: dict[str, list[int]] = defaultdict(list)
        for index, word in enumerate(sentence.words):
            if spelled.get(word.form) == word.spelling:
                indices[word.form].append(index)
        for form, several in indices.items():
            occurrence = Occurrence(sentence, several[random.integers(len(several)) if len(several) > 1 else 0])
            seen[form] += 1
            if len(kept[form]) < count:
                kept[form].append(occurrence)
            elif (slot := random.integers(seen[form])) < count:
                kept[form][slot] = occurrence
    return kept


def sample_any(sentences: Iterable[Sentence], count: int, seed: int) -> list[Occurrence]:
    """Sample a word of each of up to `count` sentences; all sentences have the same chance, and all words of one."""
    random = np.random.default_rng(seed)
    kept: list[Sentence] = []
    for seen, sentence in enumerate(sentences, start=1):
        if len(kept) < count:
            kept.append(sentence)
        elif (slot := random.integers(seen)) < count:
            kept[slot] = sentence
    return [Occurrence(sentence, int(random.integers(len(sentence.words)))) for sentence in kept]


class Sample(NamedTuple):
    """Occurrences by their use."""

    studied: Mapping[str, list[Occurrence]]  # as many of each studied word; without those in too few texts
    any: list[Occurrence]  # of random words, no two of one text
    probed: list[Occurrence]  # of pronouns, task by task, where texts have labels


def sample_occurrences(sentences: Sentences, studied: StudiedWords, settings: Pronouns) -> Sample:
    """Sample occurrences in a few passes over the texts; a `StageError` if there are too few."""
    by_word = sample_by_word(sentences, studied.spelled, settings.occurrences, settings.seed)
    enough = {word: several for word, several in by_word.items() if len(several) == settings.occurrences}
    pronouns = {word: studied.spelled[word] for word in studied.groups[PRONOUNS] if word in enough}
    probed: list[Occurrence] = []
    for task in sorted({task for task, _ in sentences.tables()}):
        labelled = (sentence for sentence in replace(sentences, tasks=[task]) if sentence.label is not None)
        of_task = sample_by_word(labelled, pronouns, settings.probe_occurrences, settings.seed)
        probed += chain.from_iterable(of_task.values())
    random = sample_any(sentences, settings.random_words, settings.seed)
    if len(enough) < 2 or len(random) < settings.occurrences:
        raise StageError(
            f"too few words occur in {settings.occurrences} texts of at most {settings.max_words} words: lower "
            "pronouns.occurrences in params.yaml, add a task with more texts, or leave the language out of languages"
        )
    return Sample(enough, random, probed)


def probe_set_file(language: str, name: str) -> Path:
    """Return the file of a probe set, sentences that were written for this project."""
    return Path("probes", language, f"{name}.tsv")


def read_probe_set(path: Path, names: tuple[str, ...], once: tuple[str, ...]) -> list[dict[str, str]]:
    """Read the rows of a probe set, none if there is no such file.

    A line without the columns `names`, or whose text does not have the words of `once` exactly once, is a `StageError`.
    """
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    if not lines or tuple(lines[0]) != names:
        raise StageError(f"{path} must begin with a line of the columns {', '.join(names)}, separated by tabs")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(names) or not all(line):
            raise StageError(f"{path} line {number}: needs {len(names)} columns, separated by tabs, none empty")
        row = dict(zip(names, line, strict=True))
        for word in (row[name].lower() for name in once):
            if (count := forms(row["text"]).count(word)) != 1:
                raise StageError(f"{path} line {number}: {word!r} stands {count} times in {row['text']!r}, not once")
        rows.append(row)
    return rows
