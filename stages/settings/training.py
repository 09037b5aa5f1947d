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
    """One run of the loop in `stages.transformer.training`."""

    epochs: Count
    batch_size: Count
    accumulate: Count  # batches whose gradients are added up to one step: the effective batch is the product
    optimizer: Optimizer
    optimizer_options: dict[str, float | bool | list[float]]
    learning_rate: Positive
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    weight_decay: Weight
    scheduler: Scheduler
    scheduler_options: dict[str, float]
    warmup: Share
    max_gradient_norm: Positive
    dropout: Annotated[float, Field(ge=0, lt=1)] | None
    precision: Literal["full", "bf16", "fp16"]
    checkpoint_gradients: bool
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
