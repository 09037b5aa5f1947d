"""The texts of a language: those of all tasks in it, streamed."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from stages.artifacts import paths
from stages.artifacts.tables import read_batches, read_metadata, splits
from stages.settings.task import POOL
from stages.words.splitting import Word, split_words


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
