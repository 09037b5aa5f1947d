"""A person's own corpus: CSV, TSV, JSONL or Parquet with named columns."""

import bz2
import csv
import gzip
import io
import json
import lzma
import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stages.corpora.row import BadRow, Row
from stages.errors import StageError
from stages.settings.task import TableReader

OPENERS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}

Record = Mapping[str, Any] | str  # what a line holds, or why it holds nothing


def read_table(path: Path, reader: TableReader, labels: Sequence[str] | None) -> Iterator[tuple[int, Row | BadRow]]:
    """Yields (line number, row or bad row) of a table; the format is told by the file's ending, .gz/.bz2/.xz allowed.

    Args:
        path: the file.
        reader: which column holds what, and the text encoding.
        labels: the labels that are allowed, or None where the file has none.

    Raises:
        StageError: the ending or the encoding is unknown, or a column is not in the table.
    """
    try:
        yield from _rows(path, reader, labels)
    except (OSError, EOFError, UnicodeError, zlib.error, lzma.LZMAError) as error:
        raise StageError(
            f"{path} cannot be read to its end ({error}): check that it is whole, and its encoding"
        ) from None


def _rows(path: Path, reader: TableReader, labels: Sequence[str] | None) -> Iterator[tuple[int, Row | BadRow]]:
    for line, record in _records(path, reader, labelled=labels is not None):
        row = record if isinstance(record, str) else _row(path, line, record, reader, labels)
        yield line, BadRow(path.name, line, row) if isinstance(row, str) else row


def _records(path: Path, reader: TableReader, *, labelled: bool) -> Iterator[tuple[int, Record]]:
    endings = [ending.lower() for ending in path.suffixes]
    kind = next((ending for ending in reversed(endings) if ending not in OPENERS), "")
    named = [reader.text, *([reader.label] if labelled else [])]
    named += [column for column in (reader.id, reader.group, reader.position, reader.score) if column]
    if kind == ".parquet":
        return _parquet(path, named)
    if kind == ".jsonl":
        return _jsonl(path, reader.encoding)
    if kind in (".csv", ".tsv"):
        return _csv(path, reader.encoding, "\t" if kind == ".tsv" else ",", named)
    raise StageError(
        f"{path} has an unknown ending: a table is .csv, .tsv, .jsonl or .parquet (text also .gz, .bz2, .xz)"
    )


def _text(path: Path, encoding: str) -> io.TextIOWrapper:
    """Opens text so that bytes which are not `encoding` survive as surrogates, to be reported with their line."""
    binary = OPENERS.get(path.suffix.lower(), Path.open)(path, "rb")
    try:
        encoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
        return io.TextIOWrapper(binary, encoding=encoding, errors="surrogateescape", newline="")
    except LookupError:
        binary.close()
        raise StageError(f"{path}: {encoding!r} is no encoding that Python knows") from None


def _csv(path: Path, encoding: str, delimiter: str, named: list[str]) -> Iterator[tuple[int, Record]]:
    csv.field_size_limit(2**31 - 1)  # a text may be a whole book
    with _text(path, encoding) as lines:
        table = csv.reader(lines, delimiter=delimiter)
        header = next(table, [])
        _require(path, named, header)
        while True:
            start = table.line_num + 1  # a quoted text may span several lines
            try:
                cells = next(table)
            except StopIteration:
                return
            except csv.Error as error:
                yield start, str(error)
                continue
            if not cells:
                continue
            if len(cells) != len(header):
                yield start, f"{len(cells)} fields where the header has {len(header)}"
            else:
                yield start, dict(zip(header, cells, strict=True))


def _jsonl(path: Path, encoding: str) -> Iterator[tuple[int, Record]]:
    with _text(path, encoding) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                yield number, f"not JSON ({error.msg} at character {error.pos})"
                continue
            yield number, record if isinstance(record, dict) else "not a JSON object"


def _parquet(path: Path, named: list[str]) -> Iterator[tuple[int, Record]]:
    try:
        with pq.ParquetFile(path) as file:
            _require(path, named, file.schema_arrow.names)
            number = 0
            for batch in file.iter_batches(columns=named):
                for record in batch.to_pylist():
                    number += 1
                    yield number, record
    except pa.ArrowInvalid as error:
        raise StageError(f"{path} is not a sound Parquet file ({error})") from None


def _require(path: Path, named: list[str], header: Sequence[str]) -> None:
    for column in named:
        if column not in header:
            raise StageError(
                f"{path} has no column {column!r} (it has: {', '.join(header)}): correct the task's reader"
            )


def _row(
    path: Path, line: int, record: Mapping[str, Any], reader: TableReader, labels: Sequence[str] | None
) -> Row | str:
    """Gives the row that a record holds, or says why it holds none."""
    text = record.get(reader.text)
    if not isinstance(text, str) or not text.strip():
        return f"{reader.text} is empty"
    name = f"{_stem(path.name)}-{line}"
    try:
        label = _label(record, reader.label, labels)
        score = _number(record, reader.score)
        position = _number(record, reader.position, within=2**31)
        identifier = _filled(record, reader.id, name)
        group = _filled(record, reader.group, identifier)
    except ValueError as error:
        return str(error)
    for column, value in ((reader.text, text), (reader.id, identifier), (reader.group, group)):
        if _is_broken(value):
            return f"{column} is not {reader.encoding} text"
    return Row(identifier, text.strip(), label, score, group, line - 1 if position is None else int(position))


def _stem(name: str) -> str:
    for ending in (*OPENERS, ".csv", ".tsv", ".jsonl", ".parquet"):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name


def _label(record: Mapping[str, Any], column: str, labels: Sequence[str] | None) -> str | None:
    if labels is None:
        return None
    label = str(record.get(column, "")).strip()
    if label not in labels:
        raise ValueError(f"{column} is {label!r}, not one of {', '.join(labels)}")
    return label


def _filled(record: Mapping[str, Any], column: str | None, otherwise: str) -> str:
    if column is None:
        return otherwise
    value = record.get(column)
    if value is None or value == "":
        raise ValueError(f"{column} is empty")
    return str(value)


def _is_broken(text: str) -> bool:
    """Tells whether `surrogateescape` had to keep bytes that are no text."""
    return any("\ud800" <= character <= "\udfff" for character in text)


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
