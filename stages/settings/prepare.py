"""Settings of the stage `prepare`."""

from typing import Annotated, ClassVar

from pydantic import Field

from stages.settings.section import Section, Strict


class Prepare(Section, Strict):
    """How strict the reading is, how much of the corpus is used, what is left out of it, and what is hidden."""

    key: ClassVar[str] = "prepare"

    bad_rows: Annotated[int, Field(ge=0)]
    limit: Annotated[int, Field(ge=10)] | None
    near_duplicates: Annotated[float, Field(gt=0, le=1)] | None
    mask: bool
