"""What each rater gave a text: lines `id TAB mean TAB spread TAB [grade, grade, …]` (Hutto & Gilbert, 2014)."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from stages.corpora.graded import STRONGEST, read_graded
from stages.corpora.reading import Described
from stages.corpora.row import Row
from stages.errors import StageError
from stages.settings.task import GradedReader


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
