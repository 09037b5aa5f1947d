"""Texts to learn from with another model's labels: none that stands in another split, as a whole or in part."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stages.corpora.fingerprint import fingerprint
from stages.corpora.row import Row
from stages.corpora.splitting import PRECEDENCE
from stages.errors import StageError

# A text may stand elsewhere in part: cut, quoted, or with a letter lost on the way. Of the film reviews that share 5
# words in a row but not 6, nearly all share a turn of phrase ("it's hard to tell"); of those that share 8, nearly all
# share a sentence. In between there is both, and a text lost costs less than a score that is too good.
RUN = 6


class Cleaned(NamedTuple):
    """A pool without what is known already."""

    rows: list[Row]
    duplicates: int  # removed: they stand in another split, or stood in the pool before
    overlaps: int  # removed: they share `RUN` words in a row with a text that is learnt from or scored


def clean_pool(pool: Sequence[Row], splits: Mapping[str, Sequence[Row]]) -> Cleaned:
    """Removes texts that stand elsewhere, so that nobody learns, however labelled, from what somebody is scored on.

    Args:
        pool: the texts; of those that are alike, the first stays.
        splits: the others. Those of `PRECEDENCE` are compared word by word, the others as whole texts.

    Raises:
        StageError: nothing is left of it.
    """
    known = {fingerprint(row.text) for rows in splits.values() for row in rows}
    told = {run for name in PRECEDENCE for row in splits.get(name, ()) for run in _runs(fingerprint(row.text))}
    kept: list[Row] = []
    duplicates = overlaps = 0
    for row in pool:
        text = fingerprint(row.text)
        if text in known:
            duplicates += 1
        elif not told.isdisjoint(_runs(text)):
            overlaps += 1
        else:
            kept.append(row)
        known.add(text)
    if not kept:
        raise StageError(
            f"all {len(pool)} texts of the pool stand in another split, as a whole or in part: there is nothing new to "
            "learn from, so give other files, or use none as `pool`"
        )
    return Cleaned(kept, duplicates, overlaps)


def _runs(text: str) -> set[str]:
    """Gives each run of `RUN` words of a fingerprint; a shorter one has none."""
    words = text.split(" ")
    return {" ".join(words[start : start + RUN]) for start in range(len(words) - RUN + 1)}
