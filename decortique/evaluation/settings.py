"""Settings of evaluation, slices and decoding."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from decortique.core.settings import Name, Run, Section, Seed, Share, Strict


class Evaluate(Section, Strict):
    """Bootstrap intervals and calibration."""

    key: ClassVar[str] = "evaluate"

    resamples: Annotated[int, Field(ge=100)]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    calibration_bins: Annotated[int, Field(ge=2)]
    seed: Seed


class Slices(Section, Strict):
    """How a test set is cut into parts, and how the agreement of raters is measured."""

    key: ClassVar[str] = "slices"

    parts: Annotated[int, Field(ge=2)]
    min_count: Annotated[int, Field(ge=1)]
    n_splits: Annotated[int, Field(ge=1)]
    seed: Seed


COMBINED = "combined"  # the name of several approaches combined


class Decode(Section, Strict):
    """Decoding over sequences; each task lists its methods in the catalogue."""

    key: ClassVar[str] = "decode"

    combine: list[Name]
    own_level: Share

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """Yield combined approaches that are not predicted, and an approach that is called `combined`."""
        approaches = run["approaches"].root
        for name in self.combine:
            if name not in approaches:
                yield "decode.combine", f"{name!r} is not among approaches ({', '.join(approaches)})"
        if self.combine and COMBINED in approaches:
            yield "approaches", f"{COMBINED!r} is what decode.combine makes: give the approach another name"
