import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoTokenizer

from decortique.core.files import StageError
from decortique.core.settings import Compute
from decortique.data.settings import ClassificationHead, Head, RegressionHead
from decortique.models import onnx
from decortique.models.encoder_files import prefix_texts
from decortique.models.folder import Manifest
from decortique.models.heads import TransformerClassifier, new_headed, save_headed
from decortique.models.loading import load_classifier
from decortique.models.onnx import OnnxClassifier, padded, write_onnx
from decortique.models.tokenizer import load_tokenizer, tokenize_texts
from tests.conftest import TEXTS, edit_json, tokenize_settings, write_encoder
from tests.models.made_graph import traced_once

ROOT = Path(__file__).parents[2]
LABELS = ["negative", "positive"]
LONG = " ".join(["the film was very good , the plot was awful"] * 4)  # 42 tokens, more than the encoders have positions
ALL = [LONG, *TEXTS, "", "good"]


def saved(encoder: Path, folder: Path, loss: str = "cross_entropy", **tokenize: object) -> Path:
    """Save a model with two heads."""
    heads: dict[str, Head] = {
        "polarity": ClassificationHead(kind="classification", column="label", loss=loss),
        "intensity": RegressionHead(kind="regression", column="score", loss="mse"),
    }
    folder.mkdir()
    model = new_headed(encoder, LABELS, heads, dropout=0.0, seed=0)
    save_headed(model, load_tokenizer(encoder, tokenize_settings(**tokenize)), folder)
    return folder


def exported(source: Path, folder: Path) -> Path:
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx, "traced", traced_once)
        write_onnx(source, folder)
    Manifest(kind="onnx", labels=LABELS).write(folder)
    return folder


@pytest.fixture(scope="module")
def source(any_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a model of each family that takes 12 tokens."""
    return saved(any_encoder, tmp_path_factory.mktemp("models") / "model", max_length=12)


@pytest.fixture(scope="module")
def folder(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export the same model."""
    return exported(source, tmp_path_factory.mktemp("exports") / "model")


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export a BERT, to be damaged in copies."""
    folder = tmp_path_factory.mktemp("damaged")
    source = saved(write_encoder(folder / "encoder"), folder / "model", max_length=12)
    return exported(source, folder / "exported")


def predict_texts(folder: Path, texts: list[str], batch_size: int = 8) -> np.ndarray:
    result = OnnxClassifier.load(folder, Compute(threads=1, device="cpu", batch_size=batch_size)).predict(
        texts, lambda _: None
    )
    assert result.others == {}
    return result.probability


def test_an_exported_model_predicts_nearly_as_the_transformer(source: Path, folder: Path, one_thread: Compute) -> None:
    expected = TransformerClassifier.load(source, one_thread).predict(ALL, lambda _: None).probability
    result = predict_texts(folder, ALL)
    np.testing.assert_allclose(result, expected, atol=0.01)
    assert np.corrcoef(result[:, 1], expected[:, 1])[0, 1] > 0.99
    np.testing.assert_allclose(result.sum(axis=1), 1)


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_each_text_gets_its_own_prediction_in_any_batch(folder: Path, one_thread: Compute, batch_size: int) -> None:
    progress: list[int] = []
    _, classifier = load_classifier(folder, one_thread.model_copy(update={"batch_size": batch_size}))
    together = classifier.predict(ALL, progress.append).probability
    alone = [predict_texts(folder, [text])[0] for text in ALL]
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert sum(progress) == len(ALL)
    assert max(progress) == min(batch_size, len(ALL))


def test_a_too_long_text_is_truncated_as_before(source: Path, folder: Path) -> None:
    theirs = tokenize_texts(load_tokenizer(source), ALL).input_ids
    classifier = OnnxClassifier.load(folder, Compute(threads=1, device="cpu", batch_size=8))
    assert [encoding.ids for encoding in classifier.tokenizer.encode_batch(ALL)] == theirs
    assert max(map(len, theirs)) == 12


def test_truncation_at_the_beginning_is_kept(encoder: Path, tmp_path: Path) -> None:
    source = saved(encoder, tmp_path / "model", max_length=9, truncation_side="left", padding_side="left")
    folder = exported(source, tmp_path / "exported")
    classifier = OnnxClassifier.load(folder, Compute(threads=1, device="cpu", batch_size=8))
    ids = [encoding.ids for encoding in classifier.tokenizer.encode_batch(ALL)]
    assert ids == tokenize_texts(load_tokenizer(source), ALL).input_ids
    assert classifier.tokenizer.decode(ids[0]).endswith("the plot was awful")


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_a_tokenizer_without_a_length_truncates_at_the_last_position(tmp_path: Path, family: str) -> None:
    source = saved(write_encoder(tmp_path / family, family), tmp_path / "model")
    edit_json(source / "tokenizer_config.json", model_max_length=None, max_length=None)
    folder = exported(source, tmp_path / "exported")
    assert np.isfinite(predict_texts(folder, [LONG * 3, "good"])).all()


def test_the_prefix_of_an_encoder_comes_with_its_tokenizer(tmp_path: Path) -> None:
    encoder = write_encoder(tmp_path / "encoder")
    prefix_texts(encoder, "the film: ")
    source = saved(encoder, tmp_path / "model", max_length=12)
    folder = exported(source, tmp_path / "exported")
    classifier = OnnxClassifier.load(folder, Compute(threads=1, device="cpu", batch_size=8))
    assert classifier.tokenizer.encode("was good").tokens == ["[CLS]", "the", "film", "[UNK]", "was", "good", "[SEP]"]


def test_other_programs_can_load_the_tokenizer(source: Path, folder: Path) -> None:
    before, after = (AutoTokenizer.from_pretrained(one, local_files_only=True) for one in (source, folder))
    assert after(ALL, truncation=True)["input_ids"] == before(ALL, truncation=True)["input_ids"]
    assert after.model_max_length == 12


def test_one_vs_rest_predictions_are_scaled_to_one(encoder: Path, tmp_path: Path, one_thread: Compute) -> None:
    source = saved(encoder, tmp_path / "model", loss="binary")
    expected = TransformerClassifier.load(source, one_thread).predict(TEXTS, lambda _: None).probability
    result = predict_texts(exported(source, tmp_path / "exported"), TEXTS)
    np.testing.assert_allclose(result, expected, atol=0.01)
    assert np.corrcoef(result[:, 1], expected[:, 1])[0, 1] > 0.99


def test_no_texts_are_accepted(bert: Path) -> None:
    assert predict_texts(bert, []).shape == (0, 2)


def test_an_exported_model_predicts_without_torch_and_transformers(bert: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from decortique.models.loading import load_classifier\n"
        "from decortique.core.settings import Compute\n"
        "_, found = load_classifier(Path(sys.argv[1]), Compute(threads=1, device='cpu', batch_size=8))\n"
        "print(found.predict(['good', 'bad'], lambda _: None).probability.shape)\n"
        "print(sorted({'torch', 'transformers', 'onnx', 'sklearn'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(bert)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "(2, 2)\n[]\n"
    assert done.stderr == ""


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("model.onnx", cut),
        ("model.onnx", Path.unlink),
        ("model.onnx", lambda path: path.write_bytes(b"")),
        ("model.onnx", lambda path: path.write_text("version https://git-lfs", encoding="utf-8")),
        ("tokenizer.json", cut),
        ("tokenizer.json", Path.unlink),
        ("config.json", cut),
        ("config.json", Path.unlink),
        ("config.json", lambda path: edit_json(path, pad_token_id=None)),
    ],
)
def test_a_damaged_folder_is_named_with_the_remedy(
    bert: Path, tmp_path: Path, one_thread: Compute, file: str, damage: Callable[[Path], object]
) -> None:
    folder = Path(shutil.copytree(bert, tmp_path / "mine"))
    damage(folder / file)
    with pytest.raises(StageError, match=r"mine.*run `dvc repro`") as caught:
        load_classifier(folder, one_thread)
    assert "\n" not in str(caught.value)


def test_padding_fills_a_batch_on_the_right() -> None:
    result = padded([[2, 7, 3], [2, 3], [2]], 9)
    assert {name: values.tolist() for name, values in result.items()} == {
        "input_ids": [[2, 7, 3], [2, 3, 9], [2, 9, 9]],
        "attention_mask": [[1, 1, 1], [1, 1, 0], [1, 0, 0]],
    }


def test_the_truncation_is_written_where_tokenizers_reads_it(bert: Path) -> None:
    content = json.loads((bert / "tokenizer.json").read_text(encoding="utf-8"))
    assert (content["truncation"]["max_length"], content["padding"]) == (12, None)
