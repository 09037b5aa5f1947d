from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerBase

from decortique.core import paths
from decortique.core.settings import PARAMS, Compute
from decortique.data.settings import Task, TaskSection
from decortique.distillation.student import Static
from decortique.models.batches import TokenRows
from decortique.models.folder import write_model
from decortique.models.heads import new_headed, save_headed
from decortique.models.loading import load_classifier
from decortique.models.settings import Finetune
from decortique.models.tokenizer import load_tokenizer
from tests.conftest import TEXTS, VOCABULARY

ROOT = Path(__file__).parents[2]


@pytest.fixture
def described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    """Return the shipped task; models are written elsewhere."""
    loaded = TaskSection.named("opinion", ROOT / PARAMS)
    monkeypatch.chdir(tmp_path)
    return loaded


@pytest.mark.parametrize("teacher", [None, "transformer"])
def test_a_saved_transformer_is_an_approach_with_a_model_card(
    tmp_path: Path, encoder: Path, rows: TokenRows, one_thread: Compute, described: Task, teacher: str | None
) -> None:
    model = new_headed(encoder, described.labels, described.heads, dropout=0.0, seed=0)
    write_model(
        "opinion",
        "mine",
        "transformer",
        partial(save_headed, model, load_tokenizer(encoder)),
        described=described,
        settings=Finetune.load(ROOT / PARAMS).model_dump(),
        scores={"accuracy": 0.875, "intensity/spearman": 0.5},
        made="Made by a test.",
        made_from="nothing",
        limits="None.",
        teacher=teacher,
    )
    folder = paths.model("opinion", "mine")
    manifest, loaded = load_classifier(folder, one_thread)
    assert (manifest.kind, manifest.labels, manifest.teacher) == ("transformer", described.labels, teacher)
    predictions, expected = loaded.predict(TEXTS, lambda _: None), model.predict(rows, batch_size=8)
    np.testing.assert_array_equal(predictions.probability, expected.probability)
    np.testing.assert_array_equal(predictions.others["intensity"], expected.others["intensity"])
    card = (folder / "README.md").read_text(encoding="utf-8")
    for part in ("# opinion/mine", "| accuracy | 0.8750 |", "| intensity/spearman | 0.5000 |", "| adaptation.kind |"):
        assert part in card
    assert str(tmp_path) not in card


def test_a_saved_static_student_is_an_approach_with_a_model_card(
    rows: TokenRows, tokenizer: PreTrainedTokenizerBase, one_thread: Compute, described: Task
) -> None:
    torch.manual_seed(0)
    vectors = torch.randn(len(VOCABULARY), 4)
    model = Static(vectors, 2, skipped=[0, 2, 3, 4], pooling="mean_max", token_dropout=0.0)
    write_model(
        "opinion",
        "static",
        "static",
        partial(model.save, tokenizer),
        described=described,
        settings={"width": 4, "loss": [{"term": "logits", "weight": 1.0}]},
        scores={"log_loss": 0.25},
        made="Made by a test.",
        made_from="nothing",
        limits="None.",
        teacher="transformer",
    )
    folder = paths.model("opinion", "static")
    manifest, loaded = load_classifier(folder, one_thread)
    assert (manifest.kind, manifest.labels, manifest.teacher) == ("static", described.labels, "transformer")
    predictions, expected = loaded.predict(TEXTS, lambda _: None), model.predict(rows, batch_size=8)
    np.testing.assert_allclose(predictions.probability, expected.probability, atol=1e-6)
    card = (folder / "README.md").read_text(encoding="utf-8")
    for part in ("# opinion/static", "| log_loss | 0.2500 |", "| loss.0.term | logits |", "| width | 4 |"):
        assert part in card


def test_a_model_that_cannot_be_saved_keeps_the_previous_one(described: Task) -> None:
    folder = paths.model("opinion", "mine")
    folder.mkdir(parents=True)
    (folder / "model").write_text("of yesterday")

    def fail(new: Path) -> None:
        (new / "model").write_text("half of")
        raise OSError

    with pytest.raises(OSError):
        write_model(
            "opinion",
            "mine",
            "static",
            fail,
            described=described,
            settings={},
            scores={},
            made="",
            made_from="",
            limits="",
        )
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"model": "of yesterday"}
    assert list(folder.parent.iterdir()) == [folder]
