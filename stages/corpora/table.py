"""A person's own corpus: CSV, TSV, JSONL or Parquet with named columns."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stages.corpora.records import filled, is_broken, records, stem, text_of, whole
from stages.corpora.row import BadRow, Marks, Row
from stages.settings.task import TableReader


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
        label = _label(mark, reader.label, marks)
        score = _number(record, reader.score)
        position = _number(record, reader.position, within=2**31)
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


def _label(mark: str, column: str | None, marks: Marks | None) -> str | None:
    if marks is None:
        return None
    if mark not in marks:
        raise ValueError(f"{column} is {mark!r}, not one of {', '.join(filter(None, marks))}")
    return marks[mark]


def _number(record: Mapping[str, Any], column: str | None, within: float = math.inf) -> float | None:
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
