"""The Parquet tables that stages pass on: their schemas, and reading and writing them in a stream."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from decortique.core.files import StageError, new_file

ROWS_PER_GROUP = 4096  # part of the bytes of a file: the same rows give the same file only if it is fixed


TEXT, NUMBER, NUMBERS = pa.string(), pa.int32(), pa.list_(pa.int32())


def _schema(columns: Mapping[str, pa.DataType], nullable: Collection[str] = ()) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=name in nullable) for name, kind in columns.items()])


CORPUS = _schema(
    {"id": TEXT, "text": TEXT, "label": TEXT, "score": pa.float64(), "group": TEXT, "position": NUMBER},
    nullable=("label", "score"),
)
TOKENS = _schema(
    {"id": TEXT, "input_ids": NUMBERS, "attention_mask": NUMBERS, "length": NUMBER, "truncated": pa.bool_()}
)
# The cluster of a text by representation and method; null where it belongs to none.
CLUSTERS = _schema({"id": TEXT, "representation": TEXT, "method": TEXT, "cluster": NUMBER}, nullable=("cluster",))
# A word in two texts: `first_place` and `second_place` say which word of each it is, `same` whether in one sense.
WORD_PAIRS = _schema(
    {"lemma": TEXT, "kind": TEXT, "first": TEXT, "first_place": NUMBER, "second": TEXT, "second_place": NUMBER}
    | {"same": pa.bool_()}
)


def embeddings_schema(width: int) -> pa.Schema:
    """Return the schema of sentence vectors of `width` numbers."""
    return _schema({"id": TEXT, "embedding": pa.list_(pa.float32(), width)})


def predictions_schema(labels: Sequence[str], heads: Mapping[str, bool] | None = None) -> pa.Schema:
    """Return the schema of predictions; `heads` by name are true where they give probabilities, not one number."""
    probabilities = pa.struct([pa.field(label, pa.float64(), nullable=False) for label in labels])
    columns = {"id": TEXT, "approach": TEXT, "prediction": TEXT, "probability": probabilities}
    further = {f"head {name}": probabilities if classes else pa.float64() for name, classes in (heads or {}).items()}
    return _schema(columns | further)


@contextmanager
def write_table(
    path: Path, schema: pa.Schema, metadata: Mapping[str, Any] | None = None
) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Yield a function that appends columns (lists or arrays of one length) to a new table.

    It appears under `path` only when the block ends without an error; `read_metadata` returns its `metadata`.
    """
    schema = schema.with_metadata({"decortique": json.dumps(metadata or {}, sort_keys=True)})
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


def write_rows(path: Path, schema: pa.Schema, rows: Sequence[Any], metadata: Mapping[str, Any] | None = None) -> None:
    """Write a table of objects that have an attribute for each column."""
    with write_table(path, schema, metadata) as append:
        append({name: [getattr(row, name) for row in rows] for name in schema.names})


def read_batches(path: Path, columns: Sequence[str] | None = None, rows: int = 4096) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table, at most `rows` at a time."""
    with _opened(path) as file:
        yield from file.iter_batches(batch_size=rows, columns=columns)


def read_columns(path: Path, columns: Iterable[str]) -> dict[str, list[Any]]:
    """Return whole columns as lists."""
    with _opened(path) as file:
        table = file.read(columns=list(columns))
    return {name: table.column(name).to_pylist() for name in columns}


def read_metadata(path: Path) -> dict[str, Any]:
    """Return the metadata that `write_table` was given."""
    with _opened(path) as file:
        return json.loads((file.schema_arrow.metadata or {}).get(b"decortique", b"{}"))


def count_rows(path: Path) -> int:
    """Return the number of rows, without reading them."""
    with _opened(path) as file:
        return file.metadata.num_rows


def splits(folder: Path) -> list[str]:
    """Return the names of the tables of a folder, in alphabetical order; raise a `StageError` where it has none."""
    if not (names := sorted(path.stem for path in folder.glob("*.parquet"))):
        raise StageError(f"{folder} holds no Parquet file: run `dvc repro` to make them")
    return names


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a table; raise a `StageError` where it is missing or damaged."""
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except FileNotFoundError:
        raise StageError(f"{path} is missing: run `dvc repro` to make it") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise StageError(f"{path} is not a valid Parquet file ({error}): run `dvc repro` to make it anew") from None
