import csv
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from decortique.core import paths
from decortique.core.files import StageError, read_json
from decortique.core.settings import Approaches, Compute
from decortique.core.tables import CORPUS, write_table
from decortique.data.settings import ClassificationHead, TaskSection
from decortique.diagnosis.attributions import SplitTexts
from decortique.diagnosis.settings import Explain
from decortique.evaluation.settings import Evaluate
from decortique.models.bag_of_words import fit
from decortique.models.folder import Manifest
from decortique.models.heads import new_headed, save_headed
from decortique.models.loading import load_classifier
from decortique.models.predictions import PredictionTable, write_predictions
from decortique.models.tokenizer import load_tokenizer
from stages import explain as stage
from tests.conftest import CLASSES, TEXTS, tokenize_settings
from tests.models.test_bag_of_words import settings as candidate

TASK, BAG, NET, RULES = "film", "bag-of-words", "transformer", "off-the-shelf"
SETTINGS = Explain(steps=12, max_examples=2, n_tested=20, n_deleted=[1, 3], seed=0)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_thread: Compute) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Compute, "load", lambda: one_thread)
    monkeypatch.setattr(Explain, "load", lambda: SETTINGS)
    monkeypatch.setattr(Evaluate, "load", lambda: Evaluate(resamples=100, confidence=0.95, calibration_bins=5, seed=0))


def describe(
    monkeypatch: pytest.MonkeyPatch, approaches: list[str], labels: int = 2, *, keep_groups: bool = False
) -> None:
    """Describe a run of some approaches on sentences of this many labels, in four groups."""
    names = ["negative", "positive", "neutral"][:labels]
    described = SimpleNamespace(labels=names, split=SimpleNamespace(keep_groups=keep_groups), language="en")
    monkeypatch.setattr(TaskSection, "named", lambda _: described)
    monkeypatch.setattr(Approaches, "load", lambda: SimpleNamespace(root=approaches))
    write_corpus([names[number] for number in truth(labels)])


def truth(labels: int) -> np.ndarray:
    return np.array([2 if labels == 3 and index % 5 == 0 else number for index, number in enumerate(CLASSES)])


def write_corpus(labels: list[str], texts: list[str] = TEXTS) -> None:
    count = len(texts)
    with write_table(paths.corpus(TASK) / "test.parquet", CORPUS) as append:
        append(
            {
                "id": [f"s{index}" for index in range(count)],
                "text": texts,
                "label": labels,
                "score": [None] * count,
                "group": [f"g{index % 4}" for index in range(count)],
                "position": list(range(count)),
            }
        )


def write_models(encoder: Path, labels: int = 2) -> None:
    """Write both kinds of models, and one that cannot be explained, with their predictions."""
    names = ["negative", "positive", "neutral"][:labels]
    chosen = candidate(ngrams=(1, 2), stemming=True, regularization=[1.0])
    train = TEXTS, truth(labels)
    for name in (BAG, NET, RULES):
        paths.model(TASK, name).mkdir(parents=True)
    fit(chosen, "en", train, train, "accuracy", lambda _: None).classifier.save(paths.model(TASK, BAG))
    head = ClassificationHead(kind="classification", column="label", loss="cross_entropy")
    model = new_headed(encoder, names, {"polarity": head}, dropout=0.0, seed=0)
    save_headed(model, load_tokenizer(encoder, tokenize_settings()), paths.model(TASK, NET))
    Manifest(kind="bag-of-words", labels=names).write(paths.model(TASK, BAG))
    Manifest(kind="transformer", labels=names).write(paths.model(TASK, NET))
    Manifest(kind="vader", labels=names).write(paths.model(TASK, RULES))
    for name in (BAG, NET):
        _, classifier = load_classifier(paths.model(TASK, name), Compute(threads=1, device="cpu", batch_size=8))
        probability = classifier.predict(TEXTS, lambda _: None).probability
        predicted = PredictionTable(
            [f"s{index}" for index in range(len(TEXTS))], probability.argmax(axis=1), probability
        )
        write_predictions(paths.predictions(TASK, name), "test", name, names, predicted)


def measured() -> Any:
    return read_json(paths.results("explain", TASK))


def examples() -> Any:
    return read_json(paths.explanations(TASK))


def files() -> dict[Path, bytes]:
    written = [path for folder in ("results", "plots") for path in Path("data", folder).rglob("*.*")]
    return {path: path.read_bytes() for path in written if path.is_file()}


@pytest.mark.parametrize("labels", [2, 3])
def test_both_kinds_of_models_are_explained_word_by_word(
    project: None, encoder: Path, monkeypatch: pytest.MonkeyPatch, labels: int
) -> None:
    describe(monkeypatch, [RULES, BAG, NET], labels)
    write_models(encoder, labels)
    stage.explain(TASK)
    result, shown = measured(), examples()
    assert list(result["explained"]) == [BAG, NET]
    assert result["not_explained"] == {RULES: "vader"}
    assert result["explained"][BAG]["error"] == {"median": 0, "worst": 0}
    assert result["explained"][NET]["error"]["median"] < 0.1
    assert result["texts"]["tested"] == 20
    assert sum(result["texts"]["shown"].values()) == len(shown["texts"]) > 2
    assert set(result["deletion"]) == {BAG, NET}
    assert list(result["deletion"][BAG]) == ["1", "3"]
    # A bag of words trained on these texts is significantly less sure without the informative word.
    assert result["deletion"][BAG]["1"]["difference"]["low"] > 0
    assert set(result["kinds"]) == {"words", BAG, NET}
    names = shown["labels"]
    for text in shown["texts"]:
        assert text["label"] in names
        for name, by in text["by"].items():
            assert by["prediction"] in names
            assert by["probability"] >= 1 / labels
            assert [tuple(word[:2]) for word in by["words"]] == SplitTexts.of([text["text"]]).words[0], name
        if labels == 2 and text["kind"] == f"only_{BAG}":
            predictions = {by["prediction"] for by in text["by"].values()}
            assert (text["by"][BAG]["prediction"], len(predictions)) == (text["label"], 2)


def test_metrics_hold_no_text_and_a_second_run_writes_the_same_bytes(
    project: None, encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe(monkeypatch, [BAG, NET], keep_groups=True)
    write_models(encoder)
    stage.explain(TASK)
    before = files()
    assert {path.name for path in before} == {"film.json", "film.texts.json", "deletion.csv", "deletion.png"}
    stage.explain(TASK)
    assert files() == before
    content = paths.results("explain", TASK).read_text()
    assert not any(text in content for text in TEXTS)
    with (paths.plots("explain", TASK) / "deletion.csv").open() as file:
        points = list(csv.DictReader(file))
    assert list(points[0]) == ["approach", "words", "fall", "low", "high"]
    assert [(point["approach"], point["words"]) for point in points[1:3]] == [(BAG, "1 random"), (BAG, "3 top")]


def test_groups_are_resampled_whole_where_a_task_keeps_them(
    project: None, encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = []
    for keep_groups in (False, True):
        describe(monkeypatch, [BAG], keep_groups=keep_groups)
        if not keep_groups:
            write_models(encoder)
        stage.explain(TASK)
        result.append(measured()["deletion"][BAG]["1"])
    alone, grouped = result
    assert alone["top"]["value"] == grouped["top"]["value"]
    assert alone["top"]["low"] != grouped["top"]["low"]
    assert grouped["p"] >= 2 / 2**4 > alone["p"]


@pytest.mark.parametrize(("approach", "absent"), [(BAG, "transformer"), (NET, "bag-of-words")])
def test_a_run_with_one_kind_of_model_explains_it_and_reports_that(
    project: None,
    encoder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    approach: str,
    absent: str,
) -> None:
    describe(monkeypatch, [approach])
    write_models(encoder)
    with caplog.at_level(logging.WARNING):
        stage.explain(TASK)
    assert f"none of `approaches` is a {absent}" in caplog.text
    assert list(measured()["explained"]) == [approach]
    assert measured()["agreement"] == {}
    assert {text["kind"] for text in examples()["texts"]} <= {"right", "wrong"}


def test_a_run_without_explainable_models_still_writes_the_outputs_of_dvc(
    project: None, encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe(monkeypatch, [RULES])
    write_models(encoder)
    stage.explain(TASK)
    assert (measured()["explained"], measured()["not_explained"]) == ({}, {RULES: "vader"})
    assert examples()["texts"] == []
    assert (paths.plots("explain", TASK) / "deletion.png").exists()


def test_texts_too_short_for_the_test_stop_the_stage_without_output(
    project: None, encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe(monkeypatch, [BAG])
    write_models(encoder)
    monkeypatch.setattr(Explain, "load", lambda: SETTINGS.model_copy(update={"n_deleted": [1, 40]}))
    with pytest.raises(StageError, match=r"explain.n_deleted: no test text has more than 40 words: delete fewer"):
        stage.explain(TASK)
    assert not paths.explanations(TASK).exists()
    assert not paths.results("explain", TASK).exists()


def test_predictions_on_other_rows_are_not_explained(
    project: None, encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe(monkeypatch, [BAG])
    write_models(encoder)
    write_corpus(["positive"] * 3, TEXTS[:3])
    with pytest.raises(StageError, match="is not about the rows of the corpus"):
        stage.explain(TASK)
