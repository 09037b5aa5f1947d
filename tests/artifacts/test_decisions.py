from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from stages.artifacts.decisions import Decisions, read_decisions, write_decisions
from stages.errors import StageError

LABELS = ["negative", "neutral", "positive"]


def decided(texts: int, teacher: str | None = None) -> Decisions:
    probability = np.random.default_rng(0).dirichlet(np.ones(3), size=texts)
    return Decisions([f"row-{number}" for number in range(texts)], probability, teacher)


def test_decisions_come_back_exactly(tmp_path: Path) -> None:
    written = decided(5000, teacher="transformer")
    write_decisions(tmp_path, "test", "student", LABELS, written)
    back = read_decisions(tmp_path, "test", LABELS)
    assert back.ids == written.ids
    assert back.teacher == "transformer"
    np.testing.assert_array_equal(back.probability, written.probability)


def test_the_hand_in_file_has_one_label_a_line_in_the_order_of_the_texts(tmp_path: Path) -> None:
    probability = np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0]])
    write_decisions(tmp_path, "test", "bag-of-words", LABELS, Decisions(["c", "a", "b"], probability, None))
    assert (tmp_path / "test.txt").read_bytes() == b"positive\nnegative\nneutral\n"
    table = pq.read_table(tmp_path / "test.parquet").to_pylist()
    assert [row["decision"] for row in table] == ["positive", "negative", "neutral"]
    assert table[0] == {
        "id": "c",
        "approach": "bag-of-words",
        "decision": "positive",
        "probability": {"negative": 0.1, "neutral": 0.2, "positive": 0.7},
    }


def test_no_texts_give_no_decisions(tmp_path: Path) -> None:
    write_decisions(tmp_path, "test", "bag-of-words", LABELS, Decisions([], np.empty((0, 3)), None))
    assert read_decisions(tmp_path, "test", LABELS).probability.shape == (0, 3)
    assert (tmp_path / "test.txt").read_bytes() == b""


@pytest.mark.parametrize("labels", [["negative", "positive"], ["positive", "neutral", "negative"]])
def test_decisions_between_other_labels_are_not_scored(tmp_path: Path, labels: list[str]) -> None:
    write_decisions(tmp_path, "test", "bag-of-words", LABELS, decided(2))
    with pytest.raises(StageError, match=r"test\.parquet decides between .*neutral.* run `dvc repro`"):
        read_decisions(tmp_path, "test", labels)


def test_missing_decisions_say_how_they_are_made(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"test\.parquet is missing"):
        read_decisions(tmp_path, "test", LABELS)
