"""The stage, on a small teacher and 32 sentences."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from decortique.core import paths
from decortique.core import settings as section
from decortique.core.files import StageError, read_json
from decortique.core.settings import Compute
from decortique.models.folder import Manifest
from decortique.models.loading import load_classifier
from experiments.clone import choose, set_params
from stages.distill import distill
from tests.conftest import TEXTS
from tests.distillation.made import (
    ATTENTION_TERM,
    LABELS,
    LABELS_TERM,
    LOGITS_TERM,
    TASK,
    hidden,
    static_of,
    student_of,
)

SPANS = {"copies": 1, "shortest": 0.3, "longest": 0.7}
STUDENTS: dict[str, dict[str, Any]] = {
    "student": {
        **student_of(LABELS_TERM, LOGITS_TERM, hidden()).model_dump(),
        "texts": {"spans": SPANS, "pool": True},
        "training": {"num_train_epochs": 3},
    },
    "looking": student_of(LOGITS_TERM, ATTENTION_TERM, hidden(tokens="all")).model_dump(),
    "narrow": student_of(LOGITS_TERM, hidden(), weights="svd", width=8).model_dump(),
    "distant": {
        **student_of(LOGITS_TERM, weights="encoder").model_dump(),
        "texts": {"train": False, "pool": True, "limit": 9},
    },
    "static": {**static_of(token_dropout=0.2).model_dump(), "texts": {"spans": SPANS}},
}
ROUNDS = {
    "again": {"task": TASK, "teacher": "student", "student": "looking", "seed": 3},
    "from-static": {"task": TASK, "teacher": "static", "student": "distant", "seed": 0},
}
CHOICES: dict[str, Any] = {
    "compute": {"threads": 1, "device": "cpu", "batch_size": 8},
    "catalogue/encoders/small.yaml:": {
        "licence": "none",
        "source": {"kind": "folder", "path": ".", "files": {"a": "a"}},
    },
    "encoder": "small",
    "tokenize.max_length": 16,
    **{f"catalogue/students/{name}.yaml:": student for name, student in STUDENTS.items()},
    "rounds": ROUNDS,
    "distill.students": ["student", "static"],
    "distill.training.num_train_epochs": 1,
    "distill.training.batch_size": 16,
    "distill.training.learning_rate": 1e-3,
}


@pytest.fixture
def chain(project: Path, deep: Path) -> Iterator[Path]:
    """Write a project with settings and an encoder too."""
    choose(project, CHOICES)
    shutil.copytree(deep, project / paths.encoder("small"))
    section._validated.cache_clear()
    yield project
    section._validated.cache_clear()


def metrics(name: str) -> dict[str, Any]:
    return read_json(paths.results("distill", f"{TASK}/{name}"))


@pytest.mark.parametrize(
    ("name", "texts", "unlabelled", "epochs"),
    [
        ("student", 32 + 64 + 16, 64 + 16, 3),
        ("looking", 32, 0, 1),
        ("narrow", 32, 0, 1),
        ("distant", 9, 9, 1),
        ("static", 96, 64, 1),
    ],
)
def test_a_student_is_an_approach_that_predicts_and_records_how_it_was_made(
    chain: Path, one_thread: Compute, name: str, texts: int, unlabelled: int, epochs: int
) -> None:
    distill(TASK, name)
    manifest, classifier = load_classifier(paths.model(TASK, name), one_thread)
    assert manifest == Manifest(kind=STUDENTS[name]["kind"], labels=LABELS, teacher="transformer")
    assert classifier.predict(TEXTS, lambda _: None).probability.shape == (32, 2)
    measured = metrics(name)
    assert measured["teacher"] == "transformer"
    assert measured["texts"] == {"all": texts, "labelled_by_the_teacher_alone": unlabelled}
    assert len(measured["validation"]) == epochs
    assert 1 <= measured["best_epoch"] <= epochs
    assert measured["validation"][0].keys() == {"accuracy", "macro_f1", "log_loss"}
    card = (paths.model(TASK, name) / "README.md").read_text(encoding="utf-8")
    assert "its teacher `opinion/transformer`" in card
    assert f"| training.num_train_epochs | {epochs} |" in card
    curves = paths.plots("distill", f"{TASK}/{name}") / "plots/metrics"
    terms = {term["term"] for term in STUDENTS[name]["loss"]}
    shown = {path.stem for path in (curves / "train").glob("loss_*.tsv")}
    assert shown == ({f"loss_{term}" for term in terms} if len(terms) > 1 else set())


def test_a_student_is_the_same_with_fresh_or_cached_teacher_outputs(
    chain: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made: list[bytes] = []
    for _ in range(2):
        with caplog.at_level(logging.INFO):
            caplog.clear()
            distill(TASK, "narrow")
        made.append((paths.model(TASK, "narrow") / "model.safetensors").read_bytes())
    assert "the teacher's outputs are in the cache" in caplog.messages
    shutil.rmtree(paths.TEACHER_OUTPUTS)
    distill(TASK, "narrow")
    made.append((paths.model(TASK, "narrow") / "model.safetensors").read_bytes())
    assert made[0] == made[1] == made[2]


def test_a_round_starts_from_a_student_with_a_seed_of_its_own(chain: Path) -> None:
    distill(TASK, "student")
    section._validated.cache_clear()
    set_params(chain, {"catalogue/students/looking.yaml:start.layers": [0]})  # its teacher has two
    distill(TASK, "again")
    assert Manifest.read(paths.model(TASK, "again")).teacher == "student"
    assert metrics("again")["teacher"] == "student"
    card = (paths.model(TASK, "again") / "README.md").read_text(encoding="utf-8")
    assert "its teacher `opinion/student`" in card
    assert "| training.seed | 3 |" in card


def test_a_transformer_can_learn_from_a_static_student(chain: Path, one_thread: Compute) -> None:
    """Any model of a task can teach by its predictions."""
    distill(TASK, "static")
    distill(TASK, "from-static")
    manifest, _ = load_classifier(paths.model(TASK, "from-static"), one_thread)
    assert (manifest.kind, manifest.teacher) == ("transformer", "static")
    assert metrics("from-static")["texts"] == {"all": 9, "labelled_by_the_teacher_alone": 9}


@pytest.mark.parametrize(
    ("name", "choices", "message"),
    [
        ("nobody", {}, r"catalogue/students/nobody\.yaml is missing"),
        ("student", {"distill.teacher": "nobody"}, r"nobody.*approach\.json is missing"),
        (
            "student",
            {"catalogue/students/student.yaml:start.layers": [0, 9]},
            r"start\.layers names layer 9, but there are 0 to 3",
        ),
        ("narrow", {"catalogue/students/narrow.yaml:start.width": 12}, r"start\.width is 12: choose a multiple of 8"),
        (
            "looking",
            {"distill.training.gradient_checkpointing": True, "catalogue/students/looking.yaml:": STUDENTS["static"]},
            "gradient_checkpointing",
        ),
        (
            "student",
            {"catalogue/students/student.yaml:texts": {"threshold": 1.0}},
            r"confident of none: lower texts\.threshold",
        ),
        (
            "from-static",
            {"catalogue/students/distant.yaml:loss": [LOGITS_TERM, ATTENTION_TERM]},
            "the teacher is no transformer and has no",
        ),
    ],
)
def test_a_user_error_is_reported_and_leaves_no_model(
    chain: Path, name: str, choices: dict[str, Any], message: str
) -> None:
    if name == "from-static":
        distill(TASK, "static")
        section._validated.cache_clear()
    set_params(chain, choices)
    with pytest.raises(StageError, match=message):
        distill(TASK, name)
    assert not paths.model(TASK, name).exists()
    assert not paths.results("distill", f"{TASK}/{name}").exists()
