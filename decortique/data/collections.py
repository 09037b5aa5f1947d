"""Collections: texts in groups. Archives of them, groups that are large enough, and texts that are held out."""

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np

from decortique.core.files import StageError
from decortique.data.corpus import Row, fingerprint, sample
from decortique.data.source_settings import ArchiveReader
from decortique.data.text import split_sentences

LARGEST = 2**30  # bytes of all files together: a collection is held in memory


def read_archive(path: Path, reader: ArchiveReader) -> tuple[list[Row], dict[str, list[str]]]:
    """Return the texts of an archive and the summaries by group; no file is unpacked: no path leads anywhere."""
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
    return rows, references


def _members(archive: zipfile.ZipFile, path: Path, pattern: str, encoding: str) -> Iterator[tuple[str, str]]:
    """Yield (group, content) of the files that match."""
    expression = path_expression(pattern)
    left = LARGEST
    for name in sorted(archive.namelist()):
        if match := expression.fullmatch(name):
            with archive.open(name) as file:
                content = file.read(left + 1)
            left -= len(content)
            if left < 0:
                raise StageError(f"{path}: up to {name}, files unpack to more than {LARGEST:,} bytes: it may be a bomb")
            try:
                yield match[1], content.decode(encoding)
            except (UnicodeDecodeError, LookupError) as error:
                raise StageError(f"{path}: {name} is not {encoding} text ({error}): set reader.encoding") from None


def path_expression(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a pattern such as `topics/{group}.txt`; its one group is the group of texts."""
    part = "[^/.][^/]*"  # names that begin with a point are notes of file systems
    known = {"{group}": f"({part})", "*": part}
    pieces = re.split(r"(\{group\}|\*)", pattern)
    return re.compile("(?:.*/)?" + "".join(known.get(piece, re.escape(piece)) for piece in pieces))


def _lines(content: str) -> list[str]:
    return [line.strip() for line in content.replace("\r\n", "\n").split("\n") if line.strip()]


def sentence_rows(rows: Sequence[Row], language: str) -> list[Row]:
    """Return a row for each sentence of the texts; positions count the sentences of a group."""
    sentences: list[Row] = []
    for group in by_group(rows):
        cut = ((row, *part) for row in group for part in enumerate(split_sentences(row.text, language)))
        numbered = enumerate(cut)
        sentences += [replace(row, id=f"{row.id}.{n}", text=text, position=at) for at, (row, n, text) in numbered]
    return sentences


def by_group(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows of each group in their order, the groups in alphabetical order."""
    ordered = sorted(rows, key=attrgetter("group", "position"))
    return [list(group) for _, group in groupby(ordered, key=attrgetter("group"))]


def without_repeats(groups: Sequence[Sequence[Row]]) -> list[list[Row]]:
    """Return the groups with only the first of texts that have the same fingerprint."""
    kept = []
    for rows in groups:
        first: dict[str, Row] = {}
        for row in rows:
            first.setdefault(fingerprint(row.text), row)
        kept.append(list(first.values()))
    return kept


def sample_groups(
    groups: Sequence[Sequence[Row]], *, min_texts: int, max_groups: int | None, seed: int
) -> list[Sequence[Row]]:
    """Return the groups with at least `min_texts` texts; of those, `max_groups` sampled at random, in their order."""
    kept = [rows for rows in groups if len(rows) >= min_texts]
    if len(kept) < 2:
        longest = max(map(len, groups), default=0)
        raise StageError(
            f"{len(kept)} groups have {min_texts} texts (the largest has {longest}), two are needed: lower the "
            "collection's `min_texts`; a single text is summarised by `python -m stages.summarize --file`"
        )
    return sample(kept, max_groups, seed)


def hold_out(groups: Sequence[Sequence[Row]], share: float, seed: int) -> tuple[list[Row], list[Row]]:
    """Split each group at random into texts to summarise and a share held out: one text at least, if above 0."""
    random = np.random.default_rng(seed)
    seen: list[Row] = []
    held_out: list[Row] = []
    for rows in groups:
        count = min(max(round(len(rows) * share), 1), len(rows) - 1) if share else 0
        apart = set(random.permutation(len(rows))[:count].tolist())
        for index, row in enumerate(rows):
            (held_out if index in apart else seen).append(row)
    return seen, held_out
