"""What a task, a language and a collection are, entries of the catalogue; and the settings of `prepare`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter, ValidationError, field_validator, model_validator

from decortique.core.settings import Catalogue, Name, Positive, Run, Section, Seed, Share, Single, Strict, Weight
from decortique.data import source_settings as sources
from decortique.data.source_settings import FileName, GradedReader, OneReader, Source, TableReader

LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2}$", description="a two-letter language code")]
Fraction = Annotated[float, Field(gt=0, lt=1)]

POOL = "pool"
TRAINED_ON = ("train", POOL)  # these splits are never predicted: a model may know their texts by heart


class Prepare(Section, Strict):
    """How many bad rows are allowed, how many rows are used, which duplicates go, and whether names are masked."""

    key: ClassVar[str] = "prepare"

    bad_rows: Annotated[int, Field(ge=0)]  # more of them stop the stage
    limit: Annotated[int, Field(ge=10)] | None  # rows of a split; null for all
    near_duplicates: Annotated[float, Field(gt=0, le=1)] | None  # their least similarity; null leaves them in
    mask: bool  # names and numbers


# The losses by name, and the options of each; `LOSSES` in decortique/models/losses.py has the functions.
CLASSIFICATION_LOSSES: Mapping[str, Mapping[str, Any]] = {
    "cross_entropy": {"label_smoothing": Share},
    "focal": {"gamma": Weight},
    "binary": {},
}
REGRESSION_LOSSES: Mapping[str, Mapping[str, Any]] = {"mse": {}, "huber": {"delta": Positive}}


class _Head(Strict):
    losses: ClassVar[Mapping[str, Mapping[str, Any]]]

    loss: str
    options: dict[str, float] = Field(default_factory=dict)  # of the loss; its own defaults for what is left out
    weight: Positive = 1.0  # of its loss in the sum that is minimised

    @model_validator(mode="after")
    def _has_a_loss(self) -> "_Head":
        if self.loss not in self.losses:
            raise ValueError(f"loss {self.loss!r} is none of {', '.join(self.losses)}")
        options = self.losses[self.loss]
        for name, value in self.options.items():
            if name not in options:
                known = ", ".join(options) or "none"
                raise ValueError(f"options.{name} is none of the loss {self.loss} (it has: {known})")
            try:
                TypeAdapter(options[name]).validate_python(value)
            except ValidationError as error:
                raise ValueError(f"options.{name}: {error.errors()[0]['msg']} (got {value})") from None
        return self


class ClassificationHead(_Head):
    """Predicts one of the labels of the task."""

    losses = CLASSIFICATION_LOSSES

    kind: Literal["classification"]
    column: Literal["label"]
    class_weight: Literal["balanced"] | None = None  # balanced: a rare class counts as much as the others
    # Where rows have a score that is positive for the last label: train on sigmoid(slope · score) instead of 0 or 1.
    score_slope: Positive | None = None
    predicts: bool = False  # the approach predicts by this head: true for one of several classifications


class RegressionHead(_Head):
    """Predicts the score of a text, where rows have one; the loss is in standard deviations of the training scores."""

    losses = REGRESSION_LOSSES

    kind: Literal["regression"]
    column: Literal["score"]


Head = Annotated[ClassificationHead | RegressionHead, Field(discriminator="kind")]


class Split(Strict):
    """How the rows of an `all` file become train, validation and test.

    `test` is a share, or the groups to test on, as patterns (`3rd-*`). `validation` is a share of all rows, or of
    what the groups to test on leave. With `keep_groups`, a share of 1/n makes n folds of whole groups, of which
    `fold` is tested on: over all of them, each group is tested on once.
    """

    validation: Fraction
    test: Fraction | Annotated[list[str], Field(min_length=1)]
    keep_groups: bool
    seed: Seed
    fold: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _can_be_made(self) -> "Split":
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
        if self.fold >= (count := folds(self.test)):
            raise ValueError(f"fold is {self.fold}, but test: {self.test:g} makes {count} folds: 0 to {count - 1}")
        return self


def folds(share: float) -> int:
    """Return into how many folds of whole groups a share of the rows divides them."""
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
    """The encoder as it is: the label whose description is nearest to the text (cosine)."""

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
    """What others report of VADER, to be reproduced: scores within the threshold are neutral, a third class."""

    source: str
    threshold: Fraction
    files: Annotated[dict[str, PublishedScores], Field(min_length=1)]


class Task(Strict):
    """One classification task."""

    title: str
    language: LanguageCode
    licence: str
    labels: Annotated[list[Name], Field(min_length=2)]
    source: Source
    reader: sources.Reader
    split: Split
    heads: Annotated[dict[Name, Head], Field(min_length=1, description="prediction modules by name")]
    decoding: Decoding
    off_the_shelf: Annotated[Vader | ZeroShot, Field(discriminator="kind")]
    published: Published | None = None

    def readers(self) -> dict[str, OneReader]:
        """Return the reader by its key, `reader`; of several, each part by its own, `reader.parts.<name>`."""
        if isinstance(self.reader, sources.SeveralReader):
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
        if self.decoding.methods != ["none"] and not self.split.keep_groups:
            raise ValueError("decoding.methods other than none need split.keep_groups: a stream that is cut is none")
        if "one_run" in self.decoding.methods and len(self.labels) != 2:
            raise ValueError("decoding.methods: one_run needs two labels, and seeks the run of the last one")
        return self

    @field_validator("heads", mode="after")
    @classmethod
    def _predicting_first(cls, heads: dict[str, Head]) -> dict[str, Head]:
        """Put the head by which the approach predicts before the others, in whatever order they stand in the file."""
        if "probability" in heads:
            raise ValueError("a head cannot be called probability, as the scores of its approach are")
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
                if absent := sorted(set(files) - self.source.file_names()):
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
            marks = reader.labels if isinstance(reader, sources.SpeechesReader | TableReader) else None
            if marks and set(marks.values()) != labels:
                raise ValueError(f"{key}.labels must give each of the labels its marks, and nothing else")
            if isinstance(reader, TableReader) and not reader.label and set(reader.files.values()) != {"unlabelled"}:
                raise ValueError(f"{key}.label is missing: which column holds the labels?")
            if reader.format == "turns" and set(reader.speakers.values()) != labels:
                raise ValueError(f"{key}.speakers must give each of the labels its speakers, and nothing else")
            if reader.format == "turns" and "unlabelled" in reader.files.values():
                raise ValueError(f"{key}.files: turns are labelled by who speaks, so that none can be `unlabelled`")
        return self


class TaskSection(Catalogue[Task]):
    """The tasks by name."""

    folder: ClassVar[str] = "tasks"


WORD2VEC = "word2vec"  # the name of the vectors that a run trains itself
WORDNET_FILES = ("data.noun", "data.verb", "data.adj", "data.adv")


class PronounFeatures(Strict):
    """Grammatical features of a form of a pronoun; null where it leaves one open, as `you` does the number."""

    lemma: Annotated[str, Field(min_length=1, description="the pronoun of which it is a form")]
    person: Literal[1, 2, 3] | None = None
    number: Literal["singular", "plural"] | None = None


class PretrainedVectors(Strict):
    """Static vectors of words that someone else trained."""

    file: FileName  # of the source
    format: Literal["word2vec", "wink"]  # the binary format of the tool, or the JSON in which winkNLP publishes GloVe
    words: Annotated[int, Field(ge=1)]  # how many are kept; such files begin with the most frequent ones


class Language(Strict):
    """One language."""

    source: Source | None  # of pretrained vectors and WordNet
    vectors: dict[str, PretrainedVectors]  # beside those that `word2vec` trains
    wordnet: bool  # whether the source brings WordNet's `data.*` files, whose examples become word-in-context pairs
    judgments: list[Literal["wordsim353", "simlex999"]]  # how similar people find two words: sets that gensim has
    pronouns: Annotated[dict[str, PronounFeatures], Field(min_length=1)]  # forms in lower case

    @field_validator("pronouns", mode="after")
    @classmethod
    def _are_single_words(cls, pronouns: dict[str, PronounFeatures]) -> dict[str, PronounFeatures]:
        for form in pronouns:
            if not form.isalpha() or form != form.lower():
                raise ValueError(f"pronouns: {form!r} is not one word in lower case, written with letters alone")
        return pronouns

    @model_validator(mode="after")
    def _has_what_it_names(self) -> "Language":
        brought = self.source.file_names() if self.source else set()
        wanted = [one.file for one in self.vectors.values()] + (list(WORDNET_FILES) if self.wordnet else [])
        if absent := [file for file in wanted if file not in brought]:
            raise ValueError(f"source brings no {absent[0]} (it brings {sorted(brought)})")
        return self


class Languages(Single[list[LanguageCode]]):
    """The languages of a run, each described in `catalogue/languages/`; their texts are those of the tasks in it."""

    key: ClassVar[str] = "languages"

    def names(self) -> Iterator[tuple[str, str, str]]:
        """Yield the languages: each must be described."""
        yield from (("languages", "languages", code) for code in self.root)

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """Yield the languages that no task has texts in."""
        of_tasks = {run.entry("tasks", task).language for task in run["tasks"].root}
        for code in self.root:
            if code not in of_tasks:
                others = ", ".join(sorted(of_tasks))
                yield "languages", f"no task of `tasks` is in {code!r}: name languages they are in ({others}), or []"


class LanguageSection(Catalogue[Language]):
    """The languages by code."""

    folder: ClassVar[str] = "languages"


# The tables of a collection, and the file of summaries that people wrote.
SEEN, HELD_OUT, REFERENCES = "seen", "held_out", "references.json"


class Collection(Strict):
    """Texts in groups: the reviews of a film, the sentences of an article."""

    title: str
    language: LanguageCode
    licence: str
    labels: list[Name]  # [] if the texts carry none
    source: Source
    reader: sources.CollectionReader
    split_sentences: bool  # whether each sentence of a text becomes a text
    min_texts: Annotated[int, Field(ge=2)]  # of a group; smaller ones are left out
    max_groups: Annotated[int, Field(ge=1)] | None  # sampled at random where there are more; null for all
    # The share of a group's texts, sampled at random, that its summary does not see and is then compared with. 0 for a
    # text that runs on, whose summary is compared with the whole.
    held_out: Annotated[float, Field(ge=0, lt=1)]
    sentences: Annotated[int, Field(ge=1)]  # of a summary
    opinion: bool  # whether the texts hold opinions: a summary should keep the share of positive ones
    seed: Seed  # of both samplings

    def readers(self) -> dict[str, OneReader]:
        """Return the reader by its key, as a task does; none where an archive is read."""
        return {} if isinstance(self.reader, sources.ArchiveReader) else {"reader": self.reader}

    @model_validator(mode="after")
    def _reads_what_it_brings(self) -> "Collection":
        brought = self.source.file_names()
        read = {self.reader.file} if isinstance(self.reader, sources.ArchiveReader) else set(self.reader.files)
        if absent := sorted(read - brought):
            raise ValueError(f"reader names {absent[0]!r}, which source does not bring ({sorted(brought)})")
        return self

    @model_validator(mode="after")
    def _leaves_something_out(self) -> "Collection":
        seen = self.min_texts - round(self.min_texts * self.held_out)
        if seen <= self.sentences:
            raise ValueError(
                f"min_texts: of a group of {self.min_texts} texts, {seen} would be summarised in "
                f"{self.sentences} sentences: raise min_texts, or lower held_out or sentences"
            )
        return self


class Collections(Single[list[Name]]):
    """The collections of a run, each described in `catalogue/collections/`."""

    key: ClassVar[str] = "collections"

    def names(self) -> Iterator[tuple[str, str, str]]:
        """Yield the collections: each must be described."""
        yield from (("collections", "collections", name) for name in self.root)

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """Yield what is missing where there are no languages, whose word vectors are needed, and names of tasks."""
        if self.root and not run["languages"].root:
            yield "collections", "vectors of words are those of languages, which names none: -S 'collections=[]'"
        for name in self.root:
            if name in run["tasks"].root:
                yield "collections", f"{name!r} is the name of a task too: choose another one"


class CollectionSection(Catalogue[Collection]):
    """The collections by name."""

    folder: ClassVar[str] = "collections"
