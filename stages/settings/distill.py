"""Settings of the stage `distill`."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from stages.settings.section import Positive, Section, Strict, Weight
from stages.settings.training import Training


class Weights(Strict):
    """How much each thing the student learns from counts in its loss."""

    labels: Weight
    logits: Weight
    hidden: Weight

    @model_validator(mode="after")
    def _teaches_something(self) -> "Weights":
        if self.labels + self.logits + self.hidden == 0:
            raise ValueError("at least one weight must be above zero")
        return self


class Distill(Section, Training):
    """The student: which layers of its teacher it starts from, and what it learns from it."""

    key: ClassVar[str] = "distill"

    teacher: str
    keep_layers: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    temperature: Positive
    weights: Weights

    @model_validator(mode="after")
    def _layers_are_ordered(self) -> "Distill":
        if sorted(set(self.keep_layers)) != self.keep_layers:
            raise ValueError("keep_layers must be increasing, each layer once")
        return self
