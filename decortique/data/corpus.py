"""Rows of a corpus; which texts are the same, or nearly; the labelled rows of a split as arrays."""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, pairwise, product
from math import ceil
from typing import TypeVar

import numpy as np

from decortique.core import paths
from decortique.core.tables import read_columns, splits

Item = TypeVar("Item")

TRANSFER = "transfer-"


@dataclass(frozen=True, slots=True)
class Row:
    """One text of a corpus; the fields are those of `decortique.core.tables.CORPUS`."""

    id: str
    text: str
    label: str | None
    score: float | None
    group: str
    position: int


def sample(items: Sequence[Item], size: int | None, seed: int) -> list[Item]:
    """Return `size` of the items at random, in their order; all of them where there are no more, or `size` is None."""
    if size is None or len(items) <= size:
        return list(items)
    chosen = np.random.default_rng(seed).choice(len(items), size=size, replace=False)
    return [items[index] for index in sorted(chosen)]


def held_out(task: str) -> dict[str, str]:
    """Return the test split and those of other sources, by the name that reports give them: without `transfer-`."""
    names = ["test", *(name for name in splits(paths.corpus(task)) if name.startswith(TRANSFER))]
    return {name.removeprefix(TRANSFER): name for name in names}


@dataclass(frozen=True, slots=True)
class LabelledSplit:
    """The rows of one split, and their labels as class numbers."""

    split: str
    labels: list[str]
    ids: list[str]
    truth: np.ndarray  # (texts,) class numbers; -1 where a row has no label
    groups: list[str]
    positions: list[int]
    scores: np.ndarray  # (texts,) float64, NaN where there is none
    together: np.ndarray | None  # (texts,) numbers of the groups to resample whole; None where texts are independent

    @classmethod
    def read(cls, task: str, split: str, labels: Sequence[str], *, keep_groups: bool) -> "LabelledSplit":
        """Read a table of the corpus; with `keep_groups`, the texts of a group are not independent."""
        columns = read_columns(paths.corpus(task) / f"{split}.parquet", ["id", "label", "group", "position", "score"])
        numbers = {label: number for number, label in enumerate(labels)}
        return cls(
            split,
            list(labels),
            columns["id"],
            np.array([numbers.get(label, -1) for label in columns["label"]], int),
            columns["group"],
            columns["position"],
            np.array(columns["score"], np.float64),
            np.unique(columns["group"], return_inverse=True)[1] if keep_groups else None,
        )


def fingerprint(text: str) -> str:
    """Return what texts share that differ only in case, spaces, punctuation or the encoding of accents."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())) or text  # ":)" has no word


TINY = 1e-9  # 0.07 × 100 is a little more than 7 to a computer; what is let through is compared exactly


def near_duplicates(texts: Sequence[str], min_similarity: float) -> Iterator[tuple[int, int, float]]:
    """Yield (index, later index, similarity) of each pair of texts with `min_similarity` (above 0, up to 1) or more.

    It is Jaccard's, of the sets of pairs of neighbouring words of the fingerprints, begin and end of a text included.
    Texts of one fingerprint have 1.0, and so have a few others that only repeat themselves.
    """
    indices: dict[str, list[int]] = {}
    for index, text in enumerate(texts):
        indices.setdefault(fingerprint(text), []).append(index)
    for copies in indices.values():
        for first, second in combinations(copies, 2):
            yield first, second, 1.0
    copied = list(indices.values())
    word_pairs = [frozenset(pairwise(["", *text.split(" "), ""])) for text in indices]
    for one, other, similarity in _similarity_join(word_pairs, min_similarity):
        for first, second in product(copied[one], copied[other]):
            yield min(first, second), max(first, second), similarity


def _similarity_join(
    sets: Sequence[frozenset[tuple[str, str]]], min_similarity: float
) -> Iterator[tuple[int, int, float]]:
    """Yield each pair of sets that reaches the similarity, by prefix filtering (Bayardo et al., 2007).

    Two such sets share ⌈min_similarity × n⌉ members at least, n being the size of either; so they share one of the
    first n - ⌈min_similarity × n⌉ + 1 members of each, the rarest first: only sets that do are compared.
    """
    count = Counter(chain.from_iterable(sets))
    order = sorted(range(len(sets)), key=lambda number: len(sets[number]))
    sizes = [len(sets[number]) for number in order]
    holders: defaultdict[tuple[str, str], list[int]] = defaultdict(list)  # ranks of the smaller sets, ascending
    for rank, number in enumerate(order):
        size = sizes[rank]
        needed = ceil(min_similarity * size - TINY)
        rarest = sorted(sets[number], key=lambda member: (count[member], member))[: size - needed + 1]
        shared = [member for member in rarest if count[member] > 1]
        long_enough = bisect_left(sizes, needed)
        met = {other for member in shared for other in holders[member][bisect_left(holders[member], long_enough) :]}
        for other in sorted(met):
            common = len(sets[number] & sets[order[other]])
            similarity = common / (size + sizes[other] - common)
            if similarity >= min_similarity:
                yield number, order[other], similarity
        for member in shared:
            holders[member].append(rank)
