"""Test the NumPy side of a static student: it must predict what the trained model predicts."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerBase

from decortique.core.files import StageError, read_json
from decortique.core.settings import Compute
from decortique.distillation.student import Static
from decortique.models import static
from decortique.models.batches import TokenRows
from decortique.models.encoder_files import prefix_texts
from decortique.models.folder import Manifest
from decortique.models.loading import load_classifier
from decortique.models.static import StaticClassifier
from decortique.models.tokenizer import load_tokenizer, tokenize_texts
from tests.conftest import TEXTS, VOCABULARY, edit_json, tokenize_settings, write_encoder

LABELS = ["negative", "positive"]
POOLINGS = ["mean", "mean_max"]
LONG = "the film was very good , the plot was awful " * 20
ODD = ["", "   ", "zzz", "zzz 漢字 qqq", LONG, "good", "[SEP]", "a [CLS] film"]


def nothing(_: int) -> None:
    pass


def model_of(pooling: str, classes: int = 2) -> Static:
    """Return a static model with distinct weights."""
    torch.manual_seed(0)
    model = Static(torch.randn(len(VOCABULARY), 6), classes, skipped=[0, 2, 3, 4], pooling=pooling, token_dropout=0.4)
    with torch.no_grad():
        model.weights.normal_()
    return model


def saved(model: Static, tokenizer: PreTrainedTokenizerBase, folder: Path) -> StaticClassifier:
    folder.mkdir(exist_ok=True)
    model.save(tokenizer, folder)
    return StaticClassifier.load(folder)


@pytest.fixture(params=POOLINGS)
def model(request: pytest.FixtureRequest) -> Static:
    return model_of(request.param)


def both(
    model: Static, tokenizer: PreTrainedTokenizerBase, folder: Path, texts: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the predictions of NumPy and of torch."""
    rows = TokenRows.of(tokenize_texts(tokenizer, texts).input_ids)
    return (
        saved(model, tokenizer, folder).predict(texts, nothing).probability,
        model.predict(rows, batch_size=8).probability,
    )


@pytest.mark.parametrize(
    "texts",
    [TEXTS, ODD, [*ODD, *TEXTS], [""], ["", ""], ["zzz"]],
    ids=["plain", "odd", "all", "none", "two", "unknown"],
)
def test_a_static_student_predicts_like_the_trained_model(
    model: Static, tokenizer: PreTrainedTokenizerBase, tmp_path: Path, texts: list[str]
) -> None:
    result, expected = both(model, tokenizer, tmp_path, texts)
    np.testing.assert_allclose(result, expected, atol=1e-6)
    assert result.shape == (len(texts), 2)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result.sum(axis=1), 1)


def test_a_prediction_does_not_depend_on_the_batch(
    model: Static, tokenizer: PreTrainedTokenizerBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [*ODD, *TEXTS]
    progress: list[int] = []
    classifier = saved(model, tokenizer, tmp_path)
    whole = classifier.predict(texts, nothing).probability
    turned = classifier.predict(texts[::-1], nothing).probability[::-1]
    monkeypatch.setattr(static, "CHUNK", 3)
    chunks = classifier.predict(texts, progress.append).probability
    for result in (turned, chunks):
        np.testing.assert_allclose(result, whole, atol=1e-7)
    assert progress == [3] * 13 + [1]
    assert len(np.unique(whole.round(6), axis=0)) > 20


def test_no_texts_are_accepted(model: Static, tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    assert saved(model, tokenizer, tmp_path).predict([], nothing).probability.shape == (0, 2)


def test_an_empty_text_is_predicted_by_the_bias(
    model: Static, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    result = saved(model, tokenizer, tmp_path).predict(["", "good"], nothing).probability
    expected = model.linear.bias.detach().double().softmax(-1)
    np.testing.assert_allclose(result[0], expected, atol=1e-6)
    assert not np.allclose(result[1], expected, atol=1e-3)


def test_unknown_words_count_but_special_tokens_do_not(
    model: Static, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    predictions = saved(model, tokenizer, tmp_path).predict(["good", "good zzz", "good [SEP]", "good [MASK]"], nothing)
    assert not np.allclose(predictions.probability[1], predictions.probability[0], atol=1e-3)
    np.testing.assert_array_equal(predictions.probability[2:], predictions.probability[[0, 0]])


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_long_text_is_truncated_as_in_training(encoder: Path, model: Static, tmp_path: Path, side: str) -> None:
    tokenizer = load_tokenizer(encoder, tokenize_settings(max_length=6, truncation_side=side))
    result, expected = both(model, tokenizer, tmp_path, [LONG, "dull film was very good , good", *TEXTS])
    np.testing.assert_allclose(result, expected, atol=1e-6)
    cut = {"left": "very good , good", "right": "dull film was very"}[side]
    again = StaticClassifier.load(tmp_path).predict([cut], nothing).probability
    np.testing.assert_allclose(result[1:2], again, atol=1e-6)


def test_a_prefix_of_the_encoder_is_read_before_every_text(model: Static, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "encoder")
    prefix_texts(folder, "the plot was ")
    result, expected = both(model, load_tokenizer(folder), tmp_path / "model", [*TEXTS, *ODD])
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_padding_that_a_tokenizer_was_saved_with_changes_nothing(
    model: Static, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    expected = saved(model, tokenizer, tmp_path / "plain").predict(TEXTS, nothing).probability
    tokenizer.backend_tokenizer.enable_padding(length=30, pad_id=5)
    tokenizer.backend_tokenizer.enable_truncation(3)
    result = saved(model, tokenizer, tmp_path / "padded").predict(TEXTS, nothing).probability
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_there_may_be_more_than_two_labels(tokenizer: PreTrainedTokenizerBase, tmp_path: Path, pooling: str) -> None:
    result, expected = both(model_of(pooling, classes=3), tokenizer, tmp_path, TEXTS)
    assert result.shape == (32, 3)
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_a_student_is_saved_without_its_trainings_dropped_tokens(
    model: Static, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    first = saved(model.train(), tokenizer, tmp_path / "train").predict(TEXTS, nothing).probability
    np.testing.assert_array_equal(
        saved(model.eval(), tokenizer, tmp_path / "eval").predict(TEXTS, nothing).probability, first
    )


@pytest.fixture
def approach(model: Static, tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> Path:
    """Write a folder of data/models/<task>/."""
    folder = tmp_path / "static"
    saved(model, tokenizer, folder)
    Manifest(kind="static", labels=LABELS, teacher="transformer").write(folder)
    return folder


def test_a_static_student_is_loaded_like_any_other_approach(approach: Path, one_thread: Compute) -> None:
    progress: list[int] = []
    manifest, result = load_classifier(approach, one_thread)
    predictions = result.predict(TEXTS, progress.append)
    assert (manifest.kind, manifest.teacher) == ("static", "transformer")
    assert predictions.probability.shape == (32, 2)
    assert predictions.others == {}
    assert sum(progress) == 32


def test_a_static_student_predicts_without_torch_and_transformers(approach: Path) -> None:
    """Small machines have neither the time nor the space for them."""
    program = (
        "import sys; from pathlib import Path\n"
        "from decortique.models.loading import load_classifier\n"
        "from decortique.core.settings import Compute\n"
        "_, found = load_classifier(Path(sys.argv[1]), Compute(threads=1, device='cpu', batch_size=8))\n"
        "print(repr(found.predict(['a good film'], lambda _: None).probability[0, 1]))\n"
        "print([name for name in ('torch', 'transformers', 'sklearn', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(approach)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    predictions, loaded = done.stdout.splitlines()
    expected = StaticClassifier.load(approach).predict(["a good film"], nothing).probability[0, 1]
    assert predictions == repr(expected)
    assert loaded == "[]"


def missing(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def damaged(name: str, content: bytes = b"this is no such file") -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return damage


def without_weights(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    del weights["linear"]
    save_file(weights, folder / "model.safetensors")


@pytest.mark.parametrize(
    "damage",
    [
        missing("config.json"),
        missing("tokenizer.json"),
        missing("model.safetensors"),
        damaged("config.json"),
        damaged("config.json", b"{}"),
        damaged("tokenizer.json"),
        damaged("tokenizer.json", b'{"model": {}}'),
        damaged("model.safetensors"),
        damaged("model.safetensors", b""),
        without_weights,
        lambda folder: edit_json(folder / "config.json", max_length="long"),
        lambda folder: edit_json(folder / "config.json", truncation_side="middle"),
        lambda folder: edit_json(folder / "config.json", model_type="bert"),
    ],
)
def test_a_damaged_static_student_is_reported_in_one_line_with_the_remedy(
    approach: Path, one_thread: Compute, damage: Callable[[Path], None]
) -> None:
    damage(approach)
    with pytest.raises(StageError, match=r"static.*run `dvc repro`") as caught:
        load_classifier(approach, one_thread)
    assert "\n" not in str(caught.value)


def test_a_static_student_describes_itself(approach: Path) -> None:
    config = read_json(approach / "config.json")
    assert config["model_type"] == "decortique-static"
    assert config["max_length"] == 32
    assert config["truncation_side"] == "right"
