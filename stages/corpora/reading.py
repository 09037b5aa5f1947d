"""Chooses the reader of a task and gathers what it reads, split by split."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stages.corpora.graded import read_graded
from stages.corpora.row import BadRow, Removed, Row
from stages.corpora.speeches import read_speeches
from stages.corpora.table import read_table
from stages.corpora.turns import read_turns
from stages.errors import StageError
from stages.settings.task import GradedReader, SpeechesReader, Task, TurnsReader


class Read(NamedTuple):
    """What the raw files of a task hold."""

    rows: dict[str, list[Row]]  # by use (`all`, `train`, `transfer-tweets` …), in the order of the files
    bad: list[BadRow]  # the lines that are no row
    removed: Counter[str]  # how often each passage was left out of a text, such as `(APPLAUSE)`


def read(task: Task, folder: Path) -> Read:
    """Reads the raw files of a task.

    Args:
        task: which files there are, and how they are read.
        folder: where `download` put them.

    Raises:
        StageError: a file is missing, or cannot be read at all (no such column, no such encoding).
    """
    found = Read({}, [], Counter())
    seen: set[str] = set()
    for name, use in task.reader.files.items():
        path = folder / name
        if not path.exists():
            raise StageError(f"{path} is missing: run `dvc repro` to download it")
        for line, item in _read_file(task, path, use):
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


def _read_file(task: Task, path: Path, use: str) -> Iterator[tuple[int, Row | BadRow | Removed]]:
    reader = task.reader
    if isinstance(reader, GradedReader):
        return read_graded(path, reader.encoding)
    if isinstance(reader, TurnsReader):
        return read_turns(path, reader, task.language)
    if isinstance(reader, SpeechesReader):
        return read_speeches(path, reader.encoding, None if use == "unlabelled" else reader.labels)
    return read_table(path, reader, None if use == "unlabelled" else task.labels)
