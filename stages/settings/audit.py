"""Settings of the stage `audit`."""

from typing import Annotated, ClassVar

from pydantic import Field

from stages.settings.section import Section, Seed, Strict


class Audit(Section, Strict):
    """When two texts are nearly the same, and how labels are doubted."""

    key: ClassVar[str] = "audit"

    near: Annotated[float, Field(gt=0, le=1)]
    folds: Annotated[int, Field(ge=2)]
    seed: Seed
