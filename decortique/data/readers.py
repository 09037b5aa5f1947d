"""Raw files of a task or a collection → rows; graded sentences, and what each rater gave them."""

import html
import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from decortique.core.files import StageError
from decortique.data.corpus import Row
from decortique.data.records import Marks, parse_each, read_table
from decortique.data.settings import POOL, Collection, Task
from decortique.data.source_settings import GradedReader, OneReader, SpeechesReader, TableReader, TurnsReader
from decortique.data.speech import Removed, read_speeches, read_turns

log = logging.getLogger(__name__)

STRONGEST = 4.0  # raters graded from -4 to +4


class BadRow(NamedTuple):
    """A line of a raw file that is no row, and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file} line {self.line}: {self.reason}"


class RawTexts(NamedTuple):
    """What the raw files of a task hold."""

    rows: dict[str, list[Row]]  # by use (`all`, `train`, `transfer-tweets` …), in the order of the files
    bad: list[BadRow]  # the lines that are no row
    removed: Counter[str]  # how often each passage was left out of a text, such as `(APPLAUSE)`


def read(task: Task | Collection, folder: Path) -> RawTexts:
    """Read the raw files that `download` put in a folder."""
    texts = RawTexts({}, [], Counter())
    ids: set[str] = set()
    files = [(reader, *file) for reader in task.readers().values() for file in reader.files.items()]
    for reader, name, use in files:
        path = folder / name
        if not path.exists():
            raise StageError(f"{path} is missing: run `dvc repro` to download it")
        for line, item in _read_file(path, reader, task, use):
            if isinstance(item, Removed):
                texts.removed[item.passage] += 1
            elif isinstance(item, ValueError):
                texts.bad.append(BadRow(name, line, str(item)))
            elif item.id in ids:
                texts.bad.append(BadRow(name, line, f"the id {item.id!r} stands twice"))
            else:
                ids.add(item.id)
                texts.rows.setdefault(use, []).append(item)
    return texts


def check_bad_rows(bad: Sequence[BadRow], allowed: int) -> None:
    """Log the rows that cannot be read; raise a StageError where there are more than allowed."""
    for row in bad[:20]:
        log.warning("bad row: %s", row)
    if len(bad) > 20:
        log.warning("… and %d more", len(bad) - 20)
    if len(bad) > allowed:
        problem = f"{len(bad)} bad rows, prepare.bad_rows allows {allowed}"
        raise StageError(f"{problem} (first: {bad[0]}): mend the file, or raise it")


def _read_file(
    path: Path, reader: OneReader, task: Task | Collection, use: str
) -> Iterator[tuple[int, Row | ValueError | Removed]]:
    if isinstance(reader, GradedReader):
        return read_graded(path, reader.encoding)
    if isinstance(reader, TurnsReader):
        return read_turns(path, reader, task.language)
    if isinstance(reader, SpeechesReader):
        return read_speeches(path, reader.encoding, _marks(reader, task, use))
    return read_table(path, reader, _marks(reader, task, use))


def _marks(reader: SpeechesReader | TableReader, task: Task | Collection, use: str) -> Marks | None:
    """Return which mark of a file stands for which label, in a pool an empty one for none; None if it is unlabelled."""
    if use == "unlabelled":
        return None
    marks = reader.labels or {label: label for label in task.labels}
    return {"": None, **marks} if use == POOL else marks


def read_graded(path: Path, encoding: str) -> Iterator[tuple[int, Row | ValueError]]:
    """Yield (line number, row or error); the label is the sign of the grade, and no label stands for a grade of zero.

    An id `document_sentence` gives the row its group and its position; other rows are groups of their own.
    """
    try:
        # newline="\n": a sentence may hold other characters that Python takes for line ends.
        with path.open(encoding=encoding, newline="\n", errors="strict") as lines:
            yield from parse_each(enumerate(lines, start=1), lambda _, line: _parse_graded(path.name, line))
    except (UnicodeDecodeError, LookupError) as error:
        raise StageError(f"{path} is not {encoding} text ({error}): set the reader's encoding") from None


def _parse_graded(file: str, line: str) -> Row:
    fields = line.rstrip("\r\n").split("\t", 2)
    if len(fields) < 3:
        raise ValueError(f"{len(fields)} fields instead of id, grade and text")
    identifier, grade, text = fields[0], fields[1], html.unescape(fields[2]).strip()
    if not text:
        raise ValueError("the text is empty")
    try:
        score = float(grade)
    except ValueError:
        raise ValueError(f"the grade {grade!r} is no number") from None
    if not -STRONGEST <= score <= STRONGEST:
        raise ValueError(f"the grade {grade} is not within -4 and +4")
    label = "positive" if score > 0 else "negative" if score < 0 else None
    document, _, sentence = identifier.partition("_")
    name = file.rsplit(".", 1)[0]
    position = int(sentence) - 1 if sentence.isdecimal() and len(sentence) < 10 else 0
    return Row(f"{name}-{identifier}", text, label, score, f"{name}-{document}", position)


def ratings_of(task: Task, folder: Path) -> dict[str, np.ndarray]:
    """Return the (raters,) grades of each text of a task whose reader names a file of them, by the id of its row."""
    files = {name.rsplit(".", 1)[0]: file for reader in _graded(task) for name, file in reader.ratings.items()}
    rated = {stem: read_ratings(folder / file) for stem, file in files.items()}
    return {f"{stem}-{identifier}": grades for stem, own in rated.items() for identifier, grades in own.items()}


def graded_rows(task: Task, folder: Path, files: Sequence[str]) -> Iterator[tuple[str, list[Row]]]:
    """Yield each of some graded files with its rows, also those whose grade is zero, which the corpus leaves out."""
    encodings = {name: reader.encoding for reader in _graded(task) for name in reader.files}
    for name in files:
        if name not in encodings:
            raise StageError(f"published.files names {name!r}, which no graded reader of the task reads")
        yield name, [row for _, row in read_graded(folder / name, encodings[name]) if isinstance(row, Row)]


def _graded(task: Task) -> list[GradedReader]:
    return [reader for reader in task.readers().values() if isinstance(reader, GradedReader)]


def read_ratings(path: Path) -> dict[str, np.ndarray]:
    """Return the (raters,) grades of each text, by the id in the file."""
    ratings: dict[str, np.ndarray] = {}
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
        ratings[identifier] = grades
    return ratings
