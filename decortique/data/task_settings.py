"""What a task is: where its texts come from, how they are read, its labels, heads and splits."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter, ValidationError, field_validator, model_validator

from decortique.core.settings import Catalogue, Name, Positive, Seed, Share, Strict, Weight
from decortique.data.source_settings import Source

# The losses by name, and what may be chosen of each; `LOSSES` in decortique/models/losses.py has the functions.
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
    """Predicts between the labels of the task.

    Attributes:
        kind: tells it from a regression.
        column: of the corpus, which it learns to tell.
        loss: one of `CLASSIFICATION`.
        class_weight: `balanced` lets a rare class count as much as the others.
        predicts: whether the approach predicts by this head; where there are several classifications, one of them must.
        score_slope: where rows have a score that is positive for the last label, learn sigmoid(slope · score) instead
            of 0 or 1; None for labels only.
    """

    kind: Literal["classification"]
    column: Literal["label"]
    class_weight: Literal["balanced"] | None = None
    score_slope: Positive | None = None
    predicts: bool = False

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


# What a raw file is for: `all` is split by the task's rule, the others already are a split. Of these, `unlabelled` is
# predicted and `pool` learnt from, by another model's labels; nobody is scored on either.
Use = Annotated[str, Field(pattern=r"^(all|train|validation|test|unlabelled|pool|transfer-[a-z0-9-]+)$")]

POOL = "pool"
LEARNT_FROM = ("train", POOL)  # nobody predicts these splits: what was learnt by heart would tell nothing

Fraction = Annotated[float, Field(gt=0, lt=1)]


class GradedReader(Strict):
    """Lines `id TAB mean grade TAB text`; the label is the sign of the grade, a grade of zero has none.

    With `ratings`, what each rater gave is known too: lines `id TAB mean TAB spread TAB [grade, grade, …]`.
    """

    format: Literal["graded"]
    files: dict[str, Use]
    encoding: str
    ratings: Annotated[dict[str, str], Field(description="a file → that of its raters' grades")] = Field(
        default_factory=dict
    )


class TableReader(Strict):
    """CSV, TSV, JSONL or Parquet files with a header; the other keys say which column holds what.

    Without `label`, no row has one. With `labels`, the column `label` holds marks that stand for labels; rows with
    other marks are left out.
    """

    format: Literal["table"]
    files: dict[str, Use]
    encoding: str = "utf-8"
    text: str
    label: str | None = None
    labels: Annotated[dict[str, str], Field(min_length=1, description="mark of the file → label")] | None = None
    id: str | None = None
    group: str | None = None
    position: str | None = None
    score: str | None = None


class SpeechesReader(Strict):
    """Lines `<speech:sentence:LABEL> text`, or `<speech:sentence> text` in files used as `unlabelled`."""

    format: Literal["speeches"]
    files: dict[str, Use]
    encoding: str = "utf-8"
    labels: Annotated[dict[str, str], Field(min_length=1, description="mark of the file → label")]


class TurnsReader(Strict):
    """A table of turns of speech in order, cut into sentences; a sentence's label is who speaks.

    A group is named once over all files: debates of one name in two files would be taken for one.
    """

    format: Literal["turns"]
    files: dict[str, Use]
    encoding: str = "utf-8"
    text: str
    label: str
    group: str
    speakers: Annotated[dict[str, str], Field(min_length=1, description="speaker → label; others give no rows")]
    piece: Annotated[int, Field(ge=1, description="the least number of sentences of a group")]


OneReader = Annotated[GradedReader | TableReader | SpeechesReader | TurnsReader, Field(discriminator="format")]


class SeveralReader(Strict):
    """Files of several formats: each of the `parts` reads its own."""

    format: Literal["several"]
    parts: Annotated[dict[Name, OneReader], Field(min_length=1)]

    @model_validator(mode="after")
    def _reads_no_file_twice(self) -> "SeveralReader":
        owner: dict[str, str] = {}
        for name, part in self.parts.items():
            for file in part.files:
                if file in owner:
                    raise ValueError(f"parts {owner[file]} and {name} both read {file!r}: leave it to one of them")
                owner[file] = name
        return self


Reader = Annotated[
    GradedReader | TableReader | SpeechesReader | TurnsReader | SeveralReader, Field(discriminator="format")
]


class Split(Strict):
    """How the rows of an `all` file become train, validation and test.

    `test` is a share, or the groups to test on, as patterns (`3rd-*`). `validation` is a share of all rows, or of
    what the groups to test on leave. With `keep_groups`, a share of 1/n deals n folds of whole groups, of which
    `fold` is tested on: over all of them, each group is tested on once.
    """

    validation: Fraction
    test: Fraction | Annotated[list[str], Field(min_length=1)]
    keep_groups: bool
    seed: Seed
    fold: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _can_be_dealt(self) -> "Split":
        if isinstance(self.test, list):
            if not self.keep_groups:
                raise ValueError("test names groups, so keep_groups must be true: or give test as a share")
            if self.fold:
                raise ValueError("fold chooses among shares, but test names its groups: leave fold at 0")
            return self
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together must be below 1: nothing is left for train")
        if self.fold and not self.keep_groups:
            raise ValueError("fold chooses among folds of whole groups: set keep_groups, or leave fold at 0")
        if self.fold >= folds(self.test):
            raise ValueError(
                f"fold is {self.fold}, but test: {self.test:g} deals {folds(self.test)} folds: 0 to "
                f"{folds(self.test) - 1}"
            )
        return self


def folds(share: float) -> int:
    """Gives into how many folds of whole groups a share of the rows is dealt."""
    return max(2, round(1 / share))


class Decoding(Strict):
    """How the predictions on sentences that follow each other are made together, once the model has given its own."""

    methods: Annotated[list[Literal["none", "moving_average", "gaussian", "viterbi", "one_run"]], Field(min_length=1)]
    measure: Literal["accuracy", "f1"]  # what is tuned for on validation; f1 is that of the last label, the rare one

    @model_validator(mode="after")
    def _compares_with_none(self) -> "Decoding":
        if self.methods[0] != "none":
            raise ValueError("methods must begin with none: the others are compared with it")
        if len(set(self.methods)) < len(self.methods):
            raise ValueError("methods: a method is named twice")
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


class PublishedScores(Strict):
    """What was reported of a ready-made classifier on one file, and of a single person."""

    correlation: Annotated[float, Field(ge=-1, le=1)]  # Pearson's, with the grades
    precision: Share
    recall: Share
    f1: Share
    person_f1: Share


class Published(Strict):
    """What others report of VADER on graded texts, to be found again by their own protocol where it is `off-the-shelf`.

    Three classes: scores from -1 to +1 beyond the threshold are positive and negative, the rest is neutral.
    """

    source: str
    threshold: Annotated[float, Field(gt=0, lt=1)]
    files: Annotated[dict[str, PublishedScores], Field(min_length=1)]


class Task(Strict):
    """One classification task."""

    title: str
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$", description="a two-letter language code")]
    licence: str
    labels: Annotated[list[Name], Field(min_length=2)]
    source: Source
    reader: Reader
    split: Split
    heads: Annotated[dict[Name, Head], Field(min_length=1, description="prediction modules by name")]
    decoding: Decoding
    off_the_shelf: Annotated[Vader | ZeroShot, Field(discriminator="kind")]
    published: Published | None = None

    def readers(self) -> dict[str, OneReader]:
        """Gives the reader by its key, `reader`; of several, each part by its own, `reader.parts.<name>`."""
        if isinstance(self.reader, SeveralReader):
            return {f"reader.parts.{name}": part for name, part in self.reader.parts.items()}
        return {"reader": self.reader}

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Task":
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("labels: a label is named twice")
        if self.off_the_shelf.kind == "vader" and self.labels != ["negative", "positive"]:
            raise ValueError("off_the_shelf.kind vader predicts [negative, positive]; for other labels use zero-shot")
        if self.off_the_shelf.kind == "zero-shot" and set(self.off_the_shelf.descriptions) != set(self.labels):
            raise ValueError("off_the_shelf.descriptions must describe each of the labels, and nothing else")
        return self

    @field_validator("heads", mode="after")
    @classmethod
    def _deciding_first(cls, heads: dict[str, Head]) -> dict[str, Head]:
        """Puts the head that predicts before the others, in whatever order they stand in the file."""
        if RESERVED in heads:
            raise ValueError(f"a head cannot be called {RESERVED}, as the scores of its approach are")
        able = {name: head for name, head in heads.items() if isinstance(head, ClassificationHead)}
        chosen = [name for name, head in able.items() if head.predicts] or list(able)
        if not able:
            raise ValueError("none predicts between the labels: one must be a classification")
        if len(chosen) > 1:
            raise ValueError(f"{' and '.join(chosen)} could predict: give one of them, and no other, `predicts: true`")
        return {chosen[0]: heads[chosen[0]], **heads}

    @model_validator(mode="after")
    def _reads_what_it_splits(self) -> "Task":
        for key, reader in self.readers().items():
            ratings = reader.ratings if isinstance(reader, GradedReader) else {}
            for what, files in (("files", reader.files), ("ratings", ratings.values())):
                if absent := sorted(set(files) - self.source.brings()):
                    raise ValueError(f"{key}.{what} names {absent[0]!r}, which source.files does not bring")
        uses = {use for reader in self.readers().values() for use in reader.files.values()}
        if "all" not in uses and not {"train", "test"} <= uses:
            raise ValueError("reader.files needs a file used as `all`, or files used as `train` and `test`")
        if "test" in uses and (isinstance(self.split.test, list) or self.split.fold):
            raise ValueError("split.test and split.fold choose among the groups, but reader.files brings a test file")
        return self

    @model_validator(mode="after")
    def _reads_its_labels(self) -> "Task":
        labels = set(self.labels)
        for key, reader in self.readers().items():
            if reader.format == "graded" and self.labels != ["negative", "positive"]:
                raise ValueError("labels of a graded reader are [negative, positive]: the signs of the grade")
            marked = reader.labels if isinstance(reader, SpeechesReader | TableReader) else None
            if marked and set(marked.values()) != labels:
                raise ValueError(f"{key}.labels must give each of the labels its marks, and nothing else")
            if isinstance(reader, TableReader) and not reader.label and set(reader.files.values()) != {"unlabelled"}:
                raise ValueError(f"{key}.label is missing: which column holds the labels?")
            if reader.format == "turns" and set(reader.speakers.values()) != labels:
                raise ValueError(f"{key}.speakers must give each of the labels its speakers, and nothing else")
            if reader.format == "turns" and "unlabelled" in reader.files.values():
                raise ValueError(f"{key}.files: turns are labelled by who speaks, so that none can be `unlabelled`")
        return self

    @model_validator(mode="after")
    def _decodes_whole_streams(self) -> "Task":
        if self.decoding.methods != ["none"] and not self.split.keep_groups:
            raise ValueError("decoding.methods other than none need split.keep_groups: a stream that is cut is none")
        if "one_run" in self.decoding.methods and len(self.labels) != 2:
            raise ValueError("decoding.methods: one_run needs two labels, and seeks the run of the last one")
        return self


class TaskSection(Catalogue[Task]):
    """The tasks by name."""

    folder: ClassVar[str] = "tasks"
