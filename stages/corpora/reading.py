"""Chooses the reader of a task and gathers what it reads, split by split."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from stages.corpora.graded import read_graded
from stages.corpora.row import BadRow, Marks, Removed, Row
from stages.corpora.speeches import read_speeches
from stages.corpora.table import read_table
from stages.corpora.turns import read_turns
from stages.errors import StageError
from stages.settings.task import POOL, GradedReader, OneReader, SpeechesReader, TableReader, TurnsReader

log = logging.getLogger(__name__)


class Described(Protocol):
    """What is read: a task, or a collection."""

    @property
    def language(self) -> str:
        """A two-letter code."""

    @property
    def labels(self) -> list[str]:
        """Those a row may have, as they stand in files whose reader names no marks."""

    def readers(self) -> Mapping[str, OneReader]:
        """Gives how its files are read."""


class Read(NamedTuple):
    """What the raw files of a task hold."""

    rows: dict[str, list[Row]]  # by use (`all`, `train`, `transfer-tweets` …), in the order of the files
    bad: list[BadRow]  # the lines that are no row
    removed: Counter[str]  # how often each passage was left out of a text, such as `(APPLAUSE)`


def read(task: Described, folder: Path) -> Read:
    """Reads the raw files of a task or a collection.

    Args:
        task: which files there are, and how they are read.
        folder: where `download` put them.

    Raises:
        StageError: a file is missing, or cannot be read at all (no such column, no such encoding).
    """
    found = Read({}, [], Counter())
    seen: set[str] = set()
    files = [(reader, *file) for reader in task.readers().values() for file in reader.files.items()]
    for reader, name, use in files:
        path = folder / name
        if not path.exists():
            raise StageError(f"{path} is missing: run `dvc repro` to download it")
        for line, item in _read_file(path, reader, task, use):
            if isinstance(item, Removed):
                found.removed[item.passage] += 1
            elif isinstance(item, BadRow):
                found.bad.append(item)
            elif item.id in seen:
                found.bad.append(BadRow(name, line, f"the id {item.id!r} stands twice"))
            else:
                seen.add(item.id)
                found.rows.setdefault(use, []).append(item)
    return found


def tolerate(bad: Sequence[BadRow], allowed: int) -> None:
    """Tells the rows that cannot be read.

    Raises:
        StageError: there are more of them than are allowed.
    """
    for row in bad[:20]:
        log.warning("bad row: %s", row)
    if len(bad) > 20:
        log.warning("… and %d more", len(bad) - 20)
    if len(bad) > allowed:
        raise StageError(
            f"{len(bad)} bad rows, prepare.bad_rows allows {allowed} (first: {bad[0]}): mend the file, or raise it"
        )


def _read_file(
    path: Path, reader: OneReader, task: Described, use: str
) -> Iterator[tuple[int, Row | BadRow | Removed]]:
    if isinstance(reader, GradedReader):
        return read_graded(path, reader.encoding)
    if isinstance(reader, TurnsReader):
        return read_turns(path, reader, task.language)
    if isinstance(reader, SpeechesReader):
        return read_speeches(path, reader.encoding, _marks(reader, task, use))
    return read_table(path, reader, _marks(reader, task, use))


def _marks(reader: SpeechesReader | TableReader, task: Described, use: str) -> Marks | None:
    """Gives which mark of a file stands for which label, in a pool an empty one for none; None if labels are sought."""
    if use == "unlabelled":
        return None
    marks = reader.labels or {label: label for label in task.labels}
    return {"": None, **marks} if use == POOL else marks
