"""Settings of the stage `report`."""

from typing import Annotated, ClassVar

from pydantic import Field

from decortique.core.settings import Section, Strict


class Report(Section, Strict):
    """How much of what was found is shown."""

    key: ClassVar[str] = "report"

    examples: Annotated[int, Field(ge=0)]
    megabytes: Annotated[float, Field(gt=0)]
