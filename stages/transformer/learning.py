"""A training of the chain: the loop, with its loader, its validation and its place on the disk."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from stages.artifacts import paths
from stages.settings.training import Training
from stages.transformer.batches import Batches, TokenRows
from stages.transformer.checkpoint import Checkpoint
from stages.transformer.examples import Examples
from stages.transformer.objective import Objective
from stages.transformer.processes import Processes
from stages.transformer.training import Model, Trained, train


def learn(
    model: Model,
    rows: TokenRows,
    extras: Mapping[str, torch.Tensor],
    objective: Objective[Model],
    validation: Examples,
    settings: Training,
    *,
    stage: str,
    name: str,
    padding_id: int,
    determined_by: Sequence[Any],
    processes: Processes,
) -> Trained:
    """Trains a model in place, on the device of this process.

    Args:
        model: with its first weights.
        rows: the training texts.
        extras: (texts, …) what belongs to each.
        objective: the terms of the loss.
        validation: by which the best epoch is chosen.
        settings: of the training.
        stage: that trains; curves and states are kept under its name.
        name: of what it makes: the task, or task and student.
        padding_id: token id that fills a batch.
        determined_by: what the result depends on besides the other arguments.
        processes: those that train together.
    """
    checkpoint = Checkpoint.of(
        paths.trainings(stage, name),
        *(settings, processes.count, model, rows, extras, validation, *determined_by),
    )
    return train(
        model.to(processes.device),
        Batches(rows, extras, padding_id=padding_id, batch_size=settings.batch_size, seed=settings.seed),
        objective,
        lambda trained: validation.measured(trained, settings.batch_size),
        settings,
        curves=paths.plots(stage, name),
        checkpoint=checkpoint,
        processes=processes,
    )
