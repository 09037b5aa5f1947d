"""What a notebook gets of a split: typed columns, from the disk, as the corpus has them now."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

from decortique.core import paths
from decortique.core.files import StageError
from decortique.core.tables import CORPUS, write_table
from decortique.data.dataset import load_split

COUNT = 5000  # more than one group of rows


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("train")


def write(split: str, text: str = "a film", label: str | None = "positive", count: int = COUNT) -> None:
    about = {"task": "film", "labels": ["negative", "positive"]}
    with write_table(paths.corpus("film") / f"{split}.parquet", CORPUS, about) as append:
        append(
            {
                "id": [f"{split}-{number}" for number in range(count)],
                "text": [text] * count,
                "label": [label] * count,
                "score": [0.5, None] * (count // 2),
                "group": ["one"] * count,
                "position": list(range(count)),
            }
        )


def test_a_split_has_typed_columns_and_the_rows_of_the_corpus() -> None:
    rows = load_split("film", "train")
    assert {name: feature.dtype for name, feature in rows.features.items()} == {
        "id": "string",
        "text": "string",
        "label": "int64",
        "score": "float64",
        "group": "string",
        "position": "int32",
    }
    assert rows.features["label"].names == ["negative", "positive"]
    assert len(rows) == COUNT
    assert rows[COUNT - 1] == {
        "id": f"train-{COUNT - 1}",
        "text": "a film",
        "label": 1,
        "score": None,
        "group": "one",
        "position": COUNT - 1,
    }


def test_rows_without_a_label_have_none() -> None:
    write("unlabelled", label=None)
    assert load_split("film", "unlabelled")[0]["label"] is None


def test_a_split_is_read_from_one_mapped_file_of_the_project_and_not_into_memory() -> None:
    (mapped,) = (Path(file["filename"]) for file in load_split("film", "train").cache_files)
    assert mapped.resolve().is_relative_to(Path(".cache").resolve())
    assert load_split("film", "train").cache_files == [{"filename": str(mapped)}]


def test_a_changed_split_is_reread_and_its_old_copy_removed() -> None:
    load_split("film", "train")
    write("train", text="another film")
    assert load_split("film", "train")[0]["text"] == "another film"
    assert len(list(Path(".cache").rglob("*.arrow"))) == 1


def test_a_data_loader_takes_a_split() -> None:
    rows = load_split("film", "train").select_columns(["text", "label"])
    batch = next(iter(DataLoader(rows, batch_size=32, shuffle=True)))
    assert batch["text"] == ["a film"] * 32
    assert torch.equal(batch["label"], torch.ones(32, dtype=torch.int64))


def test_a_missing_split_is_refused_with_the_available_ones() -> None:
    with pytest.raises(StageError, match=r"film has no split 'tests' \(it has: train\)"):
        load_split("film", "tests")


def test_a_task_without_a_corpus_is_refused_with_the_command_that_makes_it() -> None:
    with pytest.raises(StageError, match="run `dvc repro`"):
        load_split("music", "train")


def test_nothing_is_written_into_the_home_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    code = "from decortique.data.dataset import load_split; print(load_split('film', 'train')[0]['label'])"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG_"))}
    environment = kept | {"HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
    assert list(home.iterdir()) == []
