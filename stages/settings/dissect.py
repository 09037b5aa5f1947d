"""Settings of the stage `dissect`."""

from typing import Annotated, ClassVar

from pydantic import Field

from stages.settings.section import Section, Strict


class Dissect(Section, Strict):
    """What a model is shown while it is taken apart; the attention maps are drawn for the first sentence."""

    key: ClassVar[str] = "dissect"

    sentences: Annotated[list[Annotated[str, Field(pattern=r"\S", description="not empty")]], Field(min_length=1)]
