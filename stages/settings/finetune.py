"""Settings of the stage `finetune`."""

from typing import ClassVar

from stages.settings.section import Section, Share
from stages.settings.training import Training


class Finetune(Section, Training):
    """The training loop on the task's own labels."""

    key: ClassVar[str] = "finetune"

    label_smoothing: Share
