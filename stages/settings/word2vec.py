"""Settings of the stage `word2vec`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stages.settings.section import Positive, Section, Seed, Strict

Count = Annotated[int, Field(ge=1)]


class Word2vec(Section, Strict):
    """How static vectors are trained (Mikolov et al., 2013)."""

    key: ClassVar[str] = "word2vec"

    architecture: Literal["skip_gram", "cbow"]
    dimensions: Count
    window: Count
    negative: Count
    least: Count
    epochs: Count
    learning_rate: Positive
    seed: Seed
