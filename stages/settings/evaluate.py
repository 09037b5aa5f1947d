"""Settings of the stage `evaluate`."""

from typing import Annotated, ClassVar

from pydantic import Field

from stages.settings.section import Section, Seed, Strict


class Evaluate(Section, Strict):
    """How sure the scores are."""

    key: ClassVar[str] = "evaluate"

    resamples: Annotated[int, Field(ge=100)]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    calibration_bins: Annotated[int, Field(ge=2)]
    seed: Seed
