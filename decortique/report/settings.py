"""Settings of the stage `report`."""

from typing import Annotated, ClassVar

from pydantic import Field

from decortique.core.settings import Section, Strict


class Report(Section, Strict):
    """How many examples the report has, and how large it may be."""

    key: ClassVar[str] = "report"

    max_examples: Annotated[int, Field(ge=0)]
    max_megabytes: Annotated[float, Field(gt=0)]
