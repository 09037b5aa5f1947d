"""Texts that stand, or nearly, on both sides of a split, and what that is worth."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from decortique.core import paths
from decortique.core.tables import CORPUS, read_columns, splits
from decortique.data.labelled import TRANSFER
from decortique.data.near_duplicates import near_duplicates
from decortique.data.records import Row, fingerprint
from decortique.data.task_settings import LEARNT_FROM
from decortique.diagnosis.contrasts import contrasts
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable

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


CHOSEN_BY = "validation"  # nothing is learnt from it, but what is kept of what was learnt


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that are nearly the same."""

    splits: tuple[str, str]
    rows: tuple[Row, Row]
    similarity: float

    @property
    def exact(self) -> bool:
        """Whether they differ in nothing but case, spaces and punctuation."""
        return fingerprint(self.rows[0].text) == fingerprint(self.rows[1].text)

    @property
    def contradicts(self) -> bool:
        """Whether both have a label, and not the same."""
        first, second = (row.label for row in self.rows)
        return first is not None and second is not None and first != second

    def line(self) -> dict[str, Any]:
        """Gives the line of it that the stage `validity` writes."""
        texts = [
            {"split": split, "id": row.id, "label": row.label, "text": row.text}
            for split, row in zip(self.splits, self.rows, strict=True)
        ]
        return {"similarity": round(self.similarity, 6), "exact": self.exact, "first": texts[0], "second": texts[1]}


def near_pairs(corpus: Corpus, least: float) -> list[Pair]:
    """Finds every pair of texts of a corpus that `near_duplicates` finds, the most similar first."""
    texts = [(split, row) for split, rows in corpus.items() for row in rows]
    found = sorted(near_duplicates([row.text for _, row in texts], least), key=lambda one: (-one[2], *one[:2]))
    return [
        Pair((texts[first][0], texts[second][0]), (texts[first][1], texts[second][1]), similarity)
        for first, second, similarity in found
    ]


def count_pairs(corpus: Corpus, pairs: Sequence[Pair]) -> dict[str, dict[str, dict[str, int]]]:
    """Counts the pairs by the two splits that hold them; splits without any are left out.

    Returns:
        split → the same or a later one → how many are `exact`, how many only `near`, and of both, in how many the
        labels `contradict` each other.
    """
    found: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        found.setdefault(pair.splits, []).append(pair)
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for first, second in combinations_with_replacement(corpus, 2):
        if shared := found.get((first, second)):
            exact = sum(pair.exact for pair in shared)
            contradict = sum(pair.contradicts for pair in shared)
            counts.setdefault(first, {})[second] = {
                "exact": exact,
                "near": len(shared) - exact,
                "contradict": contradict,
            }
    return counts


def count_met(corpus: Corpus, pairs: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    """Counts the texts of each split that scores are made on which stand, or nearly, in what is learnt or chosen from.

    Returns:
        split → how many `texts` it has, and, by the split in which they are met, how many have a copy there (`exact`),
        or no copy but something near (`near`).
    """
    sources = [split for split in (*LEARNT_FROM, CHOSEN_BY) if split in corpus]
    scored = [split for split in corpus if split in {CHOSEN_BY, "test"} or split.startswith(TRANSFER)]
    counts: dict[str, dict[str, Any]] = {}
    for split in scored:
        counts[split] = {"texts": len(corpus[split])}
        for source in sources:
            if source != split:
                copied = {row.id for row, pair in _met(pairs, split, source) if pair.exact}
                near = {row.id for row, _ in _met(pairs, split, source)} - copied
                counts[split][source] = {"exact": len(copied), "near": len(near)}
    return counts


def leaked(pairs: Sequence[Pair], split: str) -> set[str]:
    """Gives the ids of the texts of a split of which a model may have learnt a copy, or nearly one."""
    return {row.id for source in LEARNT_FROM for row, _ in _met(pairs, split, source)}


def _met(pairs: Sequence[Pair], split: str, source: str) -> Iterator[tuple[Row, Pair]]:
    """Yields the rows of a split that have a pair in another one, and the pair."""
    for pair in pairs:
        for side in (0, 1):
            if pair.splits[side] == split and pair.splits[1 - side] == source:
                yield pair.rows[side], pair


def worth_of_leaks(
    home: Home, leaked: Collection[str], predictions: Mapping[str, Mapping[str, PredictionTable]], settings: Evaluate
) -> dict[str, Any]:
    """Gives the accuracy on the test set, and how much of it comes from texts that leaked.

    Args:
        home: all texts of the task.
        leaked: ids of the test texts of which a model may have learnt a copy, or nearly one.
        predictions: approach → split → what it predicted.
        settings: of the intervals.

    Returns:
        How many `texts` leaked, and under `accuracy`, approach → `all`, `without` them, and the `difference`: `value`,
        `low` and `high`. Of none, or where all did, there are no two scores, and `accuracy` is empty.
    """
    tested = home.at(home.splits == "test")
    met = np.array([row.id in leaked for row in tested.rows], bool)
    right = {name: (found["test"].prediction == tested.labels).astype(float) for name, found in predictions.items()}
    sides = {"all": np.ones_like(met), "without": ~met}
    return {
        "texts": int(met.sum()),
        "accuracy": contrasts(right, sides, settings, tested.together) if met.any() else {},
    }
