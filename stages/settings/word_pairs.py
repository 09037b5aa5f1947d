"""Settings of the stage `word_pairs`."""

from typing import Annotated, ClassVar

from pydantic import Field

from stages.settings.section import Section, Seed, Strict

Even = Annotated[int, Field(ge=2, multiple_of=2)]


class WordPairs(Section, Strict):
    """Which word-in-context pairs are made: numbers of pairs, half of them of one sense."""

    key: ClassVar[str] = "word_pairs"

    train: Even
    validation: Even
    test: Even
    per_family: Even
    shortest: Annotated[int, Field(ge=2)]
    seed: Seed
