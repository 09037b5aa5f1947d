from pathlib import Path

import numpy as np
import pytest

from stages.artifacts import paths
from stages.classifiers.loading import load_classifier
from stages.classifiers.writing import write_transformer
from stages.settings.chain import Compute
from stages.settings.finetune import Finetune
from stages.settings.section import PARAMS
from stages.settings.task import TaskSection
from stages.transformer.batches import TokenRows
from stages.transformer.heads import new_headed, predict
from stages.transformer.tokenizer import load_tokenizer
from tests.conftest import TEXTS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("teacher", [None, "transformer"])
def test_a_trained_transformer_is_an_approach_that_decides_and_tells_of_itself(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    encoder: Path,
    rows: TokenRows,
    one_thread: Compute,
    teacher: str | None,
) -> None:
    described, settings = TaskSection.load(ROOT / PARAMS).root["opinion"], Finetune.load(ROOT / PARAMS)
    model = new_headed(encoder, described.labels, described.heads, dropout=0.0, seed=0)
    monkeypatch.chdir(tmp_path)
    write_transformer(
        "opinion",
        "mine",
        model,
        load_tokenizer(encoder),
        described=described,
        settings=settings,
        scores={"accuracy": 0.875, "intensity/spearman": 0.5},
        made="Made by a test.",
        made_from="nothing",
        limits="None.",
        teacher=teacher,
    )
    folder = paths.model("opinion", "mine")
    manifest, found = load_classifier(folder, one_thread, 8)
    assert (manifest.kind, manifest.labels, manifest.teacher) == ("transformer", described.labels, teacher)
    said, expected = found.predict(TEXTS, lambda _: None), predict(model, rows, batch_size=8)
    np.testing.assert_array_equal(said.probability, expected.probability)
    np.testing.assert_array_equal(said.others["intensity"], expected.others["intensity"])
    card = (folder / "README.md").read_text(encoding="utf-8")
    for part in ("# opinion/mine", "| accuracy | 0.8750 |", "| intensity/spearman | 0.5000 |", "| adaptation |"):
        assert part in card
    assert str(tmp_path) not in card
