"""Chooses the reader of a task and gathers what it reads, split by split."""

from collections.abc import Iterator
from pathlib import Path

from stages.corpora.graded import read_graded
from stages.corpora.row import BadRow, Row
from stages.corpora.table import read_table
from stages.errors import StageError
from stages.settings.task import GradedReader, Task


def read(task: Task, folder: Path) -> tuple[dict[str, list[Row]], list[BadRow]]:
    """Reads the raw files of a task.

    Args:
        task: which files there are, and how they are read.
        folder: where `download` put them.

    Returns:
        The rows by use (`all`, `train`, `transfer-tweets` …) in the order of the files, and the lines that are none.

    Raises:
        StageError: a file is missing, or cannot be read at all (no such column, no such encoding).
    """
    rows: dict[str, list[Row]] = {}
    bad: list[BadRow] = []
    seen: set[str] = set()
    for name, use in task.reader.files.items():
        path = folder / name
        if not path.exists():
            raise StageError(f"{path} is missing: run `dvc repro` to download it")
        for line, item in _read_file(task, path, use):
            if isinstance(item, BadRow):
                bad.append(item)
            elif item.id in seen:
                bad.append(BadRow(name, line, f"the id {item.id!r} stands twice"))
            else:
                seen.add(item.id)
                rows.setdefault(use, []).append(item)
    return rows, bad


def _read_file(task: Task, path: Path, use: str) -> Iterator[tuple[int, Row | BadRow]]:
    labels = None if use == "unlabelled" else task.labels
    if isinstance(task.reader, GradedReader):
        return read_graded(path, task.reader.encoding)
    return read_table(path, task.reader, labels)
