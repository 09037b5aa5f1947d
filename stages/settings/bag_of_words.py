"""Settings of the stage `bag_of_words`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from stages.settings.section import Name, Positive, Section, Strict


class Candidate(Strict):
    """One bag of words: what is counted, how it is weighted, what learns from it."""

    max_features: Annotated[int, Field(ge=1)] | None = None
    ngrams: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    min_documents: Annotated[int, Field(ge=1)] = 1
    weighting: Literal["tfidf", "counts", "binary"]
    stop_words: bool = False
    stemming: bool
    lowercase: bool
    punctuation: bool
    classifier: Literal["logistic_regression", "linear_svm", "naive_bayes"]
    class_weight: Literal["balanced"] | None
    regularization: Annotated[list[Positive], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Candidate":
        if self.ngrams[0] > self.ngrams[1]:
            raise ValueError("ngrams must be [shortest, longest]")
        if self.stemming and not self.lowercase:
            raise ValueError("stemming makes lower case: set lowercase to true, or stemming to false")
        if self.classifier == "linear_svm" and self.class_weight:
            raise ValueError("class_weight is undone where linear_svm is calibrated: set it to null, or choose another")
        return self


class BagOfWords(Section, Strict):
    """The baseline: the bags of words that compete on validation."""

    key: ClassVar[str] = "bag_of_words"

    candidates: Annotated[dict[Name, Candidate], Field(min_length=1)]
    select_by: Literal["accuracy", "macro_f1", "log_loss"]
    strongest: Annotated[int, Field(ge=1)]
