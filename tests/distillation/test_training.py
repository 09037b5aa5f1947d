"""Students in training: what they have in common with their teacher grows, term by term."""

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
    Taught,
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
def test_a_student_gets_nearer_to_its_teacher_by_each_term(
    prepare: Prepare, teacher: PreTrainedModel, tmp_path: Path, case: str
) -> None:
    learns, start = NEARER[case]
    taught = prepare(*learns, **start)
    everything = list(range(32))
    before, weights = taught.terms(everything), [values.clone() for values in teacher.parameters()]
    learn(taught, tmp_path, num_train_epochs=12)
    after = taught.terms(everything)
    for term in before:
        assert after[term] < before[term] / 2, term
    assert all(torch.equal(now, then) for now, then in zip(teacher.parameters(), weights, strict=True))
    assert all(values.grad is None for values in teacher.parameters())


def learn(taught: Taught, folder: Path, **changes: Any) -> None:
    """Trains a student; what it is left with is the last epoch."""
    settings, epoch = training(**{"metric_for_best_model": "log_loss", "weight_decay": 0.0, **changes}), count()
    train(
        taught.pupil,
        Batches(
            taught.reading.rows,
            distillation_targets(taught.reading, taught.student.loss),
            padding_id=0,
            batch_size=8,
            seed=0,
        ),
        taught.learner.objective,
        lambda _: {"log_loss": -float(next(epoch))},
        settings,
        curves=folder / "curves",
        checkpoint=folder / "state.safetensors",
        processes=Processes(torch.device("cpu")),
    )


def test_a_student_whose_teacher_computes_along_learns_in_sixteen_bits_too(prepare: Prepare, tmp_path: Path) -> None:
    taught = prepare(LABELS_TERM, LOGITS_TERM, hidden(tokens="all"), ATTENTION_TERM, RELATIONS_TERM)
    before = taught.terms()
    learn(taught, tmp_path, precision="bf16", num_train_epochs=12)
    after = taught.terms()
    assert {values.dtype for values in taught.pupil.parameters()} == {torch.float32}
    for term in ("logits", "hidden", "attention"):
        assert after[term] < before[term], term
