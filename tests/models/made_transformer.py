"""A small training: its settings, its model, and ways to stop it."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from decortique.data.settings import ClassificationHead, Head
from decortique.models.batches import Batch, Batches, Examples, Processes
from decortique.models.checkpoint import fingerprint
from decortique.models.heads import Headed, new_headed
from decortique.models.losses import Objective, Terms, head_targets, heads_objective
from decortique.models.settings import Training
from decortique.models.training import Scores, Trained, evaluate, train

LABELS = ["negative", "positive"]
HEADS: dict[str, Head] = {"polarity": ClassificationHead(kind="classification", column="label", loss="cross_entropy")}
ALONE = Processes(torch.device("cpu"))


def training(**changes: Any) -> Training:
    return Training(
        **{
            "num_train_epochs": 2,
            "batch_size": 8,
            "gradient_accumulation_steps": 1,
            "optim": "adamw",
            "optim_args": {},
            "learning_rate": 5e-3,
            "layer_decay": 1.0,
            "weight_decay": 0.01,
            "lr_scheduler_type": "linear",
            "lr_scheduler_kwargs": {},
            "warmup_ratio": 0.1,
            "max_grad_norm": 1.0,
            "dropout": 0.0,
            "precision": "full",
            "gradient_checkpointing": False,
            "early_stopping_patience": None,
            "metric_for_best_model": "accuracy",
            "seed": 0,
            **changes,
        }
    )


def headed(encoder: Path, *, dropout: float = 0.0, seed: int = 0) -> Headed:
    return new_headed(encoder, LABELS, HEADS, dropout=dropout, seed=seed)


def trained(
    model: Headed,
    examples: Examples,
    folder: Path,
    *,
    objective: Objective[Headed] | None = None,
    validate: Callable[[Headed], Scores] | None = None,
    processes: Processes = ALONE,
    **changes: Any,
) -> Trained:
    """Train on the examples; write curves and checkpoints to `folder`."""
    settings = training(**changes)
    targets = head_targets(model, HEADS, examples)
    return train(
        model,
        Batches(examples.rows, targets, padding_id=0, batch_size=settings.batch_size, seed=settings.seed),
        objective or heads_objective(HEADS),
        validate or (lambda one: evaluate(one, examples, 32)),
        settings,
        curves=folder / "curves",
        checkpoint=folder / "states" / f"{fingerprint(settings, model, targets)}.safetensors",
        processes=processes,
    )


def weights(model: Headed) -> dict[str, bytes]:
    return {name: values.numpy().tobytes() for name, values in model.state_dict().items()}


def curve(folder: Path, name: str) -> list[float]:
    lines = (folder / f"curves/plots/metrics/{name}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [float(line.split("\t")[-1]) for line in lines]


class PowerCutError(Exception):
    """A power cut."""


def stopping(at: int, how: str) -> Objective[Headed]:
    """Return an objective that is interrupted in its `at`-th batch."""
    plain, seen = heads_objective(HEADS), []

    def objective(model: Headed, batch: Batch) -> Terms:
        seen.append(at)
        if len(seen) == at:
            if how == "power cut":
                raise PowerCutError
            os.kill(os.getpid(), signal.SIGTERM if how == "terminated" else signal.SIGINT)
        return plain(model, batch)

    return objective
