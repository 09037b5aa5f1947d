"""Make a teacher of four layers, and texts to train on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from decortique.core import paths
from decortique.core.settings import Compute
from decortique.distillation.student import set_up_student
from decortique.distillation.teacher import Teacher, TrainingTexts, teacher_outputs
from decortique.models.batches import TokenRows
from decortique.models.folder import Manifest
from decortique.models.heads import Headed, save_headed
from decortique.models.pretrained import new_classifier
from decortique.models.tokenizer import load_tokenizer
from tests.conftest import CLASSES, TEXTS, write_encoder
from tests.distillation.made import LABELS, POOL, TASK, Described, Prepare, PreparedStudent, student_of, write_split
from tests.models.made_transformer import training


@pytest.fixture(scope="session")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write an encoder of four layers."""
    return write_encoder(tmp_path_factory.mktemp("encoders") / "deep", layers=4)


@pytest.fixture
def teacher(deep: Path) -> PreTrainedModel:
    """Return an untrained classifier that is more confident about some texts than about others."""
    model = new_classifier(deep, LABELS, dropout=0.0, seed=0).eval()
    with torch.no_grad():
        model.classifier.weight.mul_(10.0)
    return model


@pytest.fixture
def project(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    teacher: PreTrainedModel,
    deep: Path,
    tokenizer: PreTrainedTokenizerBase,
) -> Path:
    """Write a project: a teacher, labelled texts, and a pool whose labels are all wrong."""
    monkeypatch.chdir(tmp_path)
    labels = [LABELS[number] for number in CLASSES]
    write_split("train", TEXTS, labels, tokenizer)
    write_split("validation", TEXTS[:12], labels[:12], tokenizer)
    write_split("pool", POOL, ["negative", "positive", "negative", "negative"] * 4, tokenizer)
    folder = paths.model(TASK, "transformer")
    folder.mkdir(parents=True)
    save_headed(Headed(teacher, "polarity"), load_tokenizer(deep), folder)
    Manifest(kind="transformer", labels=LABELS).write(folder)
    return tmp_path


@pytest.fixture
def prepare(
    deep: Path,
    teacher: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: TokenRows,
    tmp_path: Path,
    one_thread: Compute,
) -> Prepare:
    """Return a function that sets up a student as the stage does and runs its teacher."""

    def prepared(*learns: Described, labels: list[int] = CLASSES, seed: int = 0, **start: Any) -> PreparedStudent:
        student, headed = student_of(*learns, **start), Headed(teacher, "polarity")
        setup = set_up_student(student, Teacher(deep, headed, one_thread), deep, tokenizer, LABELS, training(seed=seed))
        outputs = teacher_outputs(headed, rows, setup.states, folder=tmp_path / "cache")
        return PreparedStudent(student, setup, TrainingTexts(rows, np.array(labels), outputs))

    return prepared
