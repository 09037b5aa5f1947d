"""The training loop: batches → gradients → steps, validation, the best epoch."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from safetensors import SafetensorError
from torch.optim.lr_scheduler import LambdaLR

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.core.measures import merit
from decortique.core.progress import progress
from decortique.models.batches import Batch, Batches, TokenRows
from decortique.models.checkpoint import Checkpoint, Interruption, Progress, Tensors, drawn, noticed
from decortique.models.examples import Examples, Trainable
from decortique.models.losses import Objective
from decortique.models.optimizer import Precision, new_optimizer, new_scheduler
from decortique.models.processes import Processes
from decortique.models.settings import Training

log = logging.getLogger(__name__)

Scores = dict[str, float]
Model = TypeVar("Model", bound=Trainable)
CURVE_POINTS = 200  # of each curve of the training, about
EVERY = 120.0  # seconds from one saved state to the next: what a power cut may cost


@dataclass(frozen=True, slots=True)
class Trained:
    """How a training went; the model is left with the weights of its best epoch."""

    best_epoch: int
    epochs: list[Scores]  # validation scores, in order


def train(
    model: Model,
    batches: Batches,
    objective: Objective[Model],
    validate: Callable[[Model], Scores],
    settings: Training,
    *,
    curves: Path,
    checkpoint: Checkpoint,
    processes: Processes,
) -> Trained:
    """Trains `model` in place and leaves it with the weights of its best epoch.

    Stopped at any step (Ctrl-C), it keeps its state, and the same call goes on from there to the same result.

    Args:
        model: on the device where it is to be trained.
        batches: the training texts.
        objective: the terms of the loss of one batch; it calls the model.
        validate: scores of the model as it is, among them `settings.select_by`.
        settings: epochs, learning rate and the rest.
        curves: new folder for DVCLive's curves.
        checkpoint: where the state is kept.
        processes: those that train together.

    Raises:
        StageError: the loss is no longer a number, or the device does not compute in the precision asked for.
        KeyboardInterrupt: somebody asked to stop.
    """
    loop = Loop.prepared(model, batches, objective, settings, processes)
    best = loop.go_on(checkpoint)
    with (
        noticed() as loop.interruption,
        drawn(curves, loop.done.curves) if processes.first else nullcontext(lambda *_: None) as loop.draw,
        progress(f"train {model.title}", loop.steps, "step") as bar,
    ):
        bar.update(loop.done.step)
        saved = time.monotonic()
        while loop.done.epoch <= settings.epochs and not _gave_up(loop.done.epochs, settings):
            model.train()
            for group in _grouped(batches.epoch(loop.done.epoch, loop.done.batch), settings.accumulate):
                loop.learn(group)
                bar.update()
                if time.monotonic() - saved > EVERY:
                    loop.save(checkpoint, best)
                    saved = time.monotonic()
                loop.stop_if_asked(checkpoint, best)
            loop.close_epoch(validate(model))
            if _best(loop.done.epochs, settings.select_by) == len(loop.done.epochs):
                best = {name: values.detach().clone() for name, values in model.state_dict().items()}
            loop.stop_if_asked(checkpoint, best)
    model.load_state_dict(best)
    if processes.first:
        checkpoint.remove()
    return Trained(_best(loop.done.epochs, settings.select_by), loop.done.epochs)


@dataclass
class Loop:
    """What a training needs at every step, and how far it has come."""

    model: Any
    objective: Objective[Any]
    settings: Training
    processes: Processes
    precision: Precision
    optimizer: torch.optim.Optimizer
    scheduler: LambdaLR
    steps: int
    done: Progress = field(default_factory=Progress)
    draw: Callable[[int, str, float], None] = lambda *_: None
    interruption: Interruption = field(default_factory=Interruption)

    @classmethod
    def prepared(
        cls, model: Model, batches: Batches, objective: Objective[Model], settings: Training, processes: Processes
    ) -> "Loop":
        """Makes optimiser and scheduler by their names."""
        steps = settings.epochs * math.ceil(len(batches) / settings.accumulate)
        precision = Precision.of(settings.precision, model.device)
        optimizer = new_optimizer(model, settings)
        scheduler = new_scheduler(optimizer, settings, steps)
        if settings.checkpoint_gradients and not model.compute_again():
            raise StageError("params.yaml: checkpoint_gradients is true, which this model cannot do: use false")
        return cls(model, objective, settings, processes, precision, optimizer, scheduler, steps)

    def learn(self, group: list[Batch]) -> None:
        """Makes one step on the batches of a group, whose gradients are added up."""
        _seed(self.settings.seed, self.done.step, self.processes.rank)
        costs = []
        for whole in group:
            batch, share = self.processes.share({name: values.to(self.model.device) for name, values in whole.items()})
            with self.precision.forward():
                terms = self.objective(self.model, batch)
                loss = torch.stack(list(terms.values())).sum()
            self.precision.scaler.scale(loss * share / len(group)).backward()  # type: ignore[no-untyped-call]
            costs.append(share * torch.stack([loss, *terms.values()]).detach())
        self.processes.average_gradients(self.model)
        self.precision.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.max_gradient_norm)
        self._note_costs(list(terms), self.processes.mean(torch.stack(costs).mean(0)).tolist())
        self.precision.scaler.step(self.optimizer)
        self.precision.scaler.update()
        self.scheduler.step()
        self.optimizer.zero_grad()
        self.done.step += 1
        self.done.batch += len(group)

    def close_epoch(self, scores: Scores) -> None:
        """Notes what a validation found, and turns to the next epoch."""
        self.done.epochs.append(scores)
        for name, value in scores.items():
            self._note(f"validation/{name}", value)
        self.done.epoch, self.done.batch = self.done.epoch + 1, 0

    def stop_if_asked(self, checkpoint: Checkpoint, best: Tensors) -> None:
        """Keeps the state and stops, if somebody asked this process or another one to."""
        if self.processes.any(self.interruption.asked):
            if self.save(checkpoint, best):
                log.warning("stopped at step %d of %d: the next run goes on from here", self.done.step, self.steps)
            raise KeyboardInterrupt

    def save(self, checkpoint: Checkpoint, best: Tensors) -> bool:
        """Keeps the state and the weights of the best epoch, and tells whether it could: training goes on without."""
        if not self.processes.first:
            return False
        try:
            checkpoint.save(self.done, self.model, best, self.optimizer, self._others())
        except (OSError, SafetensorError) as error:
            log.warning("the state of the training could not be kept in %s (%s)", checkpoint.folder.parent, error)
            return False
        return True

    def go_on(self, checkpoint: Checkpoint) -> Tensors:
        """Takes up the state where it was kept, and gives the weights of the best epoch, if one is done."""
        self.done, best = checkpoint.load(self.model, self.optimizer, self._others())
        if self.done.step:
            log.info("going on from step %d of %d", self.done.step, self.steps)
        return best

    def _others(self) -> dict[str, Any]:
        return {"scheduler": self.scheduler, "scaler": self.precision.scaler}

    def _note_costs(self, names: list[str], costs: list[float]) -> None:
        """Notes the loss of a step, of what it is the sum, and at what rate it is learnt from."""
        self._note("train/loss", costs[0])
        if len(names) > 1:
            for name, cost in zip(names, costs[1:], strict=True):
                self._note(f"train/loss_{name}", cost)
        self._note("train/learning_rate", float(self.scheduler.get_last_lr()[-1]))

    def _note(self, name: str, value: float) -> None:
        if not math.isfinite(value):
            raise StageError(
                f"the loss became {value} at step {self.done.step}: lower learning_rate or max_gradient_norm in "
                "params.yaml"
            )
        # A curve of a few hundred points shows as much as one of thousands, and pages of plots stay small.
        if name.startswith("validation/") or self.done.step % math.ceil(self.steps / CURVE_POINTS) == 0:
            self.done.curves.append((self.done.step, name, value))
            self.draw(*self.done.curves[-1])


def _grouped(batches: Iterator[Batch], size: int) -> Iterator[list[Batch]]:
    """Yields the batches of each step."""
    while group := list(islice(batches, size)):
        yield group


def _seed(seed: int, step: int, rank: int) -> None:
    """Makes what is random in a step (dropout) depend on nothing but its number, and differ between processes."""
    torch.manual_seed(int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0]))


def _best(epochs: list[Scores], measure: str) -> int:
    """Gives the best epoch, counted from 1; of equals, the first."""
    return max(range(len(epochs)), key=lambda place: merit(epochs[place], measure)) + 1


def _gave_up(epochs: list[Scores], settings: Training) -> bool:
    """Tells whether as many epochs as `patience` went by without a better score."""
    if settings.patience is None or not epochs:
        return False
    return len(epochs) - _best(epochs, settings.select_by) >= settings.patience


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
