"""Archives of text files: each a group of texts, one a line, beside summaries that people wrote of it."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stages.corpora.row import Row
from stages.errors import StageError
from stages.settings.collections import ArchiveReader

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
