from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score, f1_score, log_loss

from decortique.core.files import StageError
from decortique.data.settings import ClassificationHead, Head, RegressionHead
from decortique.models.batches import Examples, TokenRows
from decortique.models.heads import Headed, new_headed
from decortique.models.training import evaluate
from tests.conftest import CLASSES

LABELS = ["negative", "positive"]
POLARITY = ClassificationHead(kind="classification", column="label", loss="cross_entropy")
INTENSITY = RegressionHead(kind="regression", column="score", loss="mse")
SCORES = np.array([np.nan if index % 5 == 3 else index % 7 - 3 for index in range(32)], np.float32)


@pytest.fixture
def examples(rows: TokenRows) -> Examples:
    return Examples(rows, np.array(CLASSES), SCORES)


def headed(encoder: Path, **others: Head) -> Headed:
    return new_headed(encoder, LABELS, {"polarity": POLARITY, **others}, dropout=0.0, seed=0)


def test_a_model_with_one_head_has_the_plain_measures(encoder: Path, examples: Examples) -> None:
    model = headed(encoder)
    probability = model.predict(examples.rows, batch_size=8).probability
    predicted = probability.argmax(axis=1)
    assert evaluate(model, examples, 8) == {
        "accuracy": pytest.approx(accuracy_score(CLASSES, predicted)),
        "macro_f1": pytest.approx(f1_score(CLASSES, predicted, average="macro")),
        "log_loss": pytest.approx(log_loss(CLASSES, probability)),
    }


def test_a_regression_head_is_measured_on_the_texts_with_a_score(encoder: Path, examples: Examples) -> None:
    model = headed(encoder, intensity=INTENSITY)
    predictions = model.predict(examples.rows, batch_size=8).others["intensity"]
    known = np.isfinite(SCORES)
    result = evaluate(model, examples, 8)
    assert list(result) == ["accuracy", "macro_f1", "log_loss", "intensity/spearman", "intensity/mae"]
    assert result["intensity/spearman"] == pytest.approx(spearmanr(SCORES[known], predictions[known]).statistic)
    assert result["intensity/mae"] == pytest.approx(np.abs(SCORES - predictions)[known].mean())


@pytest.mark.parametrize(
    ("scores", "measured"), [(np.full(32, np.nan), set()), (np.full(32, 2.0), {"intensity/mae"})], ids=["none", "same"]
)
def test_an_undefined_regression_measure_does_not_stop_a_training(
    encoder: Path, rows: TokenRows, scores: np.ndarray, measured: set[str], recwarn: pytest.WarningsRecorder
) -> None:
    """The training loop treats a NaN score as a sign of broken weights."""
    examples = Examples(rows, np.array(CLASSES), scores.astype(np.float32))
    result = evaluate(headed(encoder, intensity=INTENSITY), examples, 8)
    assert set(result) == {"accuracy", "macro_f1", "log_loss", *measured}
    assert np.isfinite(list(result.values())).all()
    assert not [one for one in recwarn if issubclass(one.category, RuntimeWarning)]


def test_an_extra_head_is_measured_under_its_own_name(encoder: Path, examples: Examples) -> None:
    model = headed(encoder, tone=POLARITY)
    result = evaluate(model, examples, 8)
    predictions = model.predict(examples.rows, batch_size=8).others["tone"]
    assert result["tone/accuracy"] == pytest.approx(accuracy_score(CLASSES, predictions.argmax(axis=1)))
    assert result["tone/log_loss"] == pytest.approx(log_loss(CLASSES, predictions))
    assert result["tone/log_loss"] != result["log_loss"]


def test_the_batch_size_does_not_change_the_measures(any_encoder: Path, examples: Examples) -> None:
    model = headed(any_encoder, intensity=INTENSITY)
    assert evaluate(model, examples, 5) == pytest.approx(evaluate(model, examples, 32), rel=1e-4)


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tokens_that_do_not_match_the_corpus_are_refused(chain: Path) -> None:
    from decortique.core import paths
    from decortique.core.tables import CORPUS, TOKENS, write_table

    with write_table(paths.corpus("opinion") / "train.parquet", CORPUS) as append:
        append(
            {
                "id": ["a", "b"],
                "text": ["good", "bad"],
                "label": ["positive", "negative"],
                "score": [None, None],
                "group": ["a", "b"],
                "position": [0, 0],
            }
        )
    for ids in (["a", "b"], ["b", "a"]):
        with write_table(paths.tokens("opinion") / "train.parquet", TOKENS) as append:
            append(
                {
                    "id": ids,
                    "input_ids": [[2, 5, 3], [2, 3]],
                    "attention_mask": [[1, 1, 1], [1, 1]],
                    "length": [3, 2],
                    "truncated": [False, False],
                }
            )
        if ids == ["a", "b"]:
            result = Examples.read("opinion", "train", LABELS)
            assert result.labels.tolist() == [1, 0]
            assert result.rows.lengths.tolist() == [3, 2]
    with pytest.raises(StageError, match=r"tokens.*does not hold the rows of .*corpus"):
        Examples.read("opinion", "train", LABELS)
