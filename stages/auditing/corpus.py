"""All texts of a task, and those of its own source, whose labels are audited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stages.artifacts import paths
from stages.artifacts.tables import CORPUS, read_columns, splits
from stages.corpora.row import Row

HOME = ("train", "validation", "test")  # of the task's own source; each row has a label

Corpus = Mapping[str, Sequence[Row]]


def read_corpus(task: str) -> dict[str, list[Row]]:
    """Gives the rows of every split: those of `HOME` first, then the others in alphabetical order.

    Raises:
        StageError: one of `HOME` is missing, or a table is damaged.
    """
    folder = paths.corpus(task)
    read: dict[str, list[Row]] = {}
    for split in dict.fromkeys([*HOME, *splits(folder)]):
        columns = read_columns(folder / f"{split}.parquet", CORPUS.names)
        read[split] = [Row(*fields) for fields in zip(*columns.values(), strict=True)]
    return read


@dataclass(frozen=True, slots=True)
class Home:
    """The texts of a task's own source, of all three splits."""

    names: Sequence[str]  # of the labels, in the order of their class numbers
    rows: Sequence[Row]
    splits: np.ndarray  # (texts,) names
    labels: np.ndarray  # (texts,) class numbers
    together: np.ndarray | None  # (texts,) numbers of the groups that are kept whole; None where each text stands alone

    @classmethod
    def of(cls, corpus: Corpus, names: Sequence[str], *, keep_groups: bool) -> "Home":
        """Takes them from a corpus."""
        rows = [row for split in HOME for row in corpus[split]]
        numbers = {name: number for number, name in enumerate(names)}
        groups = np.unique([row.group for row in rows], return_inverse=True)[1]
        return cls(
            names,
            rows,
            np.repeat(HOME, [len(corpus[split]) for split in HOME]),
            np.array([numbers[row.label or ""] for row in rows], int),
            groups if keep_groups else None,
        )

    def at(self, inside: np.ndarray) -> "Home":
        """Gives a part of the texts, told by (texts,) bool."""
        rows = [row for row, kept in zip(self.rows, inside, strict=True) if kept]
        groups = None if self.together is None else np.unique(self.together[inside], return_inverse=True)[1]
        return Home(self.names, rows, self.splits[inside], self.labels[inside], groups)

    def texts(self, inside: np.ndarray) -> list[str]:
        """Gives a part of the texts themselves, told by (texts,) bool."""
        return [row.text for row, chosen in zip(self.rows, inside, strict=True) if chosen]

    def strength(self) -> np.ndarray:
        """Gives (texts,) absolute grades: how strongly people mean the label; NaN where it is not known.

        That is so only where the sign of a grade is the label; where grades say another thing, none is known.
        """
        scores = np.array([row.score for row in self.rows], np.float64)
        known = np.isfinite(scores)
        signed = len(self.names) == 2 and bool(((scores[known] > 0) == (self.labels[known] == 1)).all())
        return np.abs(scores) if signed else np.full(len(scores), np.nan)
