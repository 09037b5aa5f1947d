"""Settings of the stage `similarity`."""

from typing import Annotated, ClassVar

from pydantic import Field

from stages.settings.section import Section, Strict


class Similarity(Section, Strict):
    """How words are read."""

    key: ClassVar[str] = "similarity"

    batch_size: Annotated[int, Field(ge=1)]
