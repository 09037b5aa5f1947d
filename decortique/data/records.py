"""Tables of texts (CSV, TSV, JSONL, Parquet; text also compressed) → rows of a corpus, and errors by their line."""

import bz2
import csv
import gzip
import io
import json
import lzma
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from decortique.core.files import StageError
from decortique.data.corpus import Row
from decortique.data.source_settings import TableReader

Marks = Mapping[str, str | None]  # what stands in a file → the label of the task; None: none is known

OPENERS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


Record = Mapping[str, Any]  # the cells of a line by column
Raw = TypeVar("Raw")
Item = TypeVar("Item")


def parse_each(
    lines: Iterable[tuple[int, Raw | ValueError]], parse: Callable[[int, Raw], Item]
) -> Iterator[tuple[int, Item | ValueError]]:
    """Yield (line number, what `parse` makes of the line, or the error that says why the line is bad)."""
    for number, line in lines:
        try:
            yield number, line if isinstance(line, ValueError) else parse(number, line)
        except ValueError as error:
            yield number, error


def read_table(path: Path, reader: TableReader, marks: Marks | None) -> Iterator[tuple[int, Row | ValueError]]:
    """Yield (line number, row or error) of a table, whose format is that of the file's ending.

    `marks` say which mark of the file stands for which label; None for unlabelled files. Where one stands for no label,
    the table need not have the column. Where the reader names marks, rows with other ones are left out.
    """
    label = [reader.label] if reader.label else []
    required = [reader.text, *(label if marks is not None and None not in marks.values() else [])]
    required += [column for column in (reader.id, reader.group, reader.position, reader.score) if column]
    with readable(path):
        table = read_records(path, reader.encoding, required, label)
        for line, row in parse_each(table, lambda line, record: _row(path.name, line, record, reader, marks)):
            if row is not None:
                yield line, row


def _row(file: str, line: int, record: Record, reader: TableReader, marks: Marks | None) -> Row | None:
    """Return the row of a record, None where its mark is of no label."""
    value = record.get(reader.label) if reader.label else None
    mark = "" if value is None else str(value).strip()
    # A mark that is missing, or in another encoding, may be that of a label.
    if reader.labels and marks is not None and mark not in marks and mark and not is_broken(mark):
        return None
    text = text_of(record, reader.text)
    if marks is not None and mark not in marks:
        raise ValueError(f"{reader.label} is {mark!r}, not one of {', '.join(filter(None, marks))}")
    score = _number(record, reader.score)
    position = _number(record, reader.position, below=2**31)
    identifier = filled(record, reader.id) if reader.id else f"{stem(file)}-{line}"
    group = filled(record, reader.group) if reader.group else identifier
    refuse_broken(reader.encoding, {reader.text: text, reader.id: identifier, reader.group: group})
    label = None if marks is None else marks[mark]
    return Row(identifier, text, label, score, group, line - 1 if position is None else int(position))


def _number(record: Record, column: str | None, below: float = math.inf) -> float | None:
    value = record.get(column) if column else None
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{column} is {value!r}, not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{column} is {value!r}, not a finite number")
    if abs(number) >= below:
        raise ValueError(f"{column} is {value!r}, too large to be kept")
    return number


def filled(record: Record, column: str) -> str:
    """Return a cell as text; raise a ValueError where it is empty."""
    value = record.get(column)
    if value is None or value == "":
        raise ValueError(f"{column} is empty")
    return str(value)


def text_of(record: Record, column: str) -> str:
    """Return the text of a cell without spaces around it; raise a ValueError where it holds no text."""
    text = record.get(column)
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{column} is empty")
    return text.strip()


def is_broken(text: str) -> bool:
    """Return whether `open_text` kept bytes that are no text."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def refuse_broken(encoding: str, cells: Mapping[str | None, str]) -> None:
    """Raise a ValueError that names the first column whose cell is not text of the encoding."""
    for column, value in cells.items():
        if is_broken(value):
            raise ValueError(f"{column} is not {encoding} text")


def read_records(
    path: Path, encoding: str, required: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[tuple[int, Record | ValueError]]:
    """Return an iterator over (line number, record or error); raise a StageError if a required column is missing."""
    kind = next((ending for ending in map(str.lower, reversed(path.suffixes)) if ending not in OPENERS), "")
    if kind == ".parquet":
        return _parquet(path, required, optional)
    if kind == ".jsonl":
        return _jsonl(path, encoding)
    if kind in (".csv", ".tsv"):
        return _csv(path, encoding, "\t" if kind == ".tsv" else ",", required)
    endings = ".csv, .tsv, .jsonl or .parquet (text also .gz, .bz2, .xz)"
    raise StageError(f"{path} has an unknown ending: a table is {endings}")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Raise a StageError of one line where `path`, read within the block, is damaged or in another encoding."""
    try:
        yield
    except (OSError, EOFError, UnicodeError, zlib.error, lzma.LZMAError) as error:
        problem = f"cannot be read to its end ({error}): check that it is whole, and its encoding"
        raise StageError(f"{path} {problem}") from None


def open_text(path: Path, encoding: str, newline: str = "") -> io.TextIOWrapper:
    """Open plain or compressed text; bytes that are not `encoding` survive as surrogates, to be reported by line."""
    binary = OPENERS.get(path.suffix.lower(), Path.open)(path, "rb")
    try:
        encoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding  # drops a byte order mark
        return io.TextIOWrapper(binary, encoding=encoding, errors="surrogateescape", newline=newline)
    except LookupError:
        binary.close()
        raise StageError(f"{path}: {encoding!r} is no encoding that Python knows") from None


def stem(name: str) -> str:
    """Return a file name without the endings of compression and of the kind of table."""
    for ending in (*OPENERS, ".csv", ".tsv", ".jsonl", ".parquet"):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name


# The standard library's reader, not pandas': it knows the line on which a row begins, also behind texts of several
# lines, and goes on after a bad one.
def _csv(
    path: Path, encoding: str, delimiter: str, required: Sequence[str]
) -> Iterator[tuple[int, Record | ValueError]]:
    csv.field_size_limit(2**31 - 1)  # a text may be a whole book
    with open_text(path, encoding) as lines:
        table = csv.reader(lines, delimiter=delimiter)
        header = next(table, [])
        _require(path, required, header)
        while True:
            start = table.line_num + 1  # a quoted text may span several lines
            try:
                cells = next(table, None)
            except csv.Error as error:
                yield start, ValueError(str(error))
                continue
            if cells is None:
                return
            if len(cells) == len(header):
                yield start, dict(zip(header, cells, strict=True))
            elif cells:
                yield start, ValueError(f"{len(cells)} fields where the header has {len(header)}")


def _jsonl(path: Path, encoding: str) -> Iterator[tuple[int, Record | ValueError]]:
    with open_text(path, encoding) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                yield number, ValueError(f"not JSON ({error.msg} at character {error.pos})")
            else:
                yield number, record if isinstance(record, dict) else ValueError("not a JSON object")


def _parquet(path: Path, required: Sequence[str], optional: Sequence[str]) -> Iterator[tuple[int, Record]]:
    try:
        with pq.ParquetFile(path) as file:
            present = file.schema_arrow.names
            _require(path, required, present)
            columns = [column for column in dict.fromkeys([*required, *optional]) if column in present]
            rows = (record for batch in file.iter_batches(columns=columns) for record in batch.to_pylist())
            yield from enumerate(rows, start=1)
    except pa.ArrowInvalid as error:
        raise StageError(f"{path} is not a sound Parquet file ({error})") from None


def _require(path: Path, required: Sequence[str], header: Sequence[str]) -> None:
    if absent := [column for column in required if column not in header]:
        present = ", ".join(header)
        raise StageError(f"{path} has no column {absent[0]!r} (it has: {present}): correct the task's reader")
