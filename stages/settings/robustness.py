"""Settings of the stage `robustness`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stages.settings.section import Section, Seed, Strict

Rewrite = Literal["typos", "lower_case", "upper_case", "no_punctuation", "contractions", "synonyms", "negation"]


class Robustness(Section, Strict):
    """How test texts are rewritten, and how many of them."""

    key: ClassVar[str] = "robustness"

    rewrites: Annotated[list[Rewrite], Field(min_length=1)]
    texts: Annotated[int, Field(ge=10)] | None
    typo_rate: Annotated[float, Field(gt=0, le=1)]
    seed: Seed
