from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decortique.core.files import StageError, read_json
from decortique.core.settings import Compute
from decortique.diagnosis.settings import Dissect
from decortique.models.heads import TransformerClassifier, save_headed
from decortique.models.tokenizer import load_tokenizer
from stages import dissect as stage
from tests.conftest import tokenize_settings
from tests.diagnosis.made_anatomy import LABELS, SENTENCES, made

LONG = "the film was not very good , the plot was dull ."  # 14 tokens, of which the model takes 12
TEXTS = [*SENTENCES[:2], LONG]
TASK, MODEL = "film", Path("data/models/film/transformer")
PICTURES = {"attention.png", "layers.png", "parameters.png"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_thread: Compute) -> None:
    """Set up an empty project whose params.yaml asks for `TEXTS`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Compute, "load", lambda: one_thread)
    monkeypatch.setattr(Dissect, "load", lambda: Dissect(sentences=TEXTS))


def write_model(encoder: Path, *names: str) -> None:
    save_headed(made(encoder, names), load_tokenizer(encoder, tokenize_settings(max_length=12)), MODEL)


@pytest.fixture
def model(project: None, encoder: Path) -> None:
    """Write the model of the task, with three heads."""
    write_model(encoder, "polarity", "mood", "intensity")


def files() -> dict[Path, bytes]:
    """Return the files that the stage wrote."""
    return {
        path: path.read_bytes()
        for folder in ("data/dissections", "data/results", "data/plots")
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def measured() -> Any:
    return read_json(Path("data/results/dissect/film.json"))


def test_a_model_of_any_family_is_dissected(project: None, every_family: Path) -> None:
    write_model(every_family, "polarity", "mood", "intensity")
    stage.dissect(TASK)
    result = measured()
    counted = sum(step["parameters"] for step in result["steps"].values()) + sum(result["not_in_steps"].values())
    assert result["parameters"]["total"] == counted
    assert result["parameters"]["encoder"] + result["parameters"]["decision"] == counted
    assert result["steps"]["block 1"]["output"] == result["steps"]["block 2"]["input"] == "3 × 12 × 16"
    assert result["steps"]["tokenizer"]["output"] == result["steps"]["embeddings"]["input"] == "3 × 12"
    assert {path.name for path in Path("data/plots/dissect/film").iterdir()} == PICTURES
    assert {path.name for path in Path("data/dissections/film").iterdir()} == {"1.json", "2.json", "3.json"}


def test_the_dissected_predictions_are_those_of_the_model(model: None, one_thread: Compute) -> None:
    stage.dissect(TASK)
    sent = TransformerClassifier.load(MODEL, one_thread).predict(TEXTS, lambda _: None)
    for index, shown in enumerate(measured()["sentences"].values()):
        decisions = shown["decisions"]
        assert [list(decisions[name]) for name in ("polarity", "mood")] == [LABELS, LABELS]
        np.testing.assert_allclose(list(decisions["polarity"].values()), sent.probability[index], rtol=1e-4)
        np.testing.assert_allclose(list(decisions["mood"].values()), sent.others["mood"][index], rtol=1e-4)
        np.testing.assert_allclose(decisions["intensity"], sent.others["intensity"][index], rtol=1e-4, atol=1e-5)


def test_an_off_the_shelf_model_is_dissected_too(project: None, encoder: Path) -> None:
    write_model(encoder, "polarity")
    (MODEL / "heads.json").unlink()
    stage.dissect(TASK)
    assert list(measured()["sentences"]["1"]["decisions"]) == ["primary"]


def test_a_truncated_sentence_is_marked_as_such(model: None) -> None:
    stage.dissect(TASK)
    assert [(one["sentence"], one["length"], one["truncated"]) for one in measured()["sentences"].values()] == [
        (TEXTS[0], 7, False),
        (TEXTS[1], 4, False),
        (LONG, 14, True),
    ]
    tokens = ["[CLS]", *LONG.split()[:10], "[SEP]"]
    assert read_json(Path("data/dissections/film/3.json"))["tokens"] == tokens


def test_padding_is_shown_but_excluded_from_every_measure(model: None) -> None:
    stage.dissect(TASK)
    result = read_json(Path("data/dissections/film/2.json"))
    assert result["sentence"] == "a story"
    assert result["tokens"] == ["[CLS]", "a", "story", "[SEP]", *["[PAD]"] * 8]
    assert result["attention_mask"] == [1] * 4 + [0] * 8
    assert result["input_ids"] == [2, 5, 14, 3] + [0] * 8
    assert {layer: len(points) for layer, points in result["plane"].items()} == {
        "embeddings": 4,
        "block 1": 4,
        "block 2": 4,
    }
    for block in ("block 1", "block 2"):
        for head in ("head 1", "head 2"):
            matrix = np.array(result["attention"][block][head])
            assert matrix.shape == (4, 4)
            np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-4)


def test_the_points_of_a_sentence_belong_to_its_own_tokens(
    project: None, encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(encoder, "polarity")
    # Embeddings depend on words and positions only: equal beginnings start at equal points and move apart from there.
    monkeypatch.setattr(
        Dissect, "load", lambda: Dissect(sentences=["the film was good .", "a story", "the film was bad"])
    )
    stage.dissect(TASK)
    first, second, third = (read_json(Path(f"data/dissections/film/{number}.json"))["plane"] for number in (1, 2, 3))
    assert first["embeddings"][:4] == third["embeddings"][:4]
    assert first["embeddings"][4] != third["embeddings"][4]
    assert first["embeddings"][0] == second["embeddings"][0]
    assert first["block 1"][:4] != third["block 1"][:4]


def test_a_second_run_writes_the_same_bytes(model: None) -> None:
    stage.dissect(TASK)
    first = files()
    stage.dissect(TASK)
    assert len(first) == 7
    assert files() == first


def test_a_different_sentence_gives_a_different_dissection(model: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.dissect(TASK)
    before = files()
    monkeypatch.setattr(Dissect, "load", lambda: Dissect(sentences=["the plot was dull .", SENTENCES[1]]))
    stage.dissect(TASK)
    after = files()
    assert before.keys() - after.keys() == {Path("data/dissections/film/3.json")}
    # The weights are unchanged.
    assert {path.name for path in after if after[path] == before[path]} == {"parameters.png"}


@pytest.mark.parametrize("step", ["draw_attention", "draw_layers", "draw_parameters"])
def test_a_failed_drawing_keeps_the_old_pictures(model: None, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    stage.dissect(TASK)
    before = files()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage, step, stop)
    with pytest.raises(KeyboardInterrupt):
        stage.dissect(TASK)
    assert files() == before


def test_a_task_without_a_model_reports_how_to_train_one(project: None) -> None:
    with pytest.raises(StageError, match=r"^data/models/film/transformer holds no model: run `dvc repro`"):
        stage.dissect(TASK)
    assert files() == {}
