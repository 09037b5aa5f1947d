from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

from stages.distillation.objectives import hidden_distance, softened
from stages.distillation.student import matched_states, student_of
from stages.distillation.teaching import Lessons, first_tokens, learning_objective, lessons
from stages.settings.distill import Distill, Weights
from stages.transformer.batches import Batches, Collate, TokenRows
from stages.transformer.checkpoint import Checkpoint
from stages.transformer.classifier import new_classifier
from stages.transformer.heads import Headed
from stages.transformer.losses import cross_entropy
from stages.transformer.processes import Processes
from stages.transformer.training import train
from tests.conftest import CLASSES, write_encoder

KEEP, STATES = [0, 2], [2, 4]
LABELS = torch.eye(2)[CLASSES]


def distill(labels: float = 0.0, logits: float = 0.0, hidden: float = 0.0, **changes: Any) -> Distill:
    return Distill(
        **{
            "teacher": "transformer",
            "keep_layers": KEEP,
            "temperature": 2.0,
            "weights": Weights(labels=labels, logits=logits, hidden=hidden),
            "epochs": 8,
            "batch_size": 8,
            "accumulate": 1,
            "optimizer": "adamw",
            "optimizer_options": {},
            "learning_rate": 3e-3,
            "layer_decay": 1.0,
            "weight_decay": 0.0,
            "scheduler": "linear",
            "scheduler_options": {},
            "warmup": 0.1,
            "max_gradient_norm": 1.0,
            "dropout": 0.0,
            "precision": "full",
            "checkpoint_gradients": False,
            "patience": None,
            "select_by": "log_loss",
            "seed": 0,
            **changes,
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("teachers") / "bert", layers=4)


@pytest.fixture
def teacher(folder: Path) -> PreTrainedModel:
    return new_classifier(folder, ["negative", "positive"], dropout=0.0, seed=0).eval()


@pytest.fixture
def taught(teacher: PreTrainedModel, rows: TokenRows) -> Lessons:
    return lessons(teacher, rows, STATES, 8, lambda _: None)


def test_lessons_are_what_the_teacher_says_of_each_text(
    teacher: PreTrainedModel, rows: TokenRows, taught: Lessons
) -> None:
    assert taught.logits.shape == (32, 2)
    assert taught.hidden.shape == (32, 2, 16)
    for place in (0, 7, 31):
        ids = torch.from_numpy(rows[place][1]).long()[None]
        with torch.no_grad():
            output = teacher(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
        torch.testing.assert_close(taught.logits[place], output.logits[0], atol=1e-4, rtol=0)
        for layer, state in enumerate(STATES):
            expected = output.hidden_states[state][0, 0]
            torch.testing.assert_close(taught.hidden[place, layer], expected, atol=1e-5, rtol=0)


def test_lessons_are_told_of_as_they_are_given(teacher: PreTrainedModel, rows: TokenRows) -> None:
    told: list[int] = []
    lessons(teacher, rows, STATES, 5, told.append)
    assert sum(told) == 32


@pytest.mark.parametrize(("labels", "logits", "hidden"), [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.5, 2.0, 3.0)])
def test_what_a_student_pays_is_the_weighted_sum_of_its_three_losses(
    teacher: PreTrainedModel, rows: TokenRows, taught: Lessons, labels: float, logits: float, hidden: float
) -> None:
    student = student_of(teacher, KEEP).eval()
    collate = Collate(0, {"labels": LABELS, **taught.extras()})
    places = [3, 30, 11]
    with torch.no_grad():
        found = learning_objective(distill(labels, logits, hidden))(
            Headed(student, "polarity"), collate([rows[place] for place in places])
        )
        batch = Collate(0, {})([rows[place] for place in places])
        output = student(**batch, output_hidden_states=True)
        states = first_tokens(output.hidden_states, [1, 2])
        expected = {
            "labels": labels * cross_entropy(output.logits, LABELS[places]).mean().item(),
            "logits": logits * softened(output.logits, taught.logits[places], 2.0).item(),
            "hidden": hidden * hidden_distance(states, taught.hidden[places]).item(),
        }
    assert {name: term.item() for name, term in found.items()} == pytest.approx(expected, rel=1e-5)
    assert sum(expected.values()) > 0


def test_a_student_of_all_layers_has_nothing_left_to_learn(teacher: PreTrainedModel, rows: TokenRows) -> None:
    everything = matched_states(4, [0, 1, 2, 3])
    taught = lessons(teacher, rows, everything, 8, lambda _: None)
    batch = Collate(0, {"labels": LABELS, **taught.extras()})([rows[place] for place in range(8)])
    student = Headed(student_of(teacher, [0, 1, 2, 3]).eval(), "polarity")
    with torch.no_grad():
        terms = learning_objective(distill(logits=1.0, hidden=1.0))(student, batch)
    assert [term.item() for term in terms.values()] == pytest.approx([0, 0, 0], abs=1e-5)


@pytest.mark.parametrize("weights", [{"logits": 1.0}, {"hidden": 1.0}, {"logits": 1.0, "hidden": 1.0}])
def test_a_student_gets_nearer_to_its_teacher(
    teacher: PreTrainedModel, rows: TokenRows, taught: Lessons, tmp_path: Path, weights: dict[str, float]
) -> None:
    student = student_of(teacher, KEEP)

    def distances() -> dict[str, float]:
        own = lessons(student, rows, [1, 2], 8, lambda _: None)
        return {
            "logits": softened(own.logits, taught.logits, 2.0).item(),
            "hidden": hidden_distance(own.hidden, taught.hidden).item(),
        }

    before = distances()
    # Labels that say nothing: what it learns, it learns from the teacher.
    extras = {"labels": torch.eye(2)[[0] * 32], **taught.extras()}
    settings, epoch = distill(**weights), count()
    train(
        Headed(student, "polarity"),
        Batches(rows, extras, padding_id=0, batch_size=settings.batch_size, seed=settings.seed),
        learning_objective(settings),
        lambda _: {"log_loss": -float(next(epoch))},  # the last epoch is the one that is kept
        settings,
        curves=tmp_path / "curves",
        checkpoint=Checkpoint(tmp_path / "state"),
        processes=Processes(torch.device("cpu")),
    )
    after = distances()
    for term in weights:
        assert after[term] < before[term] / 2, term
