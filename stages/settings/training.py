"""Settings of the training loop, shared by the stages that train a transformer."""

from typing import Annotated, Literal

from pydantic import Field

from stages.settings.section import Positive, Seed, Share, Strict, Weight


class Training(Strict):
    """One run of the loop in `stages.transformer.training`."""

    epochs: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=1)]
    learning_rate: Positive
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    weight_decay: Weight
    scheduler: Literal["linear", "cosine", "constant_with_warmup"]
    warmup: Share
    max_gradient_norm: Positive
    dropout: Annotated[float, Field(ge=0, lt=1)] | None
    select_by: Literal["accuracy", "macro_f1", "log_loss"]
    seed: Seed
