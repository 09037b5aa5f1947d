"""Settings of the stage `polysemy`."""

from typing import Annotated, ClassVar

from pydantic import Field

from stages.settings.section import Section, Seed, Strict


class Polysemy(Section, Strict):
    """What is shown of words of several senses."""

    key: ClassVar[str] = "polysemy"

    candidates: Annotated[int, Field(ge=1)]
    neighbours: Annotated[int, Field(ge=1)]
    shown: Annotated[int, Field(ge=1)]
    seed: Seed
