"""Readers of graded sentences, speeches and tables."""

import html
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from decortique.core.errors import StageError
from decortique.data.records import (
    OPENERS,
    BadRow,
    Marks,
    Row,
    filled,
    is_broken,
    open_text,
    records,
    stem,
    text_of,
    whole,
)
from decortique.data.task_settings import TableReader

STRONGEST = 4.0  # raters graded from -4 to +4


def read_graded(path: Path, encoding: str) -> Iterator[tuple[int, Row | BadRow]]:
    """Yields (line number, row); the label is the sign of the grade, and no label stands for a grade of zero.

    An id `document_sentence` gives the row its group and its position; other rows are groups of their own.
    """
    try:
        # newline="\n": a sentence may hold other characters that Python takes for line ends.
        with path.open(encoding=encoding, newline="\n", errors="strict") as lines:
            for number, line in enumerate(lines, start=1):
                yield number, _parse_graded(path.name, number, line.rstrip("\r\n"))
    except (UnicodeDecodeError, LookupError) as error:
        raise StageError(f"{path} is not {encoding} text ({error}): set the reader's encoding") from None


def _parse_graded(file: str, number: int, line: str) -> Row | BadRow:
    fields = line.split("\t", 2)
    if len(fields) < 3:
        return BadRow(file, number, f"{len(fields)} fields instead of id, grade and text")
    identifier, grade, text = fields[0], fields[1], html.unescape(fields[2]).strip()
    if not text:
        return BadRow(file, number, "the text is empty")
    try:
        score = float(grade)
    except ValueError:
        return BadRow(file, number, f"the grade {grade!r} is no number")
    if not -STRONGEST <= score <= STRONGEST:
        return BadRow(file, number, f"the grade {grade} is not within -4 and +4")
    label = "positive" if score > 0 else "negative" if score < 0 else None
    document, _, sentence = identifier.partition("_")
    name = file.rsplit(".", 1)[0]
    position = int(sentence) - 1 if sentence.isdecimal() and len(sentence) < 10 else 0
    return Row(f"{name}-{identifier}", text, label, score, f"{name}-{document}", position)


# The text may itself hold <nom>, <date> or << … >>: only the first mark is one. Up to 9 digits fit the position's type.
LINE = re.compile(r"<([^<>:]*):([^<>:]*)(?::([^<>:]*))?>(.*)", re.DOTALL)
NUMBER = re.compile(r"0*[1-9][0-9]{0,8}")


def read_speeches(path: Path, encoding: str, marks: Marks | None) -> Iterator[tuple[int, Row | BadRow]]:
    """Yields (line number, row or bad row); a speech is a group, a sentence's number - 1 its position.

    Where labels are sought, a sentence without text is a row too: predictions are handed in line by line, and one
    that is missing would shift all that follow. Elsewhere there is nothing to learn from it, so that it is a bad row.

    Args:
        path: the file, plain or packed (.gz, .bz2, .xz).
        encoding: of its text.
        marks: which mark of the file stands for which label, or None where labels are sought; the empty mark is that
            of a line without one, too.

    Raises:
        StageError: the file cannot be read to its end, or the encoding is unknown.
    """
    place = _Place()
    # newline="\n": a sentence may hold other characters that Python takes for line ends.
    with whole(path), open_text(path, encoding, newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield number, _parse_speech(path, line.rstrip("\r\n"), marks, place, encoding)
            except ValueError as error:
                yield number, BadRow(path.name, number, str(error))


@dataclass(slots=True)
class _Place:
    """How far the reading has come: sentences follow each other, and a speech is told in one go."""

    speech: int = 0
    sentence: int = 0
    told: set[int] = field(default_factory=set)

    def move_to(self, speech: int, sentence: int) -> None:
        if speech != self.speech:
            if speech in self.told:
                raise ValueError(f"speech {speech} goes on after another one: its sentences must stand together")
            self.told.add(speech)
        elif sentence <= self.sentence:
            raise ValueError(f"sentence {sentence} of speech {speech} stands after its sentence {self.sentence}")
        self.speech, self.sentence = speech, sentence


def _parse_speech(path: Path, line: str, marks: Marks | None, place: _Place, encoding: str) -> Row:
    if is_broken(line):
        raise ValueError(f"the line is not {encoding} text")
    marked = LINE.fullmatch(line)
    if marked is None:
        raise ValueError("no mark <speech:sentence:LABEL> or <speech:sentence> at its beginning")
    speech, sentence = _sentence_number(marked[1], "speech"), _sentence_number(marked[2], "sentence")
    label = None if marks is None else _speech_label(marked[3], marks)
    text = marked[4].strip()
    if not text and marks is not None:
        raise ValueError("the text is empty")
    place.move_to(speech, sentence)
    file = path.with_suffix("") if path.suffix.lower() in OPENERS else path
    group = f"{file.stem}-{speech}"
    return Row(f"{group}-{sentence}", text, label, None, group, sentence - 1)


def _sentence_number(digits: str, what: str) -> int:
    if not NUMBER.fullmatch(digits):
        raise ValueError(f"the {what} is {digits[:20]!r}, not a number from 1 to 999999999")
    return int(digits)


def _speech_label(mark: str | None, marks: Marks) -> str | None:
    if (mark or "") not in marks:
        shown = "absent" if mark is None else repr(mark)
        raise ValueError(f"the label is {shown}, not one of {', '.join(filter(None, marks))}")
    return marks[mark or ""]


def read_table(path: Path, reader: TableReader, marks: Marks | None) -> Iterator[tuple[int, Row | BadRow]]:
    """Yields (line number, row or bad row) of a table; the format is told by the file's ending, .gz/.bz2/.xz allowed.

    Where the reader names its marks, rows with another one are left out.

    Args:
        path: the file.
        reader: which column holds what, and the text encoding.
        marks: which mark of the file stands for which label, or None where labels are sought. Where one stands for
            none, the table need not have the column.

    Raises:
        StageError: the ending or the encoding is unknown, or a column is not in the table.
    """
    needed = marks is not None and None not in marks.values()
    label = [reader.label] if reader.label else []
    named = [reader.text, *(label if needed else [])]
    named += [column for column in (reader.id, reader.group, reader.position, reader.score) if column]
    with whole(path):
        for line, record in records(path, reader.encoding, named, wished=label):
            row = record if isinstance(record, str) else _row(path, line, record, reader, marks)
            if row is not None:
                yield line, BadRow(path.name, line, row) if isinstance(row, str) else row


def _row(
    path: Path, line: int, record: Mapping[str, Any], reader: TableReader, marks: Marks | None
) -> Row | str | None:
    """Gives the row that a record holds, or says why it holds none; None where nobody asks for it."""
    mark = _mark(record, reader.label)
    if reader.labels and marks is not None and _is_another(mark, marks):
        return None
    try:
        text = text_of(record, reader.text)
        label = _cell_label(mark, reader.label, marks)
        score = _cell_number(record, reader.score)
        position = _cell_number(record, reader.position, within=2**31)
        identifier = filled(record, reader.id) if reader.id else f"{stem(path.name)}-{line}"
        group = filled(record, reader.group) if reader.group else identifier
    except ValueError as error:
        return str(error)
    for column, value in ((reader.text, text), (reader.id, identifier), (reader.group, group)):
        if is_broken(value):
            return f"{column} is not {reader.encoding} text"
    return Row(identifier, text, label, score, group, line - 1 if position is None else int(position))


def _mark(record: Mapping[str, Any], column: str | None) -> str:
    value = record.get(column) if column else None
    return "" if value is None else str(value).strip()


def _is_another(mark: str, marks: Marks) -> bool:
    """Tells whether a mark is none of those; one that was forgotten, or is in another encoding, may be one of them."""
    return mark not in marks and mark != "" and not is_broken(mark)


def _cell_label(mark: str, column: str | None, marks: Marks | None) -> str | None:
    if marks is None:
        return None
    if mark not in marks:
        raise ValueError(f"{column} is {mark!r}, not one of {', '.join(filter(None, marks))}")
    return marks[mark]


def _cell_number(record: Mapping[str, Any], column: str | None, within: float = math.inf) -> float | None:
    value = record.get(column) if column else None
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{column} is {value!r}, not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{column} is {value!r}, not a finite number")
    if abs(number) >= within:
        raise ValueError(f"{column} is {value!r}, too large to be kept")
    return number
