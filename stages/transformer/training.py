"""The standard training loop, written out: batches, loss, gradients, optimiser, scheduler, validation."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from dvclive import Live
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, get_scheduler

from stages.artifacts.files import new_folder
from stages.errors import StageError
from stages.progress import progress
from stages.settings.training import Training
from stages.transformer.batches import Batch
from stages.transformer.optimizer import new_optimizer

Objective = Callable[[PreTrainedModel, Batch], torch.Tensor]
Scores = dict[str, float]


@dataclass(frozen=True, slots=True)
class Trained:
    """How a training went; the model is left with the weights of its best epoch."""

    best_epoch: int
    epochs: list[Scores]  # validation scores, in order


def train(
    model: PreTrainedModel,
    batches: "DataLoader[Batch]",
    objective: Objective,
    validate: Callable[[PreTrainedModel], Scores],
    settings: Training,
    curves: Path,
) -> Trained:
    """Trains `model` in place and leaves it with the weights of its best epoch.

    Args:
        model: on the device where it is to be trained.
        batches: an epoch of training batches.
        objective: the loss of one batch, a scalar; it calls the model.
        validate: scores of the model as it is, among them `settings.select_by`.
        settings: epochs, learning rate and the rest.
        curves: new folder for DVCLive's curves.

    Raises:
        StageError: the loss is no longer a number.
    """
    optimizer = new_optimizer(model, settings)
    steps = settings.epochs * len(batches)
    scheduler = get_scheduler(settings.scheduler, optimizer, round(settings.warmup * steps), steps)
    epochs: list[Scores] = []
    best_epoch, best_weights = 0, dict[str, torch.Tensor]()
    with new_folder(curves) as folder:
        with (
            Live(str(folder), dvcyaml=None, save_dvc_exp=False, report=None) as live,
            progress(f"train {model.config.num_hidden_layers} layers", steps, "batch") as bar,
        ):
            for epoch in range(1, settings.epochs + 1):
                model.train()
                for batch in batches:
                    loss = objective(model, {name: values.to(model.device) for name, values in batch.items()})
                    live.log_metric("train/loss", _finite(loss.item(), live.step))
                    live.log_metric("train/learning_rate", scheduler.get_last_lr()[-1])
                    loss.backward()  # type: ignore[no-untyped-call]
                    torch.nn.utils.clip_grad_norm_(model.parameters(), settings.max_gradient_norm)
                    optimizer.step()
                    scheduler.step()
                    optimizer.zero_grad()
                    live.next_step()
                    bar.update()
                epochs.append(validate(model))
                for name, value in epochs[-1].items():
                    live.log_metric(f"validation/{name}", _finite(value, live.step))
                if _better(epochs, settings.select_by):
                    best_epoch = epoch
                    best_weights = {name: values.detach().clone() for name, values in model.state_dict().items()}
        # DVCLive's summary of the last step: the stage writes its own, of the best epoch.
        (folder / "metrics.json").unlink()
    model.load_state_dict(best_weights)
    return Trained(best_epoch, epochs)


def _finite(loss: float, step: int) -> float:
    if not math.isfinite(loss):
        raise StageError(
            f"the loss became {loss} at step {step}: lower learning_rate or max_gradient_norm in params.yaml"
        )
    return loss


def _better(epochs: list[Scores], measure: str) -> bool:
    """Tells whether the last epoch beats all before it; of equals, the earlier is kept."""
    sign = -1 if measure == "log_loss" else 1
    return all(sign * epochs[-1][measure] > sign * earlier[measure] for earlier in epochs[:-1])
