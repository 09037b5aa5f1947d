from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from decortique.core.files import StageError
from decortique.core.tables import (
    CORPUS,
    ROWS_PER_GROUP,
    TOKENS,
    count_rows,
    embeddings_schema,
    read_batches,
    read_columns,
    read_metadata,
    splits,
    write_rows,
    write_table,
)

ROWS: dict[str, list[Any]] = {
    "id": ["a", "b", "c"],
    "text": ["un été", "line\nline", ":)"],
    "label": ["positive", None, "negative"],
    "score": [1.5, None, -0.0],
    "group": ["x", "x", "y"],
    "position": [0, 1, 0],
}


def numbered(start: int, stop: int) -> dict[str, list[Any]]:
    rows = range(start, stop)
    return {
        "id": [f"row-{row}" for row in rows],
        "input_ids": [[row, row % 7] for row in rows],
        "attention_mask": [[1, 1] for _ in rows],
        "length": [2 for _ in rows],
        "truncated": [row % 3 == 0 for row in rows],
    }


def write_numbered(path: Path, *borders: int) -> Path:
    with write_table(path, TOKENS) as append:
        for start, stop in pairwise(borders):
            append(numbered(start, stop))
    return path


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    with write_table(tmp_path / "train.parquet", CORPUS) as append:
        append(ROWS)
    assert read_columns(tmp_path / "train.parquet", CORPUS.names) == ROWS
    assert count_rows(tmp_path / "train.parquet") == 3


def test_objects_are_written_by_their_attributes(tmp_path: Path) -> None:
    rows = [SimpleNamespace(**dict(zip(ROWS, row, strict=True))) for row in zip(*ROWS.values(), strict=True)]
    write_rows(tmp_path / "train.parquet", CORPUS, rows, {"task": "film"})
    assert read_columns(tmp_path / "train.parquet", CORPUS.names) == ROWS
    assert read_metadata(tmp_path / "train.parquet") == {"task": "film"}


def test_requested_columns_come_in_the_requested_order(tmp_path: Path) -> None:
    with write_table(tmp_path / "train.parquet", CORPUS) as append:
        append(ROWS)
    assert list(read_columns(tmp_path / "train.parquet", ["text", "id"])) == ["text", "id"]
    (batch,) = read_batches(tmp_path / "train.parquet", ["id"])
    assert batch.schema.names == ["id"]


def test_vectors_come_back_exactly(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    with write_table(tmp_path / "v.parquet", embeddings_schema(3)) as append:
        append({"id": list("abcde"), "embedding": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), 3)})
    back = np.array(read_columns(tmp_path / "v.parquet", ["embedding"])["embedding"], np.float32)
    np.testing.assert_array_equal(back, vectors)


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_numbered(tmp_path / name, 0, 6000) for name in ("a.parquet", "b.parquet"))
    assert first.read_bytes() == second.read_bytes()


def test_the_batch_size_of_a_stage_does_not_change_its_table(tmp_path: Path) -> None:
    at_once = write_numbered(tmp_path / "a.parquet", 0, 10000)
    in_parts = write_numbered(tmp_path / "b.parquet", 0, 1, 1000, 5000, 5000, 9999, 10000)
    assert at_once.read_bytes() == in_parts.read_bytes()
    with pq.ParquetFile(in_parts) as file:
        sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    assert sizes == [ROWS_PER_GROUP, ROWS_PER_GROUP, 10000 - 2 * ROWS_PER_GROUP]


def test_no_row_is_lost_or_moved_between_row_groups(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.parquet", 0, 3000, 9000, 10000)
    assert read_columns(path, TOKENS.names) == numbered(0, 10000)
    streamed = [row for batch in read_batches(path, ["id"], rows=777) for row in batch.column("id").to_pylist()]
    assert streamed == numbered(0, 10000)["id"]


def test_an_empty_table_can_be_written_and_read(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.parquet")
    assert count_rows(path) == 0
    assert read_columns(path, ["id"]) == {"id": []}


def test_a_table_records_how_it_was_made(tmp_path: Path) -> None:
    with write_table(tmp_path / "a.parquet", TOKENS, {"encoder": "é", "tokenize": {"max_length": 8}}) as append:
        append(numbered(0, 1))
    assert read_metadata(tmp_path / "a.parquet") == {"encoder": "é", "tokenize": {"max_length": 8}}


def test_a_table_of_another_program_has_no_metadata_but_can_be_read(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "a.parquet")
    assert read_metadata(tmp_path / "a.parquet") == {}


def test_a_stopped_stage_leaves_the_old_table(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.parquet", 0, 3)

    def stop() -> None:
        with write_table(path, TOKENS) as append:
            append(numbered(0, 5000))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert count_rows(path) == 3
    assert [file.name for file in tmp_path.iterdir()] == ["a.parquet"]


@pytest.mark.parametrize("column", ["id", "text", "group", "position"])
def test_a_corpus_row_always_has_its_id_text_group_and_position(tmp_path: Path, column: str) -> None:
    missing = {**ROWS, column: [None, *ROWS[column][1:]]}
    with write_table(tmp_path / "good.parquet", CORPUS) as append:
        append(ROWS)
    with pytest.raises((ValueError, OSError)), write_table(tmp_path / "bad.parquet", CORPUS) as append:
        append(missing)
    assert [file.name for file in tmp_path.iterdir()] == ["good.parquet"]


@pytest.mark.parametrize("damage", ["text", "cut", "page"])
def test_a_damaged_table_is_named(tmp_path: Path, damage: str) -> None:
    path = write_numbered(tmp_path / "a.parquet", 0, 5000)
    whole = path.read_bytes()
    path.write_bytes(
        {
            "text": b"id,text\n",
            "cut": whole[:-20],
            "page": whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2 :],
        }[damage]
    )
    with pytest.raises(StageError, match=r"a\.parquet is not a valid Parquet file"):
        read_columns(path, TOKENS.names)
    with pytest.raises(StageError, match=r"a\.parquet is not a valid Parquet file"):
        list(read_batches(path))


def test_a_missing_table_says_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"a\.parquet is missing: run `dvc repro`"):
        count_rows(tmp_path / "a.parquet")


def test_the_splits_of_a_folder_come_in_one_order(tmp_path: Path) -> None:
    for name in ("validation", "test", "train"):
        write_numbered(tmp_path / f"{name}.parquet", 0, 1)
    (tmp_path / "rejected.jsonl").touch()
    assert splits(tmp_path) == ["test", "train", "validation"]


def test_a_folder_without_splits_says_how_they_are_made(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="holds no Parquet file: run `dvc repro`"):
        splits(tmp_path / "absent")
