"""Settings of the stage `embed`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stages.settings.section import Section, Strict


class Embed(Section, Strict):
    """Which vector of the encoder stands for a text."""

    key: ClassVar[str] = "embed"

    pooling: Literal["mean", "cls"]
    layer: int
    normalize: bool
    splits: list[str]
    batch_size: Annotated[int, Field(ge=1)]
