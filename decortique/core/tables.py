"""The Parquet tables that stages hand to each other: their schemas, and reading and writing them in a stream."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from decortique.core.errors import StageError
from decortique.core.files import new_file

ROWS_PER_GROUP = 4096  # part of the bytes of a file: the same rows give the same file only if it is fixed

CORPUS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("group", pa.string(), nullable=False),
        pa.field("position", pa.int32(), nullable=False),
    ]
)

TOKENS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("input_ids", pa.list_(pa.int32()), nullable=False),
        pa.field("attention_mask", pa.list_(pa.int32()), nullable=False),
        pa.field("length", pa.int32(), nullable=False),
        pa.field("truncated", pa.bool_(), nullable=False),
    ]
)

# Which cluster a text was put in, by what stands for it and by which method; null where it was put in none.
CLUSTERS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("representation", pa.string(), nullable=False),
        pa.field("method", pa.string(), nullable=False),
        pa.field("cluster", pa.int32()),
    ]
)

# A word in two texts: `first_place` and `second_place` tell which word of each it is, `same` whether in one sense.
WORD_PAIRS = pa.schema(
    [
        pa.field("lemma", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("first", pa.string(), nullable=False),
        pa.field("first_place", pa.int32(), nullable=False),
        pa.field("second", pa.string(), nullable=False),
        pa.field("second_place", pa.int32(), nullable=False),
        pa.field("same", pa.bool_(), nullable=False),
    ]
)


def embeddings_schema(width: int) -> pa.Schema:
    """Schema of sentence vectors of `width` numbers."""
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("embedding", pa.list_(pa.float32(), width), nullable=False),
        ]
    )


def predictions_schema(labels: Sequence[str], heads: Mapping[str, bool] | None = None) -> pa.Schema:
    """Schema of predictions, with the probability of each label, in the order of `labels`.

    Args:
        labels: between which was predicted.
        heads: further heads by name, and whether each predicts between the labels too; if not, it says a number.
    """
    probabilities = pa.struct([pa.field(label, pa.float64(), nullable=False) for label in labels])
    further = [
        pa.field(f"head {name}", probabilities if predicts else pa.float64(), nullable=False)
        for name, predicts in (heads or {}).items()
    ]
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("approach", pa.string(), nullable=False),
            pa.field("prediction", pa.string(), nullable=False),
            pa.field("probability", probabilities, nullable=False),
            *further,
        ]
    )


class RowWriter(Protocol):
    """Appends rows, given as columns, to a table."""

    def __call__(self, columns: Mapping[str, Any]) -> None:
        """Appends one batch; columns are lists or arrays of one length."""


def write_table(
    path: Path, schema: pa.Schema, metadata: Mapping[str, Any] | None = None
) -> AbstractContextManager[RowWriter]:
    """Opens a new table; it appears under `path` only when the block ends well.

    Args:
        path: the Parquet file.
        schema: one of this module.
        metadata: what a reader should know about all rows, kept as JSON in the file (see `read_metadata`).
    """
    return _write_table(path, schema.with_metadata({"decortique": json.dumps(metadata or {}, sort_keys=True)}))


@contextmanager
def _write_table(path: Path, schema: pa.Schema) -> Iterator[RowWriter]:
    with new_file(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        waiting: list[pa.Table] = []

        def append(columns: Mapping[str, Any]) -> None:
            waiting.append(pa.table(dict(columns), schema=schema))
            while sum(map(len, waiting)) >= ROWS_PER_GROUP:
                joined = pa.concat_tables(waiting)
                writer.write_table(joined.slice(0, ROWS_PER_GROUP), row_group_size=ROWS_PER_GROUP)
                waiting[:] = [joined.slice(ROWS_PER_GROUP)]

        yield append
        if waiting:
            writer.write_table(pa.concat_tables(waiting), row_group_size=ROWS_PER_GROUP)


def read_batches(
    path: Path, columns: Sequence[str] | None = None, rows: int = ROWS_PER_GROUP
) -> Iterator[pa.RecordBatch]:
    """Streams a table, `rows` at a time."""
    with _opened(path) as file:
        yield from file.iter_batches(batch_size=rows, columns=columns)


def read_columns(path: Path, columns: Iterable[str]) -> dict[str, list[Any]]:
    """Reads whole columns as lists."""
    with _opened(path) as file:
        table = file.read(columns=list(columns))
    return {name: table.column(name).to_pylist() for name in columns}


def read_metadata(path: Path) -> dict[str, Any]:
    """Gives what `write_table` was told of all rows."""
    with _opened(path) as file:
        return json.loads((file.schema_arrow.metadata or {}).get(b"decortique", b"{}"))


def count_rows(path: Path) -> int:
    """Gives the number of rows without reading them."""
    with _opened(path) as file:
        return file.metadata.num_rows


def splits(folder: Path) -> list[str]:
    """Names the tables of a folder of splits, in alphabetical order.

    Raises:
        StageError: the folder holds none.
    """
    found = sorted(path.stem for path in folder.glob("*.parquet"))
    if not found:
        raise StageError(f"{folder} holds no Parquet file: run `dvc repro` to make them")
    return found


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except FileNotFoundError:
        raise StageError(f"{path} is missing: run `dvc repro` to make it") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise StageError(f"{path} is not a sound Parquet file ({error}): run `dvc repro` to make it anew") from None
