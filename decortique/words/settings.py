"""Settings of word vectors, word pairs, pronouns and polysemy."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from decortique.core.settings import Positive, Section, Seed, Strict

Count = Annotated[int, Field(ge=1)]
AtLeastTwo = Annotated[int, Field(ge=2)]
AtLeastFour = Annotated[int, Field(ge=4)]
Even = Annotated[int, Field(ge=2, multiple_of=2)]


class Word2vec(Section, Strict):
    """How static vectors are trained (Mikolov et al., 2013)."""

    key: ClassVar[str] = "word2vec"

    architecture: Literal["skip_gram", "cbow"]
    dimensions: Count
    window: Count
    negative: Count
    min_count: Count
    epochs: Count
    learning_rate: Positive
    seed: Seed


class WordPairs(Section, Strict):
    """How many word-in-context pairs are made, half of them of one sense."""

    key: ClassVar[str] = "word_pairs"

    train: Even
    validation: Even
    test: Even
    per_family: Even
    min_words: AtLeastTwo
    seed: Seed


class Pronouns(Section, Strict):
    """What is sampled from the corpora, and how it is probed."""

    key: ClassVar[str] = "pronouns"

    stop_words: AtLeastTwo
    occurrences: AtLeastFour
    random_words: Annotated[int, Field(ge=8)]
    max_words: AtLeastTwo
    probe_occurrences: AtLeastFour
    folds: AtLeastTwo
    ridge: Positive
    seed: Seed


class Polysemy(Section, Strict):
    """What is shown of words of several senses."""

    key: ClassVar[str] = "polysemy"

    candidates: Count
    neighbours: Count
    max_examples: Count
    seed: Seed
