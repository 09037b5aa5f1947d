"""Settings of the stage `slices`."""

from typing import Annotated, ClassVar

from pydantic import Field

from stages.settings.section import Section, Seed, Strict


class Slices(Section, Strict):
    """Into which parts a test set is cut, and how people's own disagreement is measured."""

    key: ClassVar[str] = "slices"

    parts: Annotated[int, Field(ge=2)]
    least: Annotated[int, Field(ge=1)]
    deals: Annotated[int, Field(ge=1)]
    seed: Seed
