"""The training loop: batches → loss → gradients → step, evaluate, save; with its optimizer and scheduler."""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from transformers import get_scheduler

from decortique.core import paths
from decortique.core.files import StageError, progress
from decortique.core.measures import greater_is_better, measure, measure_grades
from decortique.core.portable import is_pinned
from decortique.models.batches import Batch, Batches, Examples, Processes, TokenRows
from decortique.models.checkpoint import deferred_signals, fingerprint, live_logger, load_checkpoint, save_checkpoint
from decortique.models.heads import Trainable
from decortique.models.losses import Objective
from decortique.models.settings import Training

log = logging.getLogger(__name__)

Scores = dict[str, float]
Model = TypeVar("Model", bound=Trainable)
CURVE_POINTS = 200  # of each curve of the training, about
SAVE_EVERY = 120.0  # seconds between checkpoints: what a power cut may cost

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
    "adagrad": torch.optim.Adagrad,
    "adafactor": torch.optim.Adafactor,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}
FUSED = ("adamw", "adam", "sgd")  # one pass over all weights instead of one for each
DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def new_optimizer(model: Trainable, settings: Training) -> torch.optim.Optimizer:
    """Return an optimizer over the parameters that are trained, embeddings first and heads last.

    Raises:
        StageError: it has no such argument, or rounds differently on other processors where they should agree.
    """
    options: dict[str, Any] = {"fused": True} if settings.optim in FUSED else {}
    options |= {name: tuple(v) if isinstance(v, list) else v for name, v in settings.optim_args.items()}
    if is_pinned() and not options.get("fused"):  # others take square roots with MKL, which no variable pins
        raise StageError(f"params.yaml: {settings.optim} is not for compute.portable: use {', '.join(FUSED)}, fused")
    try:
        return OPTIMIZERS[settings.optim](list(parameter_groups(model, settings)), lr=settings.learning_rate, **options)
    except (TypeError, ValueError, IndexError, RuntimeError) as error:
        raise StageError(f"params.yaml: optim_args do not suit {settings.optim}: {error}") from None


def parameter_groups(model: Trainable, settings: Training) -> Iterator[dict[str, Any]]:
    """Yield groups of parameters of one layer and one weight decay.

    Heads have `learning_rate`, each layer below `layer_decay` times the rate of the one above it (Howard & Ruder,
    2018). Weight decay applies to matrices, not to biases and layer norms, which have one dimension, nor to the word
    embeddings, where it would shrink the rows of words that a batch does not have.
    """
    indices, words = model.layer_indices(), model.word_embeddings().weight
    top = max(indices.values()) + 1
    for layer in range(top + 1):
        trained = [v for v in model.parameters() if v.requires_grad and indices.get(id(v), top) == layer]
        rate = settings.learning_rate * settings.layer_decay ** (top - layer)
        for decay, parameters in (
            (settings.weight_decay, [values for values in trained if values.ndim > 1 and values is not words]),
            (0.0, [values for values in trained if values.ndim <= 1 or values is words]),
        ):
            if parameters:
                yield {"params": parameters, "lr": rate, "weight_decay": decay}


def new_scheduler(optimizer: torch.optim.Optimizer, settings: Training, steps: int) -> LambdaLR:
    """Return a learning-rate scheduler of transformers over `steps` steps, warm-up included.

    Raises:
        StageError: it has no such argument.
    """
    name, warmup = settings.lr_scheduler_type, round(settings.warmup_ratio * steps)
    # It alone has no default for the length of its decay: as long as the warm-up.
    options = {"num_decay_steps": warmup} if name == "warmup_stable_decay" else {}
    try:
        return get_scheduler(name, optimizer, warmup, steps, {**options, **settings.lr_scheduler_kwargs})
    except (TypeError, ValueError) as error:
        raise StageError(f"params.yaml: lr_scheduler_kwargs do not suit {name}: {error}") from None


@dataclass(frozen=True, slots=True)
class Trained:
    """How a training went."""

    best_epoch: int  # from 1
    epochs: list[Scores]  # validation scores, in order


def fit(
    model: Model,
    rows: TokenRows,
    targets: Mapping[str, torch.Tensor],
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
    """Train a model in place on `rows` and their `targets`, (texts, …) each; see `train`.

    Curves and checkpoint are kept under the names of the stage and of what it makes (the task, or task/student);
    `determined_by` is what the result depends on besides the other arguments.
    """
    training = (settings, processes.count, model, rows, targets, validation)
    checkpoint = paths.trainings(stage, name) / f"{fingerprint(*determined_by, *training)}.safetensors"
    occurring = np.union1d(rows.ids, validation.rows.ids)
    with nullcontext() if settings.optim == "adafactor" else compact_embeddings(model, [padding_id, *occurring]):
        return train(
            model.to(processes.device),
            Batches(rows, targets, padding_id=padding_id, batch_size=settings.batch_size, seed=settings.seed),
            objective,
            lambda trained: evaluate(trained, validation, settings.batch_size),
            settings,
            curves=paths.plots(stage, name),
            checkpoint=checkpoint,
            processes=processes,
        )


class CompactEmbedding(nn.Embedding):
    """Some rows of a table of embeddings, looked up by the ids of the whole table."""

    places: torch.Tensor

    def __init__(self, table: nn.Embedding, ids: Sequence[int] | np.ndarray) -> None:
        kept = torch.as_tensor(np.unique(ids))
        super().__init__(len(kept), table.embedding_dim, _weight=table.weight.detach()[kept])
        self.weight.requires_grad = table.weight.requires_grad
        places = torch.full((table.num_embeddings,), -1)  # an id that is not kept is an error of the look-up
        places[kept] = torch.arange(len(kept))
        self.register_buffer("places", places, persistent=False)
        if table.padding_idx is not None and places[table.padding_idx] >= 0:
            self.padding_idx = int(places[table.padding_idx])

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Return the rows of some ids."""
        return super().forward(self.places[input_ids])


@contextmanager
def compact_embeddings(model: Trainable, ids: Sequence[int] | np.ndarray) -> Iterator[None]:
    """Within this block, the model has the rows of the token ids alone that occur in a training; then they return.

    A row that occurs in no text has no gradient: without weight decay an optimizer that treats each weight by itself
    leaves it as it is, but takes time for it, and half of the weights of a small encoder are such rows. (Adafactor
    takes means over rows.)
    """
    table = model.word_embeddings()
    compact = CompactEmbedding(table, ids)
    (parent, name), *_ = [
        (one, name) for one in model.modules() for name, child in one.named_children() if child is table
    ]
    setattr(parent, name, compact)
    try:
        yield
    finally:
        with torch.no_grad():
            table.weight[compact.places.cpu() >= 0] = compact.weight.to(table.weight.device)
        setattr(parent, name, table.to(compact.weight.device))


def evaluate(model: Trainable, examples: Examples, batch_size: int) -> Scores:
    """Return the scores of a model on labelled examples, those of heads after the first as `<head>/<measure>`."""
    predictions = model.predict(examples.rows, batch_size=batch_size)
    scores = measure(examples.labels, predictions.probability)
    for name, values in predictions.others.items():
        of_head = measure_grades(examples.scores, values) if values.ndim == 1 else measure(examples.labels, values)
        # A measure is undefined (NaN) where no text has a score, a rank correlation where all are predicted equal.
        scores |= {f"{name}/{one}": value for one, value in of_head.items() if np.isfinite(value)}
    return scores


def train(
    model: Model,
    batches: Batches,
    objective: Objective[Model],
    validate: Callable[[Model], Scores],
    settings: Training,
    *,
    curves: Path,
    checkpoint: Path,
    processes: Processes,
) -> Trained:
    """Train `model` in place, on its device, and leave it with the weights of its best epoch.

    Interrupted at any step (Ctrl-C), it saves a checkpoint, from which the same call resumes to the same result.
    `validate` returns scores, among them `settings.metric_for_best_model`; `curves` is a new folder for DVCLive's.

    Raises:
        StageError: the loss is not finite, or the device does not compute in `settings.precision`.
        KeyboardInterrupt: somebody asked to stop.
    """
    steps = settings.num_train_epochs * math.ceil(len(batches) / settings.gradient_accumulation_steps)
    loop = Loop(model, objective, settings, checkpoint, processes, steps)
    with (
        deferred_signals() as loop.stop_requested,
        live_logger(curves, loop.done.curves) if processes.first else nullcontext(loop.log_point) as loop.log_point,
        progress(f"train {model.title}", loop.steps, "step") as bar,
    ):
        bar.update(loop.done.step)
        while loop.done.epoch <= settings.num_train_epochs and not loop.stops_early():
            model.train()
            epoch = batches.epoch(loop.done.epoch, skipped=loop.done.batch)
            while step := list(islice(epoch, settings.gradient_accumulation_steps)):
                loop.train_step(step)
                bar.update()
                loop.save_if_due()
            loop.end_epoch(validate(model))
            loop.save_if_due()
    model.load_state_dict(loop.best)
    if processes.first:
        checkpoint.unlink(missing_ok=True)
    return Trained(loop.best_epoch(), loop.done.epochs)


@dataclass
class Progress:
    """How far a training has come."""

    epoch: int = 1  # the current one, from 1
    batch: int = 0  # batches of this epoch that are done
    step: int = 0  # optimizer steps that are done
    epochs: list[Scores] = field(default_factory=list)  # validation scores of the epochs that are done
    curves: list[tuple[int, str, float]] = field(default_factory=list)  # as `live_logger` takes them


class Loop:
    """The state of a training, resumed from its checkpoint if there is one, and what it does at every step."""

    def __init__(
        self,
        model: Any,
        objective: Objective[Any],
        settings: Training,
        checkpoint: Path,
        processes: Processes,
        steps: int,
    ) -> None:
        self.model, self.objective, self.settings = model, objective, settings
        self.checkpoint, self.processes, self.steps = checkpoint, processes, steps
        # fp16 needs a gradient scaler, which was tried on CUDA only.
        cuda, precision = model.device.type == "cuda", settings.precision
        if (precision == "fp16" and not cuda) or (precision == "bf16" and cuda and not torch.cuda.is_bf16_supported()):
            raise StageError(f"params.yaml: precision is {precision}, which {model.device} does not have: use full")
        self.optimizer = new_optimizer(model, settings)
        self.scheduler = new_scheduler(self.optimizer, settings, self.steps)
        self.scaler = torch.amp.GradScaler(model.device.type, enabled=precision == "fp16")  # keeps gradients above 0
        if settings.gradient_checkpointing and not model.enable_gradient_checkpointing():
            raise StageError("params.yaml: gradient_checkpointing is true, which this model cannot do: use false")
        # Each has a state_dict, which a checkpoint keeps.
        self.parts = {"model": model, "optimizer": self.optimizer, "scheduler": self.scheduler, "scaler": self.scaler}
        self.done = Progress()
        self.best: dict[str, torch.Tensor] = {}  # the weights of the best epoch so far
        self.saved = time.monotonic()
        self.stop_requested = threading.Event()
        self.log_point: Callable[[int, str, float], None] = lambda *_: None
        if state := load_checkpoint(checkpoint):
            for name, part in self.parts.items():
                part.load_state_dict(state[name])
            self.done, self.best = Progress(**state["progress"]), state["best"]
            log.info("resuming at step %d of %d", self.done.step, steps)

    def train_step(self, batches: list[Batch]) -> None:
        """Make one optimizer step on the accumulated gradients of some batches."""
        # What is random in a step (dropout) depends on its number and the process only, so that a resumed training
        # draws the same.
        entropy = np.random.SeedSequence([self.settings.seed, self.done.step, self.processes.rank])
        torch.manual_seed(int(entropy.generate_state(1, np.uint64)[0]))
        losses = []
        for whole in batches:
            batch, share = self.processes.share({name: values.to(self.model.device) for name, values in whole.items()})
            dtype = DTYPES.get(self.settings.precision)
            with self.model.read_states_only():
                with torch.autocast(self.model.device.type, dtype) if dtype else nullcontext():
                    terms = self.objective(self.model, batch)
                    loss = torch.stack(list(terms.values())).sum()
                self.scaler.scale(loss * share / len(batches)).backward()  # type: ignore[no-untyped-call]
            losses.append(share * torch.stack([loss, *terms.values()]).detach())
        self.processes.average_gradients(self.model)
        self.scaler.unscale_(self.optimizer)
        self._clip_gradients()
        names = ["loss", *(f"loss_{term}" for term in terms if len(terms) > 1)]
        for name, value in zip(names, self.processes.mean(torch.stack(losses).mean(0)).tolist(), strict=False):
            self._log(f"train/{name}", value)
        self._log("train/learning_rate", float(self.scheduler.get_last_lr()[-1]))
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.scheduler.step()
        self.optimizer.zero_grad()
        self.done.step += 1
        self.done.batch += len(batches)

    def _clip_gradients(self) -> None:
        """Scale the gradients so that their norm is at most `max_grad_norm`."""
        gradients = [values.grad for values in self.model.parameters() if values.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        if self.settings.optim in FUSED and not self.scaler.is_enabled():
            # It divides each gradient as it reads it, which saves a pass over all of them.
            self.optimizer.grad_scale = (norm / self.settings.max_grad_norm).clamp(min=1.0)  # type: ignore[attr-defined]
        else:
            nn.utils.clip_grads_with_norm_(self.model.parameters(), self.settings.max_grad_norm, norm)

    def end_epoch(self, scores: Scores) -> None:
        """Log the validation scores, and keep the weights if they are the best so far."""
        self.done.epochs.append(scores)
        for name, value in scores.items():
            self._log(f"validation/{name}", value)
        self.done.epoch, self.done.batch = self.done.epoch + 1, 0
        if self.best_epoch() == len(self.done.epochs):
            self.best = {name: values.detach().clone() for name, values in self.model.state_dict().items()}

    def best_epoch(self) -> int:
        """Return the best epoch, from 1; of equals, the first."""
        metric, epochs = self.settings.metric_for_best_model, self.done.epochs
        return max(range(len(epochs)), key=lambda index: greater_is_better(epochs[index], metric)) + 1

    def stops_early(self) -> bool:
        """Return whether as many epochs as the patience went by without a better score."""
        patience, epochs = self.settings.early_stopping_patience, self.done.epochs
        return patience is not None and bool(epochs) and len(epochs) - self.best_epoch() >= patience

    def save_if_due(self) -> None:
        """Save a checkpoint from time to time, and when somebody asked this process or another one to stop.

        Raises:
            KeyboardInterrupt: somebody did.
        """
        stop = self.processes.any(self.stop_requested.is_set())
        if self.processes.first and (stop or time.monotonic() - self.saved > SAVE_EVERY):
            self.saved = time.monotonic()
            state = {name: part.state_dict() for name, part in self.parts.items()}
            try:
                save_checkpoint(self.checkpoint, {**state, "progress": asdict(self.done), "best": self.best})
            except (OSError, RuntimeError) as error:  # the training goes on without
                log.warning("the checkpoint could not be written to %s (%s)", self.checkpoint.parent, error)
            else:
                if stop:
                    log.warning("stopped at step %d of %d: the next run resumes there", self.done.step, self.steps)
        if stop:
            raise KeyboardInterrupt

    def _log(self, name: str, value: float) -> None:
        if not math.isfinite(value):
            raise StageError(
                f"the loss became {value} at step {self.done.step}: lower learning_rate or max_grad_norm in params.yaml"
            )
        # A curve of a few hundred points shows as much as one of thousands, and pages of plots stay small.
        if name.startswith("validation/") or self.done.step % math.ceil(self.steps / CURVE_POINTS) == 0:
            self.done.curves.append((self.done.step, name, value))
            self.log_point(*self.done.curves[-1])
