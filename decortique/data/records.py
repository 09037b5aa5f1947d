"""Rows of a corpus, and the records of a file that they are read from."""

import bz2
import csv
import gzip
import io
import json
import lzma
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from decortique.core.errors import StageError


def fingerprint(text: str) -> str:
    """Gives what two texts share when they differ in case, accents' encoding, spaces or punctuation only.

    That is the text itself where it has no word (":)"), as an empty fingerprint would say nothing.
    """
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())) or text


Marks = Mapping[str, str | None]  # what stands in a file → the label of the task; None: none is known


@dataclass(frozen=True, slots=True)
class Row:
    """One text of a corpus; the fields are those of `decortique.core.tables.CORPUS`."""

    id: str
    text: str
    label: str | None
    score: float | None
    group: str
    position: int


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line of a raw file that is no row, and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        """Gives `reviews.csv line 12: the text is empty`."""
        return f"{self.file} line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Removed:
    """A passage that a reader left out of a text because nobody said it: `(APPLAUSE)`."""

    passage: str


OPENERS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}

Record = Mapping[str, Any] | str  # what a line holds, or why it holds nothing


def records(
    path: Path, encoding: str, named: Sequence[str], wished: Sequence[str] = ()
) -> Iterator[tuple[int, Record]]:
    """Gives (line number, record) of a table; text may be packed (.gz, .bz2, .xz).

    Args:
        path: the file.
        encoding: of its text.
        named: the columns that are needed.
        wished: further columns, given where the table has them.

    Raises:
        StageError: the ending or the encoding is unknown, or a column is not in the table.
    """
    endings = [ending.lower() for ending in path.suffixes]
    kind = next((ending for ending in reversed(endings) if ending not in OPENERS), "")
    if kind == ".parquet":
        return _parquet(path, named, wished)
    if kind == ".jsonl":
        return _jsonl(path, encoding)
    if kind in (".csv", ".tsv"):
        return _csv(path, encoding, "\t" if kind == ".tsv" else ",", named)
    raise StageError(
        f"{path} has an unknown ending: a table is .csv, .tsv, .jsonl or .parquet (text also .gz, .bz2, .xz)"
    )


@contextmanager
def whole(path: Path) -> Iterator[None]:
    """Says in one line that `path`, read within the block, is damaged or in another encoding."""
    try:
        yield
    except (OSError, EOFError, UnicodeError, zlib.error, lzma.LZMAError) as error:
        raise StageError(
            f"{path} cannot be read to its end ({error}): check that it is whole, and its encoding"
        ) from None


def open_text(path: Path, encoding: str, newline: str = "") -> io.TextIOWrapper:
    """Opens text so that bytes which are not `encoding` survive as surrogates, to be reported with their line.

    Args:
        path: a plain file, or one packed with gzip, bzip2 or xz.
        encoding: a name that Python knows; the byte order mark that may stand before UTF-8 is no text.
        newline: what ends a line, as in `open`.

    Raises:
        StageError: no such encoding.
    """
    binary = OPENERS.get(path.suffix.lower(), Path.open)(path, "rb")
    try:
        encoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
        return io.TextIOWrapper(binary, encoding=encoding, errors="surrogateescape", newline=newline)
    except LookupError:
        binary.close()
        raise StageError(f"{path}: {encoding!r} is no encoding that Python knows") from None


def is_broken(text: str) -> bool:
    """Tells whether `open_text` had to keep bytes that are no text."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def stem(name: str) -> str:
    """Gives a file name without the endings that say how it is packed and what table it is."""
    for ending in (*OPENERS, ".csv", ".tsv", ".jsonl", ".parquet"):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name


def filled(record: Mapping[str, Any], column: str) -> str:
    """Gives what a column holds, as text.

    Raises:
        ValueError: nothing; the message says which column is empty.
    """
    value = record.get(column)
    if value is None or value == "":
        raise ValueError(f"{column} is empty")
    return str(value)


def text_of(record: Mapping[str, Any], column: str) -> str:
    """Gives the text of a column, without spaces around it.

    Raises:
        ValueError: the column holds no text.
    """
    text = record.get(column)
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{column} is empty")
    return text.strip()


def _csv(path: Path, encoding: str, delimiter: str, named: Sequence[str]) -> Iterator[tuple[int, Record]]:
    csv.field_size_limit(2**31 - 1)  # a text may be a whole book
    with open_text(path, encoding) as lines:
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
    with open_text(path, encoding) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                yield number, f"not JSON ({error.msg} at character {error.pos})"
                continue
            yield number, record if isinstance(record, dict) else "not a JSON object"


def _parquet(path: Path, named: Sequence[str], wished: Sequence[str]) -> Iterator[tuple[int, Record]]:
    try:
        with pq.ParquetFile(path) as file:
            present = file.schema_arrow.names
            _require(path, named, present)
            number = 0
            columns = [column for column in dict.fromkeys([*named, *wished]) if column in present]
            for batch in file.iter_batches(columns=columns):
                for record in batch.to_pylist():
                    number += 1
                    yield number, record
    except pa.ArrowInvalid as error:
        raise StageError(f"{path} is not a sound Parquet file ({error})") from None


def _require(path: Path, named: Sequence[str], header: Sequence[str]) -> None:
    for column in named:
        if column not in header:
            raise StageError(
                f"{path} has no column {column!r} (it has: {', '.join(header)}): correct the task's reader"
            )
