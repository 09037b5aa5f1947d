"""Settings of the training loop, shared by the stages that train a transformer."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.settings.section import Positive, Seed, Share, Strict, Weight

Count = Annotated[int, Field(ge=1)]
# Names of torch.optim and of transformers' get_scheduler.
Optimizer = Literal["adamw", "adam", "nadam", "radam", "adagrad", "adafactor", "rmsprop", "sgd"]
Scheduler = Literal[
    "linear",
    "cosine",
    "cosine_with_restarts",
    "cosine_with_min_lr",
    "polynomial",
    "inverse_sqrt",
    "constant",
    "constant_with_warmup",
    "warmup_stable_decay",
]


class Training(Strict):
    """One run of the loop in `stages.transformer.training`.

    Attributes:
        epochs: passes over the training texts.
        batch_size: texts of a step.
        accumulate: batches whose gradients are added up to one step: 2 × 16 learns as 1 × 32 does, in half the memory.
        optimizer: by its name.
        optimizer_options: betas, momentum, eps … as torch.optim names them.
        learning_rate: of the decision.
        layer_decay: what each layer's rate is of that of the layer above.
        weight_decay: of matrices only.
        scheduler: by its name.
        scheduler_options: num_cycles, min_lr_rate … as transformers names them.
        warmup: share of the steps in which the rate rises.
        max_gradient_norm: longer gradients are shortened to it.
        dropout: None keeps the encoder's own.
        precision: bf16 or fp16 where the device computes in them.
        checkpoint_gradients: computes activations twice instead of keeping them: slower, in less memory.
        patience: epochs without a better score before it stops; None for all epochs.
        select_by: the score on validation by which the best epoch is kept.
        seed: of the new weights, the order of texts and dropout.
    """

    epochs: Count
    batch_size: Count
    accumulate: Count = 1
    optimizer: Optimizer
    optimizer_options: dict[str, float | bool | list[float]] = Field(default_factory=dict)
    learning_rate: Positive
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    weight_decay: Weight
    scheduler: Scheduler
    scheduler_options: dict[str, float] = Field(default_factory=dict)
    warmup: Share
    max_gradient_norm: Positive
    dropout: Annotated[float, Field(ge=0, lt=1)] | None
    precision: Literal["full", "bf16", "fp16"] = "full"
    checkpoint_gradients: bool = False
    patience: Count | None
    select_by: Literal["accuracy", "macro_f1", "log_loss"]
    seed: Seed

    @model_validator(mode="after")
    def _options_are_heard(self) -> "Training":
        if self.scheduler_options and self.scheduler in {"constant", "constant_with_warmup"}:
            raise ValueError(f"scheduler_options: the scheduler {self.scheduler} has none")
        if own := sorted({"lr", "weight_decay", "params"} & set(self.optimizer_options)):
            raise ValueError(f"optimizer_options.{own[0]} is not for these options: see learning_rate and weight_decay")
        return self
