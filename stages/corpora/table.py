"""A person's own corpus: CSV, TSV, JSONL or Parquet with named columns."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stages.corpora.records import filled, is_broken, records, stem, text_of, whole
from stages.corpora.row import BadRow, Row
from stages.settings.task import TableReader


def read_table(path: Path, reader: TableReader, labels: Sequence[str] | None) -> Iterator[tuple[int, Row | BadRow]]:
    """Yields (line number, row or bad row) of a table; the format is told by the file's ending, .gz/.bz2/.xz allowed.

    Args:
        path: the file.
        reader: which column holds what, and the text encoding.
        labels: the labels that are allowed, or None where the file has none.

    Raises:
        StageError: the ending or the encoding is unknown, or a column is not in the table.
    """
    named = [reader.text, *([] if labels is None else [reader.label])]
    named += [column for column in (reader.id, reader.group, reader.position, reader.score) if column]
    with whole(path):
        for line, record in records(path, reader.encoding, named):
            row = record if isinstance(record, str) else _row(path, line, record, reader, labels)
            yield line, BadRow(path.name, line, row) if isinstance(row, str) else row


def _row(
    path: Path, line: int, record: Mapping[str, Any], reader: TableReader, labels: Sequence[str] | None
) -> Row | str:
    """Gives the row that a record holds, or says why it holds none."""
    try:
        text = text_of(record, reader.text)
        label = _label(record, reader.label, labels)
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


def _label(record: Mapping[str, Any], column: str, labels: Sequence[str] | None) -> str | None:
    if labels is None:
        return None
    label = str(record.get(column, "")).strip()
    if label not in labels:
        raise ValueError(f"{column} is {label!r}, not one of {', '.join(labels)}")
    return label


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
