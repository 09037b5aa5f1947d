"""Settings of the decision modules that a task puts on one trunk."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from stages.settings.section import Positive, Share, Strict, Weight

# The losses by name, and what may be chosen of each; `LOSSES` in stages/transformer/losses.py has the functions.
CLASSIFICATION: Mapping[str, Mapping[str, Any]] = {
    "cross_entropy": {"label_smoothing": Share},
    "focal": {"gamma": Weight},
    "binary": {},
}
REGRESSION: Mapping[str, Mapping[str, Any]] = {
    "mse": {},
    "huber": {"delta": Positive},
}


class _Head(Strict):
    loss: str
    options: dict[str, float] = Field(default_factory=dict)  # of the loss; its own defaults for what is left out
    weight: Positive = 1.0  # of its loss in the sum that is minimised


class ClassificationHead(_Head):
    """Decides between the labels of the task.

    Attributes:
        kind: tells it from a regression.
        column: of the corpus, which it learns to tell.
        loss: one of `CLASSIFICATION`.
        class_weight: `balanced` lets a rare class count as much as the others.
        decides: whether the approach decides by this head; where there are several classifications, one of them must.
        score_slope: where rows have a score that is positive for the last label, learn sigmoid(slope · score) instead
            of 0 or 1; None for labels only.
    """

    kind: Literal["classification"]
    column: Literal["label"]
    class_weight: Literal["balanced"] | None = None
    score_slope: Positive | None = None
    decides: bool = False

    @model_validator(mode="after")
    def _has_a_loss(self) -> "ClassificationHead":
        _check(self, CLASSIFICATION)
        return self


class RegressionHead(_Head):
    """Says a number for a text.

    Attributes:
        kind: tells it from a classification.
        column: of the corpus, which it learns to tell; rows without a number are not learnt from.
        loss: one of `REGRESSION`, in standard deviations of the training numbers.
    """

    kind: Literal["regression"]
    column: Literal["score"]

    @model_validator(mode="after")
    def _has_a_loss(self) -> "RegressionHead":
        _check(self, REGRESSION)
        return self


# A head of this name could not be told from the approach's own probability in what is measured.
RESERVED = "probability"

Head = Annotated[ClassificationHead | RegressionHead, Field(discriminator="kind")]


def _check(head: _Head, losses: Mapping[str, Mapping[str, Any]]) -> None:
    if head.loss not in losses:
        raise ValueError(f"loss {head.loss!r} is none of {', '.join(losses)}")
    for name, value in head.options.items():
        if name not in losses[head.loss]:
            known = ", ".join(losses[head.loss]) or "none"
            raise ValueError(f"options.{name} is none of the loss {head.loss} (it has: {known})")
        try:
            TypeAdapter(losses[head.loss][name]).validate_python(value)
        except ValidationError as error:
            raise ValueError(f"options.{name}: {error.errors()[0]['msg']} (got {value})") from None
