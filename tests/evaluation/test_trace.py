import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from decortique.core import paths
from decortique.core.files import StageError, new_folder, read_json, write_json
from decortique.core.settings import Approaches
from decortique.core.tables import CORPUS, write_table
from decortique.data.corpus import LabelledSplit, held_out
from decortique.data.settings import TaskSection
from decortique.distillation.settings import Rounds
from decortique.evaluation.generations import trace_families, traced
from decortique.evaluation.plots import write_generation_plots
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable, write_predictions

TASK, LABELS = "film", ["negative", "positive"]
APPROACHES = ["bag-of-words", "transformer"]
SIZES = {"train": 5, "validation": 20, "test": 60, "transfer-tweets": 90, "transfer-editorials": 40}
# Each student changes this many predictions of its teacher, from where the changes of its teacher end.
CHAIN = {"student-1": ("transformer", 3), "student-2": ("student-1", 6), "born-again": ("student-1", 2)}
RESULTS = Path("data/results/evaluate/film/generations.json")
PLOTS = Path("data/plots/evaluate/film/generations")


def truth_of(split: str) -> np.ndarray:
    return np.arange(SIZES[split]) % 2


def predictions(split: str, prediction: np.ndarray, teacher: str | None) -> PredictionTable:
    ids = [f"{split}-{index}" for index in range(SIZES[split])]
    sure = np.linspace(0.55, 0.95, len(ids))[:, None]
    return PredictionTable(ids, prediction, np.where(np.eye(2, dtype=bool)[prediction], sure, 1 - sure), teacher)


def changed(prediction: np.ndarray, start: int, count: int) -> np.ndarray:
    indices = np.arange(len(prediction))
    return np.where((indices >= start) & (indices < start + count), 1 - prediction, prediction)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set up a task on which two approaches without a teacher predicted."""
    monkeypatch.chdir(tmp_path)
    settings = Evaluate(resamples=200, confidence=0.9, calibration_bins=5, seed=0)
    monkeypatch.setattr(Evaluate, "load", lambda: settings)
    describe(monkeypatch, keep_groups=False)
    monkeypatch.setattr(Approaches, "load", lambda: SimpleNamespace(root=APPROACHES))
    monkeypatch.setattr(Rounds, "load", lambda: SimpleNamespace(of=rounds_of))
    for split, count in SIZES.items():
        write_rows(split, count)
        if split != "train":
            for approach, errors in (("bag-of-words", 20), ("transformer", 4)):
                write(split, approach, changed(truth_of(split), 0, errors), None)


def rounds_of(task: str) -> list[str]:
    """Return the names of the other predictions."""
    return sorted({path.name for path in paths.predictions(task, "").glob("*")} - set(APPROACHES))


def describe(monkeypatch: pytest.MonkeyPatch, *, keep_groups: bool) -> None:
    described = SimpleNamespace(labels=LABELS, split=SimpleNamespace(keep_groups=keep_groups))
    monkeypatch.setattr(TaskSection, "named", lambda _: described)


def write_rows(split: str, count: int) -> None:
    with write_table(paths.corpus(TASK) / f"{split}.parquet", CORPUS) as append:
        append(
            {
                "id": [f"{split}-{index}" for index in range(count)],
                "text": ["a film"] * count,
                "label": [LABELS[number] for number in truth_of(split)[:count]],
                "score": [None] * count,
                "group": [f"{split}-{index // 10}" for index in range(count)],
                "position": [index % 10 for index in range(count)],
            }
        )


def write(split: str, approach: str, prediction: np.ndarray, teacher: str | None) -> None:
    write_predictions(
        paths.predictions(TASK, approach), split, approach, LABELS, predictions(split, prediction, teacher)
    )


@pytest.fixture
def students(project: None) -> None:
    """Write two lines of students, which change three times as many predictions outside the test set."""
    for split in SIZES:
        if split == "train":
            continue
        outputs, ends = {"transformer": changed(truth_of(split), 0, 4)}, {"transformer": 4}
        for student, (teacher, at_home) in CHAIN.items():
            count = at_home * 3 if split.startswith("transfer") else at_home
            outputs[student] = changed(outputs[teacher], ends[teacher], count)
            ends[student] = ends[teacher] + count
            write(split, student, outputs[student], teacher)


def trace(task: str) -> None:
    """Run the part of the stage `evaluate` that traces generations."""
    settings, keep_groups = Evaluate.load(), TaskSection.named(task).split.keep_groups
    sets = {
        name: LabelledSplit.read(task, split, LABELS, keep_groups=keep_groups) for name, split in held_out(task).items()
    }
    names = [*Approaches.load().root, *Rounds.load().of(task)]
    family, generations = trace_families(task, names, sets, settings)
    write_json(RESULTS, {"members": traced(generations)})
    with new_folder(PLOTS) as folder:
        write_generation_plots(folder, family, generations, settings.confidence)


def members() -> dict[str, Any]:
    return read_json(RESULTS)["members"]


def test_the_chain_is_followed_on_the_test_set_and_on_other_sources(students: None) -> None:
    trace(TASK)
    result = members()
    assert list(result) == ["transformer", "student-1", "born-again", "student-2"]
    assert {name: one["generation"] for name, one in result.items()} == {
        "transformer": 0,
        "student-1": 1,
        "born-again": 2,
        "student-2": 2,
    }
    assert list(result["student-2"]["sets"]) == ["test", "editorials", "tweets"]
    scores = result["student-2"]["sets"]["test"]
    assert scores["agreement_with_ancestor"]["value"] == pytest.approx(1 - 9 / 60, abs=1e-6)
    assert scores["agreement_with_teacher"]["value"] == pytest.approx(1 - 6 / 60, abs=1e-6)
    assert scores["accuracy"]["value"] == pytest.approx(1 - 13 / 60, abs=1e-6)
    assert result["student-2"]["hidden"]["tweets"]["agreement"]["value"] == pytest.approx(27 / 90 - 9 / 60, abs=1e-6)


def test_outputs_are_reproducible_and_readable_by_dvc_plots(students: None) -> None:
    written = []
    for _ in range(2):
        trace(TASK)
        written.append([path.read_bytes() for path in sorted(Path("data").rglob("generations*")) if path.is_file()])
    assert written[0] == written[1]
    assert {path.name for path in PLOTS.iterdir()} == {"generations.csv", "generations.png"}
    rows = list(csv.DictReader((PLOTS / "generations.csv").open(encoding="utf-8")))
    assert list(rows[0]) == ["member", "teacher", "generation", "set", "measure", "value", "low", "high"]
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in rows)


def test_groups_are_resampled_whole_where_a_task_keeps_them(students: None, monkeypatch: pytest.MonkeyPatch) -> None:
    widths = []
    for keep in (False, True):
        describe(monkeypatch, keep_groups=keep)
        trace(TASK)
        agreement = members()["student-2"]["sets"]["test"]["agreement_with_ancestor"]
        widths.append(agreement["high"] - agreement["low"])
    assert widths[1] > 1.5 * widths[0]  # the changed predictions lie in the first two of six groups


def test_a_student_of_another_teacher_is_a_family_of_its_own(students: None) -> None:
    for split in SIZES:
        if split != "train":
            write(split, "off-the-shelf", truth_of(split), None)
            write(split, "pupil", changed(truth_of(split), 10, 5), "off-the-shelf")
    trace(TASK)
    result = members()
    assert {name: one["ancestor"] for name, one in result.items() if one["ancestor"] != "transformer"} == {
        "off-the-shelf": "off-the-shelf",
        "pupil": "off-the-shelf",
    }
    assert result["pupil"]["sets"]["test"]["agreement_with_ancestor"]["value"] == pytest.approx(55 / 60, abs=1e-6)


def test_a_task_without_students_has_an_empty_family_and_the_outputs_that_dvc_expects(project: None) -> None:
    PLOTS.mkdir(parents=True)
    (PLOTS / "generations.png").write_bytes(b"of students there were")
    trace(TASK)
    assert members() == {}
    assert {path.name for path in PLOTS.iterdir()} == {"generations.csv"}


def test_a_student_whose_teacher_is_missing_stops_the_stage_with_both_names(students: None) -> None:
    paths.predictions(TASK, "student-1").rename("elsewhere")
    with pytest.raises(StageError, match="the teacher of born-again is student-1, whose predictions are missing"):
        trace(TASK)


def test_a_cycle_of_students_stops_the_stage(project: None) -> None:
    write("test", "a", truth_of("test"), "b")
    write("test", "b", truth_of("test"), "a")
    with pytest.raises(StageError, match="a taught by b taught by a"):
        trace(TASK)


def test_predictions_on_other_rows_are_not_compared(students: None) -> None:
    write_rows("transfer-tweets", 30)
    with pytest.raises(StageError, match=r"transformer/transfer-tweets.parquet is not about the rows of the corpus"):
        trace(TASK)


def test_predictions_of_removed_rounds_are_ignored(students: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Predictions of a round that was removed from params.yaml stay on the disk."""
    monkeypatch.setattr(Rounds, "load", lambda: SimpleNamespace(of=lambda _: ["student-1"]))
    trace(TASK)
    assert list(members()) == ["transformer", "student-1"]


def test_an_approach_that_has_not_predicted_is_named(project: None) -> None:
    paths.predictions(TASK, "transformer").rename("elsewhere")
    with pytest.raises(StageError, match=r"predictions/film/transformer/test.parquet is missing: run `dvc repro`"):
        trace(TASK)
