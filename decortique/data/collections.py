"""Texts in groups: archives of them, groups that are large enough, what is held out."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from decortique.core.errors import StageError
from decortique.data.records import Row, fingerprint
from decortique.data.settings import ArchiveReader
from decortique.data.text import cut

LARGEST = 2**30  # bytes of all files together: a collection is held in memory


class Gathered(NamedTuple):
    """What an archive holds."""

    rows: list[Row]
    references: dict[str, list[str]]  # summaries by group


def read_archive(path: Path, reader: ArchiveReader) -> Gathered:
    """Reads the groups of an archive in alphabetical order; nothing is unpacked, so that no path of it leads anywhere.

    Raises:
        StageError: it is no zip archive, holds no such file, or one in another encoding.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            rows: list[Row] = []
            groups: set[str] = set()
            for group, content in _members(archive, path, reader.texts, reader.encoding):
                if group in groups:
                    raise StageError(f"{path} has two files of the group {group!r}: make reader.texts name one of them")
                groups.add(group)
                lines = enumerate(_lines(content))
                rows += [Row(f"{group}-{number}", text, None, None, group, number) for number, text in lines]
            references: dict[str, list[str]] = {}
            if reader.references:
                for group, content in _members(archive, path, reader.references, reader.encoding):
                    references.setdefault(group, []).append("\n".join(_lines(content)))
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        # It is missing, broken, encrypted, or packed in a way that Python does not know.
        raise StageError(f"{path} is no sound zip archive ({error}): check the source and its pin") from None
    if not rows:
        raise StageError(f"{path} holds no texts under {reader.texts!r}: check reader.texts")
    return Gathered(rows, references)


def _members(archive: zipfile.ZipFile, path: Path, pattern: str, encoding: str) -> Iterator[tuple[str, str]]:
    """Yields (group, content) of the files that match."""
    matching = ArchiveReader.matching(pattern)
    left = LARGEST
    for name in sorted(archive.namelist()):
        if found := matching.fullmatch(name):
            with archive.open(name) as file:
                content = file.read(left + 1)
            left -= len(content)
            if left < 0:
                raise StageError(f"{path}: up to {name}, files unpack to more than {LARGEST:,} bytes: it may be a bomb")
            try:
                yield found[1], content.decode(encoding)
            except (UnicodeDecodeError, LookupError) as error:
                raise StageError(f"{path}: {name} is not {encoding} text ({error}): set reader.encoding") from None


def _lines(content: str) -> list[str]:
    return [line.strip() for line in content.replace("\r\n", "\n").split("\n") if line.strip()]


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
