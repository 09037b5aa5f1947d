"""Optimizer and scheduler by their names; numbers of 16 and 32 bits."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR
from transformers import get_scheduler

from decortique.core.errors import StageError
from decortique.models.examples import Trainable
from decortique.models.settings import Training

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


def new_optimizer(model: Trainable, settings: Training) -> torch.optim.Optimizer:
    """Gives an optimiser of torch over the parameters that are trained, embeddings first and the decisions last.

    Raises:
        StageError: it has no such option.
    """
    options: dict[str, Any] = {"fused": True} if settings.optimizer in FUSED else {}
    options |= {name: tuple(v) if isinstance(v, list) else v for name, v in settings.optimizer_options.items()}
    try:
        return OPTIMIZERS[settings.optimizer](
            list(parameter_groups(model, settings)), lr=settings.learning_rate, **options
        )
    except (TypeError, ValueError, IndexError, RuntimeError) as error:
        raise StageError(f"params.yaml: optimizer_options do not suit {settings.optimizer}: {error}") from None


def new_scheduler(optimizer: torch.optim.Optimizer, settings: Training, steps: int) -> LambdaLR:
    """Gives a scheduler of transformers over `steps` steps, of which it warms up for a share.

    Raises:
        StageError: it has no such option.
    """
    warmup = round(settings.warmup * steps)
    # It alone wants to be told how long its decay is: as long as the warm-up, unless it is said.
    options = {"num_decay_steps": warmup} if settings.scheduler == "warmup_stable_decay" else {}
    try:
        return get_scheduler(settings.scheduler, optimizer, warmup, steps, {**options, **settings.scheduler_options})
    except (TypeError, ValueError) as error:
        raise StageError(f"params.yaml: scheduler_options do not suit {settings.scheduler}: {error}") from None


def parameter_groups(model: Trainable, settings: Training) -> Iterator[dict[str, Any]]:
    """Yields groups of parameters of one height in the model and one decay.

    The decisions learn at `learning_rate`, each layer below them at `layer_decay` times the rate of what is above
    (Howard & Ruder, 2018). Biases and layer norms, which have one dimension, are not pulled to zero.
    """
    height = model.heights()
    top = max(height.values()) + 1
    for level in range(top + 1):
        trained = [v for v in model.parameters() if v.requires_grad and height.get(id(v), top) == level]
        rate = settings.learning_rate * settings.layer_decay ** (top - level)
        for decay, chosen in (
            (settings.weight_decay, [values for values in trained if values.ndim > 1]),
            (0.0, [values for values in trained if values.ndim <= 1]),
        ):
            if chosen:
                yield {"params": chosen, "lr": rate, "weight_decay": decay}


KINDS = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class Precision:
    """In what numbers a step is computed."""

    device: torch.device
    kind: torch.dtype | None  # None for 32 bits throughout
    scaler: torch.amp.GradScaler  # keeps small gradients of 16 bits above zero; does nothing for other kinds

    @classmethod
    def of(cls, name: str, device: torch.device) -> "Precision":
        """Takes `full`, `bf16` or `fp16`.

        Raises:
            StageError: the device does not compute so.
        """
        there = {
            "full": True,
            "bf16": device.type != "cuda" or torch.cuda.is_bf16_supported(),
            "fp16": device.type == "cuda",  # elsewhere there is no scaler that was tried
        }
        if not there[name]:
            raise StageError(f"params.yaml: precision is {name}, which {device} does not have: use full")
        return cls(device, KINDS.get(name), torch.amp.GradScaler(device.type, enabled=name == "fp16"))

    def forward(self) -> AbstractContextManager[object]:
        """Within it, matrix products are computed in 16 bits."""
        return nullcontext() if self.kind is None else torch.autocast(self.device.type, self.kind)
