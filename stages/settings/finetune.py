"""Settings of the stage `finetune`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stages.settings.section import Section, Strict
from stages.settings.training import Count, Training


class Adaptation(Strict):
    """What of a pretrained encoder learns; the decisions always do.

    Attributes:
        kind: `full`, every weight; `top`, the last blocks; `probe`, nothing but the decisions; `lora`, low-rank
            additions to the matrices of the blocks (Hu et al., 2022), which are merged at the end.
        freeze_embeddings: of `full`: leave the input embeddings as they are.
        layers: of `top`: how many blocks.
        rank: of `lora`.
        alpha: of `lora`: the additions are scaled by alpha / rank.
        dropout: of `lora`, on what the additions read.
    """

    kind: Literal["full", "top", "probe", "lora"]
    freeze_embeddings: bool = False
    layers: Count = 2
    rank: Count = 8
    alpha: Count = 16
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


class Finetune(Section, Training):
    """The training loop on the task's own labels."""

    key: ClassVar[str] = "finetune"

    adaptation: Adaptation
