from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from decortique.core.files import StageError
from decortique.models.predictions import PredictionTable, read_predictions, write_predictions

LABELS = ["negative", "neutral", "positive"]


def predicted(texts: int, teacher: str | None = None) -> PredictionTable:
    """Return predictions unrelated to the probabilities, as those over a stream may be."""
    random = np.random.default_rng(0)
    ids = [f"row-{number}" for number in range(texts)]
    return PredictionTable(ids, random.integers(3, size=texts), random.dirichlet(np.ones(3), size=texts), teacher)


def test_predictions_are_read_exactly_as_written(tmp_path: Path) -> None:
    written = predicted(5000, teacher="transformer")
    write_predictions(tmp_path, "test", "student", LABELS, written)
    back = read_predictions(tmp_path, "test", LABELS, written.ids)
    assert back.ids == written.ids
    assert back.teacher == "transformer"
    np.testing.assert_array_equal(back.prediction, written.prediction)
    np.testing.assert_array_equal(back.probability, written.probability)
    assert (back.prediction != back.probability.argmax(axis=1)).any()


def test_predictions_of_extra_heads_are_read_exactly_as_written(tmp_path: Path) -> None:
    plain, random = predicted(5000), np.random.default_rng(1)
    others = {"warmth": random.normal(size=5000), "accent": random.dirichlet(np.ones(3), size=5000)}
    written = PredictionTable(plain.ids, plain.prediction, plain.probability, others=others)
    write_predictions(tmp_path, "test", "transformer", LABELS, written)
    back = read_predictions(tmp_path, "test", LABELS, written.ids)
    assert back.others.keys() == others.keys()
    for name, expected in others.items():
        np.testing.assert_array_equal(back.others[name], expected)
    np.testing.assert_array_equal(back.probability, plain.probability)
    row = pq.read_table(tmp_path / "test.parquet").to_pylist()[7]
    assert row["head warmth"] == others["warmth"][7]
    assert list(row["head accent"].values()) == others["accent"][7].tolist()
    assert list(row["head accent"]) == LABELS


def test_extra_heads_do_not_change_the_submission(tmp_path: Path) -> None:
    plain = predicted(50)
    more = PredictionTable(plain.ids, plain.prediction, plain.probability, others={"warmth": np.arange(50.0)})
    write_predictions(tmp_path / "plain", "test", "student", LABELS, plain)
    write_predictions(tmp_path / "more", "test", "student", LABELS, more)
    for name in ("test.txt", "test.scores.txt"):
        assert (tmp_path / "plain" / name).read_bytes() == (tmp_path / "more" / name).read_bytes()


def test_an_approach_without_extra_heads_stores_none(tmp_path: Path) -> None:
    write_predictions(tmp_path, "test", "bag-of-words", LABELS, predicted(20))
    assert read_predictions(tmp_path, "test", LABELS, predicted(20).ids).others == {}
    assert pq.read_schema(tmp_path / "test.parquet").names == ["id", "approach", "prediction", "probability"]


def test_the_hand_in_files_have_a_line_per_text_in_the_order_of_the_texts(tmp_path: Path) -> None:
    probability = np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0], [0.4, 0.6, 0.00001234567], [0.0, 0.0, 1.0]])
    prediction = np.array([2, 0, 2, 1])  # the last two against the probabilities
    given = PredictionTable(["c", "a", "b", "d"], prediction, probability)
    write_predictions(tmp_path, "test", "bag-of-words", LABELS, given)
    assert (tmp_path / "test.txt").read_bytes() == b"positive\nnegative\npositive\nneutral\n"
    assert (tmp_path / "test.scores.txt").read_bytes() == b"0.7\n0\n1.23457e-05\n1\n"
    table = pq.read_table(tmp_path / "test.parquet").to_pylist()
    assert [row["prediction"] for row in table] == ["positive", "negative", "positive", "neutral"]
    assert [row["id"] for row in table] == ["c", "a", "b", "d"]
    assert table[0] == {
        "id": "c",
        "approach": "bag-of-words",
        "prediction": "positive",
        "probability": {"negative": 0.1, "neutral": 0.2, "positive": 0.7},
    }


def test_no_texts_give_no_decisions(tmp_path: Path) -> None:
    nothing = PredictionTable([], np.empty(0, int), np.empty((0, 3)))
    write_predictions(tmp_path, "test", "bag-of-words", LABELS, nothing)
    back = read_predictions(tmp_path, "test", LABELS, [])
    assert (back.ids, back.prediction.shape, back.probability.shape) == ([], (0,), (0, 3))
    assert (tmp_path / "test.txt").read_bytes() == (tmp_path / "test.scores.txt").read_bytes() == b""


def test_scores_rank_texts_as_the_probabilities_of_the_last_label_do(tmp_path: Path) -> None:
    given = predicted(200)
    write_predictions(tmp_path, "test", "student", LABELS, given)
    scores = [float(line) for line in (tmp_path / "test.scores.txt").read_text(encoding="utf-8").splitlines()]
    np.testing.assert_allclose(scores, given.probability[:, -1], rtol=1e-5)


@pytest.mark.parametrize("labels", [["negative", "positive"], ["positive", "neutral", "negative"]])
def test_predictions_between_other_labels_are_not_scored(tmp_path: Path, labels: list[str]) -> None:
    write_predictions(tmp_path, "test", "bag-of-words", LABELS, predicted(2))
    with pytest.raises(StageError, match=r"test\.parquet predicts between .*neutral.* run `dvc repro`"):
        read_predictions(tmp_path, "test", labels, predicted(2).ids)


def test_missing_predictions_say_how_they_are_made(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"test\.parquet is missing"):
        read_predictions(tmp_path, "test", LABELS, [])


@pytest.mark.parametrize("rows", [["row-1", "row-0"], ["row-0"], ["row-0", "row-1", "row-2"]])
def test_predictions_on_other_rows_than_those_of_the_corpus_are_refused(tmp_path: Path, rows: list[str]) -> None:
    write_predictions(tmp_path, "test", "bag-of-words", LABELS, predicted(2))
    with pytest.raises(StageError, match=r"test\.parquet is not about the rows of the corpus: run `dvc repro`"):
        read_predictions(tmp_path, "test", LABELS, rows)
