"""Archives of text files: each a group of texts, one a line, beside summaries that people wrote of it."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stages.corpora.row import Row
from stages.errors import StageError
from stages.settings.collections import ArchiveReader

LARGEST = 2**26  # bytes of a member: a group is clustered as a whole, and no summary is that long


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
            rows = [
                Row(f"{group}-{number}", text, None, None, group, number)
                for group, content in _members(archive, path, reader.texts, reader.encoding)
                for number, text in enumerate(_lines(content))
            ]
            references: dict[str, list[str]] = {}
            if reader.references:
                for group, content in _members(archive, path, reader.references, reader.encoding):
                    references.setdefault(group, []).append("\n".join(_lines(content)))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:  # broken, encrypted, packed otherwise
        raise StageError(f"{path} is no sound zip archive ({error}): check the source and its pin") from None
    if not rows:
        raise StageError(f"{path} holds no texts under {reader.texts!r}: check reader.texts")
    return Gathered(rows, references)


def _members(archive: zipfile.ZipFile, path: Path, pattern: str, encoding: str) -> Iterator[tuple[str, str]]:
    """Yields (group, content) of the files that match."""
    matching = ArchiveReader.matching(pattern)
    for name in sorted(archive.namelist()):
        if found := matching.fullmatch(name):
            with archive.open(name) as file:
                content = file.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise StageError(f"{path}: {name} is larger than {LARGEST:,} bytes: it may be a bomb")
            try:
                yield found[1], content.decode(encoding)
            except (UnicodeDecodeError, LookupError) as error:
                raise StageError(f"{path}: {name} is not {encoding} text ({error}): set reader.encoding") from None


def _lines(content: str) -> list[str]:
    return [line.strip() for line in content.replace("\r\n", "\n").split("\n") if line.strip()]
