import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from decortique.core.settings import Compute
from decortique.models.batches import TokenRows
from decortique.models.heads import Headed, TransformerClassifier
from decortique.models.pretrained import load_classifier, new_classifier, save_classifier
from decortique.models.tokenizer import load_tokenizer
from tests.conftest import TEXTS, edit_json, tokenize_settings, write_encoder

LABELS = ["negative", "positive"]


def rates(model: PreTrainedModel) -> set[float]:
    """Return every dropout that a model uses: of its modules, and those that attention reads as a number."""
    modules = {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}
    numbers = {
        value
        for module in model.modules()
        for name, value in vars(module).items()
        if "dropout" in name and isinstance(value, float)
    }
    return modules | numbers


@pytest.mark.parametrize("dropout", [0.0, 0.35])
def test_the_configured_dropout_is_the_only_one(any_encoder: Path, dropout: float) -> None:
    assert rates(new_classifier(any_encoder, LABELS, dropout=dropout, seed=0)) == {dropout}


def test_without_dropout_training_and_prediction_compute_the_same(any_encoder: Path) -> None:
    model = new_classifier(any_encoder, LABELS, dropout=0.0, seed=0).train()
    ids = torch.tensor([[2, 5, 6, 7, 3]])
    first, second = (model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits for _ in range(2))
    assert torch.equal(first, second)


def test_without_a_configured_dropout_the_encoder_keeps_its_own(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "bert", hidden_dropout_prob=0.25, attention_probs_dropout_prob=0.15)
    assert rates(new_classifier(folder, LABELS, dropout=None, seed=0)) == {0.25, 0.15}


def test_a_dropout_published_as_a_whole_number_is_replaced_too(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "bert")
    edit_json(folder / "config.json", hidden_dropout_prob=0, attention_probs_dropout_prob=0)
    assert rates(new_classifier(folder, LABELS, dropout=0.2, seed=0)) == {0.2}


def test_a_new_head_comes_from_the_seed_and_its_encoder_from_the_checkpoint(encoder: Path) -> None:
    first, again, other = (new_classifier(encoder, LABELS, dropout=None, seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert {name for name in first if not torch.equal(first[name], other[name])} == {"classifier.weight"}
    assert first["classifier.weight"].shape == (2, 16)


def test_a_model_knows_its_labels(encoder: Path) -> None:
    config = new_classifier(encoder, ["a", "b", "c"], dropout=None, seed=0).config
    assert config.id2label == {0: "a", 1: "b", 2: "c"}
    assert config.label2id == {"a": 0, "b": 1, "c": 2}


@pytest.fixture
def saved(any_encoder: Path, tmp_path: Path) -> Path:
    model = new_classifier(any_encoder, LABELS, dropout=0.0, seed=0)
    save_classifier(model, load_tokenizer(any_encoder, tokenize_settings(max_length=7)), tmp_path / "model")
    return tmp_path / "model"


def test_a_saved_model_predicts_as_before(any_encoder: Path, saved: Path, rows: TokenRows) -> None:
    model = new_classifier(any_encoder, LABELS, dropout=0.0, seed=0)
    before, after = (
        Headed(one, "polarity").predict(rows, batch_size=8).probability for one in (model, load_classifier(saved))
    )
    np.testing.assert_array_equal(after, before)


def test_a_saved_model_reveals_nothing_about_the_machine_it_was_made_on(any_encoder: Path, saved: Path) -> None:
    names = sorted(path.name for path in saved.iterdir())
    assert {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} <= set(names)
    for path in saved.iterdir():
        content = path.read_bytes()
        for secret in (str(any_encoder), str(saved), str(Path.home()), "/tmp"):  # noqa: S108  (looked for, not used)
            assert secret.encode() not in content, path.name


def test_a_saved_model_has_the_same_bytes_each_time(any_encoder: Path, saved: Path, tmp_path: Path) -> None:
    model = new_classifier(any_encoder, LABELS, dropout=0.0, seed=0)
    save_classifier(model, load_tokenizer(any_encoder, tokenize_settings(max_length=7)), tmp_path / "again")
    for path in saved.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_a_saved_model_is_a_pipeline_of_transformers_in_another_process(
    encoder: Path, tmp_path: Path, one_thread: Compute
) -> None:
    model = new_classifier(encoder, LABELS, dropout=0.0, seed=0)
    save_classifier(model, load_tokenizer(encoder), tmp_path)
    texts = [*TEXTS[:3], " ".join(["the film was very good ,"] * 20)]
    program = (
        "import json, sys; from transformers import pipeline\n"
        "found = pipeline('text-classification', sys.argv[1], top_k=None, device='cpu')\n"
        "print(json.dumps(found(json.loads(sys.argv[2]), truncation=True)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), json.dumps(texts)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    theirs: list[list[float]] = [
        [next(one["score"] for one in scores if one["label"] == label) for label in LABELS]
        for scores in json.loads(done.stdout.splitlines()[-1])
    ]
    ours = TransformerClassifier.load(tmp_path, one_thread).predict(texts, lambda _: None).probability
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
