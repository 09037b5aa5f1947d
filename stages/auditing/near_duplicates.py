"""Pairs of texts that are nearly the same: how many lie across splits, and which of them are leaks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

from stages.artifacts.labelled import TRANSFER
from stages.auditing.corpus import Corpus
from stages.corpora.fingerprint import fingerprint
from stages.corpora.near_duplicates import near_duplicates
from stages.corpora.row import Row
from stages.settings.task import LEARNT_FROM

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
