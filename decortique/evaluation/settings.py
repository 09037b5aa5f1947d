"""Settings of evaluation, slices and decoding."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from decortique.core.settings import Name, Run, Section, Seed, Share, Strict


class Evaluate(Section, Strict):
    """How sure the scores are."""

    key: ClassVar[str] = "evaluate"

    resamples: Annotated[int, Field(ge=100)]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    calibration_bins: Annotated[int, Field(ge=2)]
    seed: Seed


class Slices(Section, Strict):
    """Into which parts a test set is cut, and how people's own disagreement is measured."""

    key: ClassVar[str] = "slices"

    parts: Annotated[int, Field(ge=2)]
    least: Annotated[int, Field(ge=1)]
    deals: Annotated[int, Field(ge=1)]
    seed: Seed


COMBINED = "combined"  # the name of what is combined, beside those of the approaches


class Decode(Section, Strict):
    """What is made of the scores of the approaches; which methods apply is said by each task."""

    key: ClassVar[str] = "decode"

    combine: list[Name]
    own_level: Share

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """What is combined must be predicted, and needs its name for itself."""
        approaches = run["approaches"].root
        for name in self.combine:
            if name not in approaches:
                yield "decode.combine", f"{name!r} is not among approaches ({', '.join(approaches)})"
        if self.combine and COMBINED in approaches:
            yield "approaches", f"{COMBINED!r} is what decode.combine makes: give the approach another name"
