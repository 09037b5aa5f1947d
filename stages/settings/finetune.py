"""Settings of the stage `finetune`."""

from typing import ClassVar, Literal

from stages.settings.section import Positive, Section, Share
from stages.settings.training import Training


class Finetune(Section, Training):
    """The training loop on the task's own labels."""

    key: ClassVar[str] = "finetune"

    label_smoothing: Share
    score_slope: Positive | None
    class_weight: Literal["balanced"] | None
    freeze_embeddings: bool
