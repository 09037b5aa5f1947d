"""Raw files of a task → rows; and what each rater gave them."""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from decortique.core.errors import StageError
from decortique.data.readers import STRONGEST, read_graded, read_speeches, read_table
from decortique.data.records import BadRow, Marks, Removed, Row
from decortique.data.task_settings import POOL, GradedReader, OneReader, SpeechesReader, TableReader, TurnsReader
from decortique.data.turns import read_turns

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


def ratings_of(task: Described, folder: Path) -> dict[str, np.ndarray]:
    """Gives the (raters,) grades of each text of a task whose reader names a file of them, by the id of its row.

    Args:
        task: how its files are read.
        folder: where `download` put them.

    Raises:
        StageError: as for `read_ratings`.
    """
    return {
        f"{name.rsplit('.', 1)[0]}-{identifier}": grades
        for reader in _graded(task)
        for name, ratings in reader.ratings.items()
        for identifier, grades in read_ratings(folder / ratings).items()
    }


def graded_rows(task: Described, folder: Path, files: Sequence[str]) -> Iterator[tuple[str, list[Row]]]:
    """Yields each of some files with its rows, those included whose grade is zero, which the corpus leaves out.

    Raises:
        StageError: a file is none that is read as graded.
    """
    encodings = {name: reader.encoding for reader in _graded(task) for name in reader.files}
    for name in files:
        if name not in encodings:
            raise StageError(f"published.files names {name!r}, which no graded reader of the task reads")
        rows = [row for _, row in read_graded(folder / name, encodings[name]) if isinstance(row, Row)]
        yield name, rows


def _graded(task: Described) -> list[GradedReader]:
    return [reader for reader in task.readers().values() if isinstance(reader, GradedReader)]


def read_ratings(path: Path) -> dict[str, np.ndarray]:
    """Gives the (raters,) grades of each text, by the id that `read_graded` gives the row.

    Args:
        path: of the ratings.

    Raises:
        StageError: the file is missing, or a line of it holds no grades.
    """
    found: dict[str, np.ndarray] = {}
    try:
        # Published with and without a byte order mark.
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise StageError(f"{path} is missing: run `dvc repro` to download it") from None
    except UnicodeDecodeError as error:
        raise StageError(f"{path} is no text ({error}): name another file in the reader's ratings") from None
    for number, line in enumerate(lines, start=1):
        identifier, _, rest = line.partition("\t")
        try:
            grades = np.array(json.loads(rest.rpartition("\t")[2]), float)
        except (json.JSONDecodeError, TypeError, ValueError):
            grades = np.empty(0)
        if grades.ndim != 1 or not len(grades) or np.abs(grades).max() > STRONGEST:
            raise StageError(f"{path} line {number} holds no list of grades within -4 and +4: mend it, or leave it out")
        found[identifier] = grades
    return found
