"""Settings of the stage `explain`."""

from typing import Annotated, ClassVar

from pydantic import Field

from stages.settings.section import Section, Seed, Strict


class Explain(Section, Strict):
    """How decisions are attributed to words, and how many are shown."""

    key: ClassVar[str] = "explain"

    steps: Annotated[int, Field(ge=2)]
    shown: Annotated[int, Field(ge=1)]
    tested: Annotated[int, Field(ge=10)]
    deleted: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]
    seed: Seed
