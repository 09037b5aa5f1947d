from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from decortique.core import paths
from decortique.core.files import StageError
from decortique.core.tables import CORPUS, write_table
from decortique.data.corpus import LabelledSplit, held_out

LABELS = ["low", "high"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(split: str, labels: Sequence[str | None] = ("high", "low", "high")) -> None:
    count = len(labels)
    with write_table(paths.corpus("film") / f"{split}.parquet", CORPUS) as append:
        append(
            {
                "id": [f"{split}-{index}" for index in range(count)],
                "text": ["a"] * count,
                "label": list(labels),
                "score": [0.5, None, -1.0][:count],
                "group": ["b", "a", "b"][:count],
                "position": [0, 0, 1][:count],
            }
        )


def test_only_splits_that_no_model_was_trained_on_are_evaluated() -> None:
    for split in ("train", "validation", "transfer-tweets", "unlabelled", "test", "pool", "transfer-editorials"):
        write(split)
    assert list(held_out("film").items()) == [
        ("test", "test"),
        ("editorials", "transfer-editorials"),
        ("tweets", "transfer-tweets"),
    ]


def test_a_task_without_a_corpus_is_refused_with_the_command_that_makes_it() -> None:
    with pytest.raises(StageError, match=r"corpus/film holds no Parquet file: run `dvc repro`"):
        held_out("film")


def test_rows_are_read_with_their_scores_groups_and_positions() -> None:
    write("test")
    result = LabelledSplit.read("film", "test", LABELS, keep_groups=True)
    assert (result.split, result.labels) == ("test", LABELS)
    assert result.ids == ["test-0", "test-1", "test-2"]
    assert result.truth.tolist() == [1, 0, 1]
    assert (result.groups, result.positions) == (["b", "a", "b"], [0, 0, 1])
    np.testing.assert_array_equal(result.scores, [0.5, np.nan, -1.0])


def test_groups_are_read_only_when_they_are_kept() -> None:
    write("test")
    whole, alone = (LabelledSplit.read("film", "test", LABELS, keep_groups=keep).together for keep in (True, False))
    assert whole is not None
    assert whole.tolist() == [1, 0, 1]
    assert alone is None


def test_rows_without_a_label_are_read_too() -> None:
    write("unlabelled", [None, "high", None])
    assert LabelledSplit.read("film", "unlabelled", LABELS, keep_groups=False).truth.tolist() == [-1, 1, -1]
