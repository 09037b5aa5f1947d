"""Settings of the stage `decide`."""

from typing import Annotated, ClassVar

from pydantic import Field

from stages.settings.section import Section, Strict


class Decide(Section, Strict):
    """How texts are sent through the approaches."""

    key: ClassVar[str] = "decide"

    batch_size: Annotated[int, Field(ge=1)]
