"""Test students in training: each term brings them closer to their teacher."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

from decortique.distillation.objectives import distillation_targets
from decortique.models.batches import Batches, Processes
from decortique.models.training import train
from tests.distillation.made import (
    ATTENTION_TERM,
    LABELS_TERM,
    LOGITS_TERM,
    RELATIONS_TERM,
    Described,
    Prepare,
    PreparedStudent,
    hidden,
)
from tests.models.made_transformer import training

NEARER: dict[str, tuple[list[Described], dict[str, Any]]] = {
    "logits": ([LOGITS_TERM], {}),
    "labels of the teacher": ([{**LABELS_TERM, "of": "teacher"}], {}),
    "hidden": ([hidden()], {}),
    "hidden of all tokens, squared": ([hidden(tokens="all", distance="mse")], {}),
    "hidden, narrower": ([hidden(distance="mse")], {"weights": "random", "width": 8}),
    "hidden, projected": ([hidden()], {"weights": "svd", "width": 8}),
    "attention": ([ATTENTION_TERM], {}),
    "relations": ([RELATIONS_TERM], {}),
    "several": ([LOGITS_TERM, hidden(), ATTENTION_TERM], {}),
}


@pytest.mark.parametrize("case", NEARER)
def test_each_term_brings_a_student_closer_to_its_teacher(
    prepare: Prepare, teacher: PreTrainedModel, tmp_path: Path, case: str
) -> None:
    learns, start = NEARER[case]
    prepared = prepare(*learns, **start)
    everything = list(range(32))
    before, weights = prepared.terms(everything), [values.clone() for values in teacher.parameters()]
    train_student(prepared, tmp_path, num_train_epochs=12)
    after = prepared.terms(everything)
    for term in before:
        assert after[term] < before[term] / 2, term
    assert all(torch.equal(now, then) for now, then in zip(teacher.parameters(), weights, strict=True))
    assert all(values.grad is None for values in teacher.parameters())


def train_student(prepared: PreparedStudent, folder: Path, **changes: Any) -> None:
    """Train a student and keep the last epoch."""
    settings, epoch = training(**{"metric_for_best_model": "log_loss", "weight_decay": 0.0, **changes}), count()
    train(
        prepared.student_model,
        Batches(
            prepared.reading.rows,
            distillation_targets(prepared.reading, prepared.student.loss),
            padding_id=0,
            batch_size=8,
            seed=0,
        ),
        prepared.setup.objective,
        lambda _: {"log_loss": -float(next(epoch))},
        settings,
        curves=folder / "curves",
        checkpoint=folder / "state.safetensors",
        processes=Processes(torch.device("cpu")),
    )


def test_a_student_with_a_teacher_on_each_batch_trains_in_sixteen_bits(prepare: Prepare, tmp_path: Path) -> None:
    prepared = prepare(LABELS_TERM, LOGITS_TERM, hidden(tokens="all"), ATTENTION_TERM, RELATIONS_TERM)
    before = prepared.terms()
    train_student(prepared, tmp_path, precision="bf16", num_train_epochs=12)
    after = prepared.terms()
    assert {values.dtype for values in prepared.student_model.parameters()} == {torch.float32}
    for term in ("logits", "hidden", "attention"):
        assert after[term] < before[term], term
