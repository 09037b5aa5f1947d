"""Settings of the stage `distill`: students, their teachers, their texts, and the terms of the distillation loss."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError, field_validator, model_validator

from decortique.core.files import StageError
from decortique.core.settings import Catalogue, Name, Positive, Run, Section, Seed, Share, Single, Strict
from decortique.models.settings import Count, Training

State = Annotated[int, Field(ge=0)]  # 0 is the embeddings, n the output of block n
# Block of the student → block of the teacher, or state → state; None for `matched_layers`.
Layers = Annotated[dict[State, State], Field(min_length=1)] | None
Fraction = Annotated[float, Field(gt=0, le=1)]


class LabelsTerm(Strict):
    """Cross-entropy with hard labels, those of the `corpus` (texts without one are left out) or of the `teacher`."""

    term: Literal["labels"]
    weight: Positive
    of: Literal["corpus", "teacher"] = "corpus"


class LogitsTerm(Strict):
    """KL divergence from the teacher's probabilities, both softened by a temperature (Hinton et al., 2015)."""

    term: Literal["logits"]
    weight: Positive
    temperature: Positive


class HiddenTerm(Strict):
    """Distance from the teacher's hidden states, layer by layer; through a projection where widths differ.

    Of the `first` token, which stands for the text in BERT (Sun et al., 2019), or of `all` (Jiao et al., 2020).
    """

    term: Literal["hidden"]
    weight: Positive
    distance: Literal["cosine", "mse"] = "cosine"
    tokens: Literal["first", "all"] = "first"
    layers: Layers = None


class AttentionTerm(Strict):
    """KL divergence from the teacher's attention maps, layer by layer (Jiao et al., 2020; Wang et al., 2020)."""

    term: Literal["attention"]
    weight: Positive
    layers: Layers = None


class RelationsTerm(Strict):
    """Difference of the similarities between the texts of a batch (Tung & Mori, 2019), whatever the widths."""

    term: Literal["relations"]
    weight: Positive


Term = Annotated[LabelsTerm | LogitsTerm | HiddenTerm | AttentionTerm | RelationsTerm, Field(discriminator="term")]


class Spans(Strict):
    """Spans of the training texts, which the teacher alone labels (after Tang et al., 2019)."""

    copies: Count  # for each text, so many spans of it, and as many made of spans of two texts
    shortest: Fraction  # of the text's tokens
    longest: Fraction

    @model_validator(mode="after")
    def _is_a_range(self) -> "Spans":
        if self.shortest > self.longest:
            raise ValueError(f"shortest ({self.shortest:g}) is above longest ({self.longest:g})")
        return self


class Texts(Strict):
    """What a student is trained on."""

    train: bool = True  # the training texts
    pool: bool = False  # the texts of `pool`, which the teacher alone labels
    limit: Count | None = None  # of each; a larger limit adds texts to those of a smaller one
    threshold: Share = 0.0  # texts on which the teacher's confidence is lower are left out
    spans: Spans | None = None  # however confident the teacher is of them

    @model_validator(mode="after")
    def _holds_some(self) -> "Texts":
        if not self.train and not self.pool:
            raise ValueError("train and pool are both false: there is nothing to read")
        if self.spans and not self.train:
            raise ValueError("spans are cut out of the training texts: set train to true")
        return self


class Start(Strict):
    """The weights of a transformer student before its training.

    Attributes:
        weights: `teacher`, some of its layers (Sanh et al., 2019); `encoder`, those of the pretrained encoder;
            `random`, of the same architecture; `svd`, narrower, projected on the directions in which the states of its
            teacher vary most.
        layers: those of the teacher that are kept, from 0; of `random`, those that are replaced.
        width: hidden size of `random` and `svd`; None for the teacher's.
        embeddings: of `teacher` and `encoder`: the `words`, as they are, or the `states` in which each comes to the
            first layer that is kept, out of context.
    """

    weights: Literal["teacher", "encoder", "random", "svd"]
    layers: Annotated[list[State], Field(min_length=1)]
    width: Count | None = None
    embeddings: Literal["words", "states"] = "words"

    @model_validator(mode="after")
    def _fits_together(self) -> "Start":
        if sorted(set(self.layers)) != self.layers:
            raise ValueError("layers must be increasing, each layer once")
        if self.width is not None and self.weights in {"teacher", "encoder"}:
            raise ValueError(f"width: weights of the {self.weights} are as wide as they are; use random or svd")
        if self.width is None and self.weights == "svd":
            raise ValueError("width is missing: svd makes a narrower student")
        if self.embeddings == "states" and self.weights not in {"teacher", "encoder"}:
            raise ValueError(f"embeddings: states go with weights of teacher or encoder, not with {self.weights}")
        if self.embeddings == "states" and self.layers[0] == 0:
            raise ValueError("embeddings: words come to layer 0 as they are: begin with a higher layer, or use words")
        return self


class _Student(Strict):
    loss: Annotated[list[Term], Field(min_length=1)]
    texts: Texts = Texts()
    training: dict[str, Any] = Field(default_factory=dict)  # its changes to the training that students share

    @field_validator("loss")
    @classmethod
    def _names_no_term_twice(cls, loss: list[Term]) -> list[Term]:
        names = [one.term for one in loss]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"the term {twice[0]} stands twice: one of each kind, with one weight")
        return loss

    @model_validator(mode="after")
    def _has_targets(self) -> "_Student":
        if not self.texts.train and all(isinstance(one, LabelsTerm) and one.of == "corpus" for one in self.loss):
            raise ValueError("loss: labels of the corpus are for the training texts, which texts.train leaves out")
        return self


class TransformerStudent(_Student):
    """A smaller transformer."""

    kind: Literal["transformer"]
    start: Start


class StaticStudent(_Student):
    """A vector for each token, whatever its context, their pooled vector, and one linear layer."""

    kind: Literal["static"]
    width: Count  # of a vector; they start as principal components of the teacher's states of each token alone
    pooling: Literal["mean", "mean_max"]  # of the tokens, each with a trained weight; mean_max: and their maximum
    token_dropout: Annotated[float, Field(ge=0, lt=1)]  # share of the tokens that are hidden in training

    @model_validator(mode="after")
    def _has_no_layers(self) -> "StaticStudent":
        if inner := [one.term for one in self.loss if one.term not in {"labels", "logits"}]:
            raise ValueError(f"loss: a static student has no {inner[0]}, only labels and logits")
        return self


Student = Annotated[TransformerStudent | StaticStudent, Field(discriminator="kind")]


class Distill(Section, Strict):
    """What the students of a run share."""

    key: ClassVar[str] = "distill"

    teacher: Name  # a model of the task
    students: list[Name]  # trained for every task; described in catalogue/students/
    training: dict[str, Any]  # their changes to the training of the transformer; each student may change more

    def names(self) -> Iterator[tuple[str, str, str]]:
        """A student that is trained must be described."""
        yield from (("distill.students", "students", name) for name in self.students)

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """What is changed of a training must be a setting of it."""
        try:
            self.changed(run["finetune"])
        except ValueError as error:
            yield "distill.training", str(error)
            return
        for name in dict.fromkeys([*self.students, *(one.student for one in run["rounds"].root.values())]):
            try:
                self.changed(run["finetune"], run.entry("students", name).training)
            except ValueError as error:
                yield f"{run.catalogue / 'students' / name}.yaml: training", str(error)

    def changed(self, finetune: Training, *changes: Mapping[str, Any]) -> Training:
        """Return the training of a student: that of the transformer, with shared changes, then its own, the last wins.

        Raises:
            ValueError: a setting does not exist, or its value is not allowed.
        """
        shared = {name: getattr(finetune, name) for name in Training.model_fields}
        changed = {name: value for one in (self.training, *changes) for name, value in one.items()}
        if unknown := sorted(changed.keys() - shared.keys()):
            raise ValueError(f"{unknown[0]} is not a setting of a training ({', '.join(shared)})")
        try:
            return TypeAdapter(Training).validate_python({**shared, **changed})
        except ValidationError as error:
            problem = error.errors()[0]
            message = problem["msg"].removeprefix("Value error, ")
            where = [".".join(map(str, problem["loc"]))] if problem["loc"] else []
            raise ValueError(": ".join([*where, message[0].lower() + message[1:]])) from None


class Students(Catalogue[Student]):
    """The students by name."""

    folder: ClassVar[str] = "students"


class Round(Strict):
    """One more generation: a student of `catalogue/students/`, whose teacher may be a student or a round itself."""

    task: Name
    teacher: Name
    student: Name
    seed: Seed


class Rounds(Single[dict[Name, Round]]):
    """The rounds by name."""

    key: ClassVar[str] = "rounds"

    def of(self, task: str) -> list[str]:
        """Return the names of the rounds of a task."""
        return [name for name, one in self.root.items() if one.task == task]

    def names(self) -> Iterator[tuple[str, str, str]]:
        """A round trains a student that is described."""
        yield from ((f"rounds.{name}.student", "students", one.student) for name, one in self.root.items())

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """A round is of a task of the run, has a name of its own, and no circle of teachers."""
        for name, one in self.root.items():
            if one.task not in run["tasks"].root:
                yield f"rounds.{name}.task", f"{one.task!r} is not among tasks ({', '.join(run['tasks'].root)})"
            if name in {*run["approaches"].root, *run["distill"].students}:
                yield f"rounds.{name}", "an approach has this name: models of a task lie side by side"
            line = [name]
            while (above := self.root.get(line[-1])) and above.teacher not in line:
                line.append(above.teacher)
            if above:
                yield f"rounds.{name}.teacher", f"{' learns from '.join([*line, above.teacher])}: a circle"


class StudentPlan(NamedTuple):
    """A student, the approach that is its teacher, and its training."""

    teacher: str
    student: TransformerStudent | StaticStudent
    training: Training


def student_plan(
    task: str, name: str, distill: Distill, finetune: Training, rounds: Rounds, described: Callable[[str], Student]
) -> StudentPlan:
    """Return the plan of one of `distill.students`, or of a round of the task; `described` returns a student by name.

    Raises:
        StageError: there is no such student, or it changes what is not a setting of a training.
    """
    one = rounds.root[name] if name in rounds.of(task) else None
    chosen, teacher, own = (one.student, one.teacher, {"seed": one.seed}) if one else (name, distill.teacher, {})
    student = described(chosen)
    try:
        training = distill.changed(finetune, student.training, own)
    except ValueError as error:
        raise StageError(f"{Students.file(chosen)}: training: {error}") from None
    return StudentPlan(teacher, student, training)
