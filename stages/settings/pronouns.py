"""Settings of the stage `pronouns`."""

from typing import Annotated, ClassVar

from pydantic import Field

from stages.settings.section import Positive, Section, Seed, Strict


class Pronouns(Section, Strict):
    """What is sampled of the corpora, and how it is probed."""

    key: ClassVar[str] = "pronouns"

    words: Annotated[int, Field(ge=2)]
    occurrences: Annotated[int, Field(ge=4)]
    random: Annotated[int, Field(ge=8)]
    longest: Annotated[int, Field(ge=2)]
    probed: Annotated[int, Field(ge=4)]
    folds: Annotated[int, Field(ge=2)]
    ridge: Positive
    seed: Seed
