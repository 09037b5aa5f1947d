"""Settings of the stage `distill`: what students are, from whom and from what they learn, round after round."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter, ValidationError, field_validator, model_validator

from decortique.core.errors import StageError
from decortique.core.settings import Catalogue, Name, Positive, Run, Section, Seed, Share, Single, Strict
from decortique.models.settings import Count, Training

State = Annotated[int, Field(ge=0)]  # 0 is the embeddings, n what block n gives
# Block of the student → block of the teacher, or state → state; None for the work that each layer has to do.
Map = Annotated[dict[State, State], Field(min_length=1)] | None


class LabelsTerm(Strict):
    """The cross-entropy of hard labels.

    Attributes:
        of: whose: the `corpus` (texts without one are left out), or the `teacher`'s, for a student that sees no other.
    """

    term: Literal["labels"]
    weight: Positive
    of: Literal["corpus", "teacher"] = "corpus"


class LogitsTerm(Strict):
    """The teacher's probabilities, softened (Hinton et al., 2015)."""

    term: Literal["logits"]
    weight: Positive
    temperature: Positive


class HiddenTerm(Strict):
    """The teacher's hidden states, layer by layer; through a projection where widths differ.

    Attributes:
        distance: `cosine`, of directions; `mse`, of the states as they are.
        tokens: `first`, the state that stands for the text in BERT (Sun et al., 2019), or `all` (Jiao et al., 2020).
    """

    term: Literal["hidden"]
    weight: Positive
    distance: Literal["cosine", "mse"] = "cosine"
    tokens: Literal["first", "all"] = "first"
    layers: Map = None


class AttentionTerm(Strict):
    """What each token looks at, layer by layer (Jiao et al., 2020; with the divergence of Wang et al., 2020)."""

    term: Literal["attention"]
    weight: Positive
    layers: Map = None


class RelationsTerm(Strict):
    """Which texts of a batch the teacher finds alike (Tung & Mori, 2019), whatever the widths."""

    term: Literal["relations"]
    weight: Positive


Term = Annotated[LabelsTerm | LogitsTerm | HiddenTerm | AttentionTerm | RelationsTerm, Field(discriminator="term")]


class Spans(Strict):
    """Pieces of the training texts, on which only the teacher knows what to say (after Tang et al., 2019).

    Attributes:
        copies: for each text, so many cut out of it and as many made of two texts' pieces.
        shortest: share of a text's tokens that a piece has at least.
        longest: at most.
    """

    copies: Count
    shortest: Annotated[float, Field(gt=0, le=1)]
    longest: Annotated[float, Field(gt=0, le=1)]

    @model_validator(mode="after")
    def _is_a_range(self) -> "Spans":
        if self.shortest > self.longest:
            raise ValueError(f"shortest ({self.shortest:g}) is above longest ({self.longest:g})")
        return self


class Texts(Strict):
    """What a student reads.

    Attributes:
        train: the training texts.
        pool: the texts of `pool`, which only its teacher labels.
        limit: so many of each at most, the same for every student, those of a smaller limit among them.
        threshold: leave out the texts of which the teacher is less sure.
        spans: pieces of the training texts that are read, however sure the teacher is of a piece; None for none.
    """

    train: bool = True
    pool: bool = False
    limit: Count | None = None
    threshold: Share = 0.0
    spans: Spans | None = None

    @model_validator(mode="after")
    def _holds_some(self) -> "Texts":
        if not self.train and not self.pool:
            raise ValueError("train and pool are both false: there is nothing to read")
        if self.spans and not self.train:
            raise ValueError("spans are cut out of the training texts: set train to true")
        return self


class Start(Strict):
    """A transformer before it learns.

    Attributes:
        weights: `teacher`, some of its layers (Sanh et al., 2019); `encoder`, those of the pretrained encoder;
            `random`, of the same build; `svd`, narrower, projected on what its teacher's states vary most in.
        layers: those of the teacher that are kept, from 0; for `random`, those in whose place new ones stand.
        width: of `random` and `svd`: size of its states; None for the teacher's.
        embeddings: of `teacher` and `encoder`: the `words`, as they are, or the `states` in which each comes to the
            first layer that is kept, out of context.
    """

    weights: Literal["teacher", "encoder", "random", "svd"]
    layers: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
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
    learns: Annotated[list[Term], Field(min_length=1)]
    texts: Texts = Texts()
    training: dict[str, Any] = Field(default_factory=dict)  # what it changes of that which students share

    @field_validator("learns")
    @classmethod
    def _names_no_term_twice(cls, learns: list[Term]) -> list[Term]:
        names = [one.term for one in learns]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"the term {twice[0]} stands twice: one of each kind, with one weight")
        return learns

    @model_validator(mode="after")
    def _can_learn(self) -> "_Student":
        corpus = [one for one in self.learns if isinstance(one, LabelsTerm) and one.of == "corpus"]
        if not self.texts.train and len(corpus) == len(self.learns):
            raise ValueError("learns: labels of the corpus are for the training texts, which texts.train leaves out")
        return self


class TransformerStudent(_Student):
    """A smaller transformer."""

    kind: Literal["transformer"]
    start: Start


class StaticStudent(_Student):
    """A vector for each token, whatever stands beside it, their pool, and one linear layer.

    Attributes:
        width: of a vector; they begin as the principal components of what the teacher says of each token alone.
        pooling: `mean` of the tokens, each with a weight that is learnt; `mean_max`, their greatest values beside it.
        token_dropout: share of the tokens it does not see in training, so that it does not trust to one.
    """

    kind: Literal["static"]
    width: Count
    pooling: Literal["mean", "mean_max"]
    token_dropout: Annotated[float, Field(ge=0, lt=1)]

    @model_validator(mode="after")
    def _has_no_inside(self) -> "StaticStudent":
        if inside := [one.term for one in self.learns if one.term not in {"labels", "logits"}]:
            raise ValueError(f"learns: a static student has no {inside[0]}, only labels and logits")
        return self


Student = Annotated[TransformerStudent | StaticStudent, Field(discriminator="kind")]


class Distill(Section, Strict):
    """What the students of a run share.

    Attributes:
        teacher: a model of the task.
        students: those that are trained for every task, described in `catalogue/students/`.
        training: what all students change of the training of the transformer; each may change more.
    """

    key: ClassVar[str] = "distill"

    teacher: Name
    students: list[Name]
    training: dict[str, Any]

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
        """Gives the training of a student, which changes some of what students share, the last one having its way.

        Raises:
            ValueError: what is changed there is not, or to what cannot be.
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
    """One more generation: a student whose teacher may have been a student.

    Attributes:
        task: of which it decides.
        teacher: any model of the task: the transformer, a student, another round, a bag of words.
        student: which one of `catalogue/students/` it trains.
        seed: of its training.
    """

    task: Name
    teacher: Name
    student: Name
    seed: Seed


class Rounds(Single[dict[Name, Round]]):
    """The rounds by name."""

    key: ClassVar[str] = "rounds"

    def of(self, task: str) -> list[str]:
        """Names the rounds of a task."""
        return [name for name, one in self.root.items() if one.task == task]

    def names(self) -> Iterator[tuple[str, str, str]]:
        """A round trains a student that is described."""
        yield from ((f"rounds.{name}.student", "students", one.student) for name, one in self.root.items())

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """A round is of a task of the run, under a name of its own, and not in a circle."""
        for name, one in self.root.items():
            if one.task not in run["tasks"].root:
                yield f"rounds.{name}.task", f"{one.task!r} is not among tasks ({', '.join(run['tasks'].root)})"
            if name in {*run["approaches"].root, *run["distill"].students}:
                yield f"rounds.{name}", "an approach has this name: models of a task lie side by side"
            taught = [name]
            while (above := self.root.get(taught[-1])) and above.teacher not in taught:
                taught.append(above.teacher)
            if above:
                yield f"rounds.{name}.teacher", f"{' learns from '.join([*taught, above.teacher])}: a circle"


@dataclass(frozen=True, slots=True)
class Lesson:
    """Who teaches, who learns, and how."""

    teacher: str
    student: TransformerStudent | StaticStudent
    training: Training


def lesson_of(
    task: str, name: str, distill: Distill, finetune: Training, rounds: Rounds, described: Callable[[str], Student]
) -> Lesson:
    """Finds out who teaches a student.

    Args:
        task: of which it decides.
        name: a round, or one of `distill.students`.
        distill: what students share.
        finetune: the training of the transformer, of which students change some.
        rounds: the rounds of the run.
        described: gives a student by its name.

    Raises:
        StageError: no such student is described, or it changes what is no setting of a training.
    """
    found = rounds.root.get(name)
    one = found if found and found.task == task else None
    chosen, teacher, own = (one.student, one.teacher, {"seed": one.seed}) if one else (name, distill.teacher, {})
    student = described(chosen)
    try:
        training = distill.changed(finetune, student.training, own)
    except ValueError as error:
        raise StageError(f"{Students.file(chosen)}: training: {error}") from None
    return Lesson(teacher, student, training)
