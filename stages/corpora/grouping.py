"""Rows of a collection → the groups that are clustered and summarised."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

import numpy as np

from stages.corpora.fingerprint import fingerprint
from stages.corpora.row import Row
from stages.corpora.sentences import cut
from stages.errors import StageError


def cut_rows(rows: Sequence[Row], language: str) -> list[Row]:
    """Makes a row of each sentence of the texts; positions count the sentences of a group."""
    return [
        replace(row, id=f"{row.id}.{number}", text=sentence, position=place)
        for found in by_group(rows)
        for place, (row, number, sentence) in enumerate(_sentences(found, language))
    ]


def _sentences(rows: Sequence[Row], language: str) -> Iterator[tuple[Row, int, str]]:
    for row in rows:
        for number, sentence in enumerate(cut(row.text, language)):
            yield row, number, sentence


def by_group(rows: Sequence[Row]) -> list[list[Row]]:
    """Gives the rows of each group in their order, the groups in alphabetical order."""
    ordered = sorted(rows, key=attrgetter("group", "position"))
    return [list(found) for _, found in groupby(ordered, key=attrgetter("group"))]


def without_repeats(groups: Sequence[Sequence[Row]]) -> list[list[Row]]:
    """Keeps the first of texts that are alike in a group."""
    kept = []
    for rows in groups:
        found: dict[str, Row] = {}
        for row in rows:
            found.setdefault(fingerprint(row.text), row)
        kept.append(list(found.values()))
    return kept


def chosen_groups(groups: Sequence[Sequence[Row]], *, least: int, most: int | None, seed: int) -> list[Sequence[Row]]:
    """Keeps groups with at least `least` texts; of those, `most` that are drawn by lot, in their order.

    Raises:
        StageError: fewer than two have as many: there would be nothing to tell apart.
    """
    kept = [rows for rows in groups if len(rows) >= least]
    if len(kept) < 2:
        longest = max(map(len, groups), default=0)
        raise StageError(
            f"{len(kept)} groups have {least} texts (the largest has {longest}), two are needed: lower the "
            "collection's `least`; a single text is summarised by `python -m stages.summarize --file`"
        )
    if most is None or len(kept) <= most:
        return kept
    drawn = np.random.default_rng(seed).choice(len(kept), size=most, replace=False)
    return [kept[place] for place in sorted(drawn)]


def hold_out(groups: Sequence[Sequence[Row]], share: float, seed: int) -> tuple[list[Row], list[Row]]:
    """Deals the texts of each group by lot: those that are summarised, and the share that is kept from the summary.

    Of a share above 0, each group has at least one text in either part.
    """
    random = np.random.default_rng(seed)
    seen: list[Row] = []
    held_out: list[Row] = []
    for rows in groups:
        count = min(max(round(len(rows) * share), 1), len(rows) - 1) if share else 0
        apart = set(random.permutation(len(rows))[:count].tolist())
        for place, row in enumerate(rows):
            (held_out if place in apart else seen).append(row)
    return seen, held_out
