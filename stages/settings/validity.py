"""Settings of the stage `validity`."""

from typing import Annotated, ClassVar

from pydantic import Field

from stages.settings.section import Section, Seed, Strict


class Validity(Section, Strict):
    """Controls of the baseline: what another split would have claimed, and what it relies on."""

    key: ClassVar[str] = "validity"

    features: Annotated[int, Field(ge=1)]
    seed: Seed
