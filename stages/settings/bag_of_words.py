"""Settings of the stage `bag_of_words`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from stages.settings.section import Positive, Section, Strict


class BagOfWords(Section, Strict):
    """The baseline: which words are counted, how they are weighted, what learns from them."""

    key: ClassVar[str] = "bag_of_words"

    max_features: Annotated[int, Field(ge=1)] | None
    ngrams: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    min_documents: Annotated[int, Field(ge=1)]
    weighting: Literal["tfidf", "counts", "binary"]
    stop_words: bool
    stemming: bool
    classifier: Literal["logistic_regression", "linear_svm", "naive_bayes"]
    regularization: Annotated[list[Positive], Field(min_length=1)]
    strongest: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _ngrams_are_ordered(self) -> "BagOfWords":
        if self.ngrams[0] > self.ngrams[1]:
            raise ValueError("ngrams must be [shortest, longest]")
        return self
