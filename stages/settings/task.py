"""What a task is: where its texts come from, how they are read, which labels they carry, how they are split."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from stages.errors import StageError
from stages.settings.section import Name, Positive, Seed, Single, Strict
from stages.settings.source import Source

# What a raw file is for: `all` is split by the task's rule, the others already are a split.
Use = Annotated[str, Field(pattern=r"^(all|train|validation|test|unlabelled|transfer-[a-z0-9-]+)$")]


class GradedReader(Strict):
    """Lines `id TAB mean grade TAB text`; the label is the sign of the grade, a grade of zero has none."""

    format: Literal["graded"]
    files: dict[str, Use]
    encoding: str


class TableReader(Strict):
    """CSV, TSV, JSONL or Parquet files with a header; the other keys say which column holds what."""

    format: Literal["table"]
    files: dict[str, Use]
    encoding: str = "utf-8"
    text: str
    label: str
    id: str | None = None
    group: str | None = None
    position: str | None = None
    score: str | None = None


class Split(Strict):
    """How the rows of an `all` file become train, validation and test."""

    validation: Annotated[float, Field(gt=0, lt=1)]
    test: Annotated[float, Field(gt=0, lt=1)]
    keep_groups: bool
    seed: Seed

    @model_validator(mode="after")
    def _leaves_something_to_learn_from(self) -> "Split":
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together must be below 1: nothing is left for train")
        return self


class Vader(Strict):
    """The VADER lexicon and rules (Hutto & Gilbert, 2014), for English opinion in two classes."""

    kind: Literal["vader"]


class ZeroShot(Strict):
    """The untrained encoder: the label whose description is nearest to the text (cosine)."""

    kind: Literal["zero-shot"]
    descriptions: dict[str, str]
    # Cosines of sentence encoders lie close together; dividing by 0.05 spreads them before the softmax.
    temperature: Positive = 0.05


class Task(Strict):
    """One classification task."""

    title: str
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$", description="a two-letter language code")]
    licence: str
    labels: Annotated[list[Name], Field(min_length=2)]
    source: Source
    reader: Annotated[GradedReader | TableReader, Field(discriminator="format")]
    split: Split
    retrieved: Annotated[Vader | ZeroShot, Field(discriminator="kind")]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Task":
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("labels: a label is named twice")
        if absent := sorted(set(self.reader.files) - set(self.source.files or self.reader.files)):
            raise ValueError(f"reader.files names {absent[0]!r}, which source.files does not bring")
        if "all" not in self.reader.files.values() and not {"train", "test"} <= set(self.reader.files.values()):
            raise ValueError("reader.files needs a file used as `all`, or files used as `train` and `test`")
        if self.retrieved.kind == "vader" and self.labels != ["negative", "positive"]:
            raise ValueError("retrieved.kind vader decides [negative, positive]; for other labels use zero-shot")
        if self.retrieved.kind == "zero-shot" and set(self.retrieved.descriptions) != set(self.labels):
            raise ValueError("retrieved.descriptions must describe each of the labels, and nothing else")
        if self.reader.format == "graded" and self.labels != ["negative", "positive"]:
            raise ValueError("labels of a graded reader are [negative, positive]: the signs of the grade")
        return self


class TaskSection(Single[dict[Name, Task]]):
    """The tasks by name."""

    key: ClassVar[str] = "task"

    @classmethod
    def named(cls, name: str) -> Task:
        """Gives one task.

        Raises:
            StageError: `params.yaml` is wrong, or describes no such task.
        """
        tasks = cls.load().root
        if name not in tasks:
            raise StageError(f"params.yaml: task.{name} is missing (described: {', '.join(tasks)})")
        return tasks[name]
