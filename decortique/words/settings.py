"""Settings of word vectors, word pairs, pronouns and polysemy."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from decortique.core.settings import Positive, Section, Seed, Strict

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


class Pronouns(Section, Strict):
    """What is sampled of the corpora, and how it is probed."""

    key: ClassVar[str] = "pronouns"

    words: Annotated[int, Field(ge=2)]
    occurrences: Annotated[int, Field(ge=4)]
    random: Annotated[int, Field(ge=8)]
    longest: Annotated[int, Field(ge=2)]
    probed: Annotated[int, Field(ge=4)]
    folds: Annotated[int, Field(ge=2)]
    ridge: Positive
    seed: Seed


class Polysemy(Section, Strict):
    """What is shown of words of several senses."""

    key: ClassVar[str] = "polysemy"

    candidates: Annotated[int, Field(ge=1)]
    neighbours: Annotated[int, Field(ge=1)]
    shown: Annotated[int, Field(ge=1)]
    seed: Seed
