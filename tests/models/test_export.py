"""The stage, on a small model of two heads and 32 sentences."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from decortique.core import paths
from decortique.core.files import StageError, new_folder, read_json
from decortique.core.measures import every_measure
from decortique.core.settings import PARAMS, Compute
from decortique.core.tables import CORPUS, write_table
from decortique.data.settings import Task, TaskSection
from decortique.evaluation.settings import Evaluate
from decortique.models import onnx
from decortique.models.folder import Manifest
from decortique.models.heads import new_headed, save_headed
from decortique.models.loading import load_classifier
from decortique.models.onnx import traced
from decortique.models.predictions import PredictionTable, read_predictions, write_predictions
from decortique.models.settings import Export
from decortique.models.tokenizer import load_tokenizer
from stages import export as stage
from tests.conftest import CLASSES, TEXTS, tokenize_settings
from tests.models.made_graph import traced_once

ROOT = Path(__file__).parents[2]
TASK, APPROACH = "opinion", "student"
IDS = [str(index) for index in range(len(TEXTS))]


@pytest.fixture
def described(request: pytest.FixtureRequest) -> Task:
    """Return the shipped task, with single texts or, if a test requests it, with groups."""
    task = TaskSection.named(TASK, ROOT / PARAMS)
    keep_groups = getattr(request, "param", False)
    return task.model_copy(update={"split": task.split.model_copy(update={"keep_groups": keep_groups})})


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: Path, described: Task, one_thread: Compute
) -> None:
    """Write a project with a corpus, a model and its predictions."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Compute, "load", lambda: one_thread)
    monkeypatch.setattr(Export, "load", lambda: Export(approaches=[APPROACH]))
    monkeypatch.setattr(Evaluate, "load", lambda: Evaluate(resamples=100, confidence=0.95, calibration_bins=5, seed=0))
    monkeypatch.setattr(TaskSection, "named", {TASK: described}.__getitem__)
    monkeypatch.setattr(onnx, "traced", traced_once)
    write_project(encoder, described, one_thread)


def write_project(encoder: Path, described: Task, compute: Compute) -> None:
    with write_table(paths.corpus(TASK) / "test.parquet", CORPUS) as append:
        append(
            {
                "id": IDS,
                "text": TEXTS,
                "label": [described.labels[label] for label in CLASSES],
                "score": [float(label) for label in CLASSES],
                "group": [str(index // 8) for index in range(len(TEXTS))],
                "position": list(range(len(TEXTS))),
            }
        )
    model = new_headed(encoder, described.labels, described.heads, dropout=0.0, seed=0)
    with new_folder(paths.model(TASK, APPROACH)) as folder:
        save_headed(model, load_tokenizer(encoder, tokenize_settings()), folder)
        Manifest(kind="transformer", labels=described.labels, teacher="transformer").write(folder)
    _, classifier = load_classifier(paths.model(TASK, APPROACH), compute)
    result = classifier.predict(TEXTS, lambda _: None)
    predicted = PredictionTable(IDS, result.probability.argmax(axis=1), result.probability, None, result.others)
    write_predictions(paths.predictions(TASK, APPROACH), "test", APPROACH, described.labels, predicted)


def written() -> dict[Path, bytes]:
    return {
        path: path.read_bytes()
        for folder in ("data/exports", "data/results/export")
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("described", [False, True], ids=["alone", "in groups"], indirect=True)
def test_an_exported_model_is_compared_with_its_original(project: None, described: Task, one_thread: Compute) -> None:
    stage.export(TASK)
    result = read_json(Path("data/results/export/opinion/student.json"))
    manifest, classifier = load_classifier(Path("data/exports/opinion/student"), one_thread)
    assert (manifest.kind, manifest.labels, manifest.teacher) == ("onnx", described.labels, "transformer")
    after = classifier.predict(TEXTS, lambda _: None).probability
    before = read_predictions(paths.predictions(TASK, APPROACH), "test", described.labels, IDS)
    truth = np.array(CLASSES)
    for name, probability in (("float", before.probability), ("int8", after)):
        expected = every_measure(truth, probability.argmax(axis=1), probability)
        for measure in ("accuracy", "macro_f1", "log_loss"):
            assert result[name][measure]["value"] == pytest.approx(expected[measure], rel=1e-5)
            assert result[name][measure]["low"] <= result[name][measure]["value"] <= result[name][measure]["high"]
    assert result["agreement"] == (after.argmax(axis=1) == before.prediction).mean()
    assert result["int8"]["bytes"] == Path("data/exports/opinion/student/model.onnx").stat().st_size
    assert result["float"]["bytes"] == Path("data/models/opinion/student/model.safetensors").stat().st_size
    difference = result["int8"]["accuracy"]["value"] - result["float"]["accuracy"]["value"]
    assert result["versus"]["accuracy_difference"]["value"] == pytest.approx(difference)
    assert ("accuracy_p" in result["versus"]) == described.split.keep_groups


def test_the_card_lists_what_was_left_out_and_its_python_runs(project: None) -> None:
    stage.export(TASK)
    card = Path("data/exports/opinion/student/README.md").read_text(encoding="utf-8")
    for part in (
        "# opinion/student",
        "further heads are left out",
        "`data/models/opinion/student`",
        "| weights | 7 bits",
    ):
        assert part in card
    assert "`data/results/export/opinion/`" in card
    (program,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    names: dict[str, list[np.ndarray]] = {}
    exec(program, names)  # noqa: S102
    assert names["logits"][0].shape == (1, 2)


def test_the_same_bytes_are_written_wherever_and_whenever(
    project: None, encoder: Path, described: Task, one_thread: Compute, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.export(TASK)
    first = written()
    monkeypatch.setattr(onnx, "traced", traced)  # anew, each time
    stage.export(TASK)
    assert written() == first
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    write_project(encoder, described, one_thread)
    stage.export(TASK)
    assert written() == first
    assert {path.name for path in first} >= {
        "model.onnx",
        "tokenizer.json",
        "config.json",
        "approach.json",
        "README.md",
    }
    for path, content in first.items():
        for secret in (str(tmp_path), str(encoder), str(ROOT), str(Path.home()), sys.prefix):
            assert secret.encode() not in content, path


@pytest.mark.parametrize("kind", ["bag-of-words", "vader", "onnx"])
def test_exporting_another_kind_of_model_is_refused_in_one_line(
    project: None, described: Task, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Export, "load", lambda: Export(approaches=[APPROACH, "other"]))
    with new_folder(paths.model(TASK, "other")) as folder:
        Manifest.model_validate({"kind": kind, "labels": described.labels}).write(folder)
    with pytest.raises(StageError, match=rf"export\.approaches names 'other', but .* is of the kind {kind}: only a"):
        stage.export(TASK)
    assert not Path("data/exports").exists()


def test_a_failed_export_keeps_the_previous_one(project: None) -> None:
    stage.export(TASK)
    before = written()
    (paths.model(TASK, APPROACH) / "model.safetensors").write_bytes(b"")
    with pytest.raises(StageError, match=r"model\.safetensors cannot be loaded"):
        stage.export(TASK)
    assert written() == before
