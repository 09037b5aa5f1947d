import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, pipeline

from decortique.core.files import StageError
from decortique.data.settings import ClassificationHead, Head, RegressionHead
from decortique.models.batches import TokenRows
from decortique.models.folder import Predictions
from decortique.models.heads import Headed, Regression, load_headed, new_headed, save_headed
from decortique.models.pretrained import new_classifier, save_classifier
from decortique.models.tokenizer import load_tokenizer
from tests.conftest import TEXTS, edit_json

LABELS = ["negative", "positive"]
GRADES = torch.tensor([-3.0, 1.0, torch.nan, 2.0])


def decides(loss: str = "cross_entropy") -> ClassificationHead:
    return ClassificationHead(kind="classification", column="label", loss=loss)


HEADS: dict[str, Head] = {
    "polarity": decides(),
    "intensity": RegressionHead(kind="regression", column="score", loss="mse"),
    "tone": decides("binary"),
}


def headed(encoder: Path, heads: dict[str, Head] | None = None, seed: int = 0) -> Headed:
    """Return a model of random weights whose regression head has a scale of its own."""
    model = new_headed(encoder, LABELS, heads or HEADS, dropout=0.0, seed=seed)
    for head in model.extra_heads().values():
        if isinstance(head, Regression):
            head.fit_scale(GRADES)
    return model


def saved(model: Headed, encoder: Path, folder: Path) -> Path:
    folder.mkdir()
    save_headed(model, load_tokenizer(encoder), folder)
    return folder


@pytest.fixture
def folder(encoder: Path, tmp_path: Path) -> Path:
    """Save a model with three heads on the small BERT."""
    return saved(headed(encoder), encoder, tmp_path / "model")


def assert_same(predictions: Predictions, expected: Predictions) -> None:
    np.testing.assert_array_equal(predictions.probability, expected.probability)
    assert list(predictions.others) == list(expected.others)
    for name, output in expected.others.items():
        np.testing.assert_array_equal(predictions.others[name], output)


def test_each_head_of_a_saved_model_predicts_as_before(any_encoder: Path, rows: TokenRows, tmp_path: Path) -> None:
    model = headed(any_encoder)
    before = model.predict(rows, batch_size=8)
    again = load_headed(saved(model, any_encoder, tmp_path / "model"))
    assert_same(again.predict(rows, batch_size=8), before)
    assert again.primary == "polarity"
    assert list(before.others) == ["intensity", "tone"]
    assert before.others["intensity"].shape == (32,)
    assert before.others["tone"].shape == before.probability.shape == (32, 2)
    for output in (before.probability, *before.others.values()):
        assert len(np.unique(output.round(6), axis=0)) > 10


def test_a_saved_model_has_the_same_bytes_each_time(any_encoder: Path, tmp_path: Path) -> None:
    one, other = (saved(headed(any_encoder), any_encoder, tmp_path / name) for name in ("one", "other"))
    assert {path.name for path in one.iterdir()} >= {"heads.json", "heads.safetensors"}
    for path in one.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes(), path.name


def test_a_model_with_one_head_has_no_weights_beside_its_familys(
    encoder: Path, rows: TokenRows, tmp_path: Path
) -> None:
    model = headed(encoder, {"speaker": decides()})
    folder = saved(model, encoder, tmp_path / "model")
    assert not (folder / "heads.safetensors").exists()
    again = load_headed(folder)
    assert again.primary == "speaker"
    assert_same(again.predict(rows, batch_size=8), model.predict(rows, batch_size=8))


def theirs(folder: Path) -> np.ndarray:
    """Return the scores of transformers' own pipeline, (texts, classes)."""
    decided = pipeline("text-classification", str(folder), top_k=None, device="cpu")(TEXTS)
    return np.array(
        [[next(one["score"] for one in text if one["label"] == name) for name in LABELS] for text in decided]
    )


def test_transformers_loads_the_main_head_without_warnings_about_the_others(
    any_encoder: Path,
    rows: TokenRows,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = headed(any_encoder)
    expected = model.predict(rows, batch_size=8).probability
    folder = saved(model, any_encoder, tmp_path / "model")
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    caplog.clear()
    plain, loading = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    np.testing.assert_allclose(theirs(folder), expected, atol=1e-6)
    assert not any(loading.values())
    assert not caplog.records
    assert plain.state_dict().keys() == model.classifier.state_dict().keys()


def test_one_vs_rest_probabilities_are_those_of_transformers_scaled_to_one(
    encoder: Path, rows: TokenRows, tmp_path: Path
) -> None:
    """Their pipeline gives the sigmoids, which do not add up to one: the same ranking, and the same label."""
    model = headed(encoder, {"polarity": decides("binary")})
    ours = model.predict(rows, batch_size=8).probability
    sigmoids = theirs(saved(model, encoder, tmp_path / "model"))
    assert not np.allclose(sigmoids.sum(axis=1), 1, atol=0.01)
    np.testing.assert_allclose(ours, sigmoids / sigmoids.sum(axis=1, keepdims=True), atol=1e-6)
    np.testing.assert_array_equal(ours.argmax(axis=1), sigmoids.argmax(axis=1))
    assert_same(load_headed(tmp_path / "model").predict(rows, batch_size=8), Predictions(ours))


@pytest.mark.parametrize("loss", ["cross_entropy", "focal", "binary"])
def test_an_extra_head_interprets_its_logits_as_its_loss_does(encoder: Path, rows: TokenRows, loss: str) -> None:
    model = headed(encoder, {"polarity": decides(), "tone": decides(loss)}).eval()
    predictions = model.predict(rows, batch_size=8).others["tone"]
    ids = torch.from_numpy(rows[5][1]).long()[None]
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids))["tone"][0].double()
    powers = logits.sigmoid() if loss == "binary" else logits.exp()
    np.testing.assert_allclose(predictions[5], powers / powers.sum(), atol=1e-5)


def test_a_published_model_predicts_with_its_own_head(encoder: Path, rows: TokenRows, tmp_path: Path) -> None:
    save_classifier(new_classifier(encoder, LABELS, dropout=None, seed=0), load_tokenizer(encoder), tmp_path)
    predictions = load_headed(tmp_path)
    assert predictions.extra_heads() == {}
    output = predictions.predict(rows, batch_size=8)
    assert output.others == {}
    np.testing.assert_allclose(output.probability, theirs(tmp_path), atol=1e-6)


def test_the_first_head_is_the_familys_own_with_or_without_other_heads(any_encoder: Path) -> None:
    alone = new_classifier(any_encoder, LABELS, dropout=0.0, seed=0).state_dict()
    beside = headed(any_encoder).classifier.state_dict()
    assert alone.keys() == beside.keys()
    assert all(torch.equal(values, beside[name]) for name, values in alone.items())


def test_fresh_heads_come_from_the_seed(encoder: Path) -> None:
    first, again, other = (headed(encoder, seed=seed).others.state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(values, again[name]) for name, values in first.items())
    changed = {name for name, values in first.items() if not torch.equal(values, other[name])}
    assert changed == {name for name in first if ".linear." in name}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def other_width(path: Path) -> None:
    save_file(
        {name: torch.zeros(2, 7) if values.ndim == 2 else values for name, values in load_file(path).items()}, path
    )


def one_less(path: Path) -> None:
    save_file({name: values for name, values in load_file(path).items() if "tone" not in name}, path)


def other_kind(path: Path) -> None:
    edit_json(path, others={"intensity": {"kind": "ordinal"}})


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("heads.json", cut),
        ("heads.json", lambda path: path.write_text("[]", encoding="utf-8")),
        ("heads.json", lambda path: edit_json(path, primary=None)),
        ("heads.json", other_kind),
        ("heads.safetensors", cut),
        ("heads.safetensors", Path.unlink),
        ("heads.safetensors", lambda path: path.write_bytes(b"")),
        ("heads.safetensors", other_width),
        ("heads.safetensors", one_less),
    ],
    ids=["cut", "list", "no-primary", "other-kind", "weights-cut", "gone", "empty", "other-width", "one-less"],
)
def test_damaged_heads_are_named_with_the_remedy(folder: Path, file: str, damage: Callable[[Path], object]) -> None:
    damage(folder / file)
    with pytest.raises(StageError, match=rf"^{re.escape(str(folder))}.*run `dvc repro`$") as caught:
        load_headed(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_heads_without_their_encoder_are_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(StageError, match=rf"{re.escape(str(folder))}.*run `dvc repro`"):
        load_headed(folder)


def test_scores_are_on_the_scale_of_the_training_data(encoder: Path, rows: TokenRows) -> None:
    model = headed(encoder)
    head = model.extra_heads()["intensity"]
    assert isinstance(head, Regression)
    numbers = torch.tensor([990.0, torch.nan, 1000.0, 1010.0, torch.nan, 1000.0])
    head.fit_scale(numbers)
    deviation = (200 / 4) ** 0.5
    assert head.mean.item() == 1000
    assert head.deviation.item() == pytest.approx(deviation)
    standard = head.standardize(numbers[[0, 2, 3]]).tolist()
    assert standard == pytest.approx([-10 / deviation, 0, 10 / deviation], abs=1e-5)
    output = model.predict(rows, batch_size=8).others["intensity"]
    assert np.abs(output - 1000).max() < 10 * deviation
    assert output.std() > 0


def test_constant_scores_are_predicted_as_they_are(encoder: Path, rows: TokenRows) -> None:
    model = headed(encoder)
    head = model.extra_heads()["intensity"]
    assert isinstance(head, Regression)
    head.fit_scale(torch.full((5,), 7.0))
    np.testing.assert_allclose(model.predict(rows, batch_size=8).others["intensity"], 7.0, atol=1e-3)
    assert head.standardize(torch.full((5,), 7.0)).tolist() == [0.0] * 5


@pytest.mark.parametrize("batch_size", [1, 5, 100])
def test_each_text_gets_its_own_prediction_in_any_batch(any_encoder: Path, rows: TokenRows, batch_size: int) -> None:
    model, progress = headed(any_encoder), list[int]()
    predictions = model.predict(rows, batch_size=batch_size, done=progress.append)
    assert sum(progress) == len(rows)
    model.eval()
    for index in (0, 13, 31):
        ids = torch.from_numpy(rows[index][1]).long()[None]
        with torch.no_grad():
            alone = model(input_ids=ids, attention_mask=torch.ones_like(ids))
        np.testing.assert_allclose(predictions.probability[index], alone["polarity"][0].softmax(-1), atol=1e-5)
        assert predictions.others["intensity"][index] == pytest.approx(alone["intensity"].item(), abs=1e-4)
        sigmoids = alone["tone"][0].sigmoid()
        np.testing.assert_allclose(predictions.others["tone"][index], sigmoids / sigmoids.sum(), atol=1e-5)


def test_predictions_use_no_dropout(encoder: Path, rows: TokenRows) -> None:
    model = new_headed(encoder, LABELS, HEADS, dropout=0.5, seed=0).train()
    first, second = (model.predict(rows, batch_size=8) for _ in range(2))
    assert_same(second, first)


def test_the_format_of_saved_heads_does_not_change(folder: Path) -> None:
    assert json.loads((folder / "heads.json").read_text(encoding="utf-8")) == {
        "primary": "polarity",
        "others": {
            "intensity": {"kind": "regression"},
            "tone": {"kind": "classification", "labels": LABELS, "loss": "binary"},
        },
    }
