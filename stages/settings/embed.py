"""Settings of the stage `embed`."""

from typing import ClassVar, Literal

from stages.settings.section import Section, Strict


class Embed(Section, Strict):
    """Which vector of the encoder stands for a text."""

    key: ClassVar[str] = "embed"

    pooling: Literal["mean", "cls"]
    layer: int
    normalize: bool
    splits: list[str]
