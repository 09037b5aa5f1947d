"""The distillation loss: its terms, and how layers of the student meet layers of the teacher.

Each term gives a scalar, the mean over the texts of a batch: what it costs a student to differ from its teacher.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel

from decortique.core.errors import StageError
from decortique.distillation.settings import (
    AttentionTerm,
    HiddenTerm,
    LabelsTerm,
    LogitsTerm,
    RelationsTerm,
    Start,
    Term,
)
from decortique.distillation.start import matched_states
from decortique.distillation.teacher import LOGITS, STATE, Reading, softmax_logits
from decortique.models.batches import Batch
from decortique.models.examples import UNKNOWN
from decortique.models.heads import Headed
from decortique.models.losses import Objective, Terms, cross_entropy, mean_of_known


def softened(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """Gives T² · KL(teacher ‖ student) of logits softened by T (Hinton et al., 2015).

    T² keeps its gradient as large as that of the labels when T changes (their section 2).

    Args:
        student: (batch, classes) logits.
        teacher: (batch, classes) logits.
        temperature: above 1 shows what the teacher holds for second likeliest.
    """
    return temperature**2 * functional.kl_div(
        functional.log_softmax(student / temperature, dim=-1),
        functional.log_softmax(teacher / temperature, dim=-1),
        reduction="batchmean",
        log_target=True,
    )


def cosine(student: torch.Tensor, teacher: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Gives the mean squared distance of states scaled to length one (Sun et al., 2019, equation 7).

    Between unit vectors this is 2 · (1 - cosine): 0 when they point the same way, 4 when they are opposed.

    Args:
        student: (batch, tokens, width) states.
        teacher: the same of the teacher.
        mask: (batch, tokens), 0 at padding.
    """
    difference = functional.normalize(student, dim=-1) - functional.normalize(teacher, dim=-1)
    return _mean_of_tokens(difference.square().sum(-1), mask)


def mse(student: torch.Tensor, teacher: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Gives the mean squared difference of states (Jiao et al., 2020, equation 9); arguments as for `cosine`."""
    return _mean_of_tokens((student - teacher).square().mean(-1), mask)


DISTANCES = {"cosine": cosine, "mse": mse}  # of hidden states


def attention(student: torch.Tensor, teacher: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Gives KL(teacher ‖ student) of what each token looks at (Wang et al., 2020, equation 5).

    Heads are compared one by one where there are as many, else the mean of the heads.

    Args:
        student: (batch, heads, tokens, tokens) attention, each row adds up to 1.
        teacher: the same of the teacher, with as many heads or not.
        mask: (batch, tokens), 0 at padding.
    """
    if student.shape[1] != teacher.shape[1]:
        student, teacher = student.mean(1, keepdim=True), teacher.mean(1, keepdim=True)
    smallest = torch.finfo(student.dtype).tiny
    rows = (teacher * (teacher.clamp(min=smallest).log() - student.clamp(min=smallest).log())).sum(-1)
    return _mean_of_tokens(rows.mean(1), mask)


def relations(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Gives how far the likeness of the texts to each other differs (Tung & Mori, 2019, equation 4).

    Args:
        student: (batch, width) vectors of texts.
        teacher: (batch, width) of the teacher, as wide or not.
    """
    own, taught = (functional.normalize(vectors @ vectors.T, dim=-1) for vectors in (student, teacher))
    return (own - taught).square().mean()


def mean_of(costs: Sequence[torch.Tensor]) -> torch.Tensor:
    """Gives the mean over the layers that are compared."""
    return torch.stack(list(costs)).mean()


def _mean_of_tokens(costs: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Gives the mean over real tokens of a text, then over texts: a long one counts as much as a short one."""
    weights = mask.to(costs.dtype)
    return ((costs * weights).sum(-1) / weights.sum(-1).clamp(min=1)).mean()


LABELS = "labels"  # as they arrive in a batch: (batch, classes) of 0 and 1, NaN where the student may not know
PROJECTION = "state {}"


class Pupil(Headed):
    """A student in training, with what stands between it and its teacher where it is narrower."""

    def __init__(self, classifier: PreTrainedModel, primary: str, compared: "Compared", width: int) -> None:
        """Takes the student, what of it is compared, and how wide its teacher's states are."""
        super().__init__(classifier, primary)
        own = classifier.config.hidden_size
        self.projections = nn.ModuleDict(
            {PROJECTION.format(state): nn.Linear(own, width, bias=False) for state in compared.hidden if own != width}
        )

    def projected(self, number: int, state: torch.Tensor) -> torch.Tensor:
        """Gives a state as wide as its teacher's."""
        name = PROJECTION.format(number)
        return self.projections[name](state) if name in self.projections else state


@dataclass(frozen=True, slots=True)
class Compared:
    """Which parts of a student are compared with which of its teacher: state → state, block → block."""

    hidden: Mapping[int, int] = field(default_factory=dict)
    attention: Mapping[int, int] = field(default_factory=dict)
    relations: tuple[int, int] | None = None
    all_tokens: bool = False

    @classmethod
    def of(cls, learns: Sequence[Term], start: Start, depth: int) -> "Compared":
        """Reads it off a student's terms.

        Args:
            learns: the terms.
            start: of the student.
            depth: blocks of its teacher; 0 where it is no transformer.

        Raises:
            StageError: a term looks inside a teacher that has no inside, or at a layer that is not there.
        """
        matched = matched_states(depth, start.layers)
        found: dict[str, Mapping[int, int]] = {}
        relations, all_tokens = None, False
        for term in learns:
            if not depth and not isinstance(term, LabelsTerm | LogitsTerm):
                raise StageError(
                    f"catalogue/students: learns {term.term} from a teacher that is no transformer: leave it out"
                )
            if isinstance(term, HiddenTerm | AttentionTerm):
                found[term.term] = term.layers or matched
                _check(term, found[term.term], len(start.layers), depth)
            if isinstance(term, RelationsTerm):
                relations = (len(start.layers), depth)
            all_tokens |= isinstance(term, HiddenTerm) and term.tokens == "all"
        return cls(found.get("hidden", {}), found.get("attention", {}), relations, all_tokens)

    @property
    def live(self) -> bool:
        """Whether the teacher has to compute with each batch: what is compared is too much to be kept."""
        return self.all_tokens or bool(self.attention)

    @property
    def states(self) -> list[int]:
        """Numbers of the teacher's states that can be kept: those of the first token."""
        last = [self.relations[1]] if self.relations else []
        return [] if self.live else sorted({*self.hidden.values(), *last})


@dataclass(frozen=True, slots=True)
class Observed:
    """What a model made of a batch."""

    logits: torch.Tensor  # (batch, classes)
    states: Mapping[int, torch.Tensor]  # number → (batch, tokens, width); of kept answers the first token's only
    maps: Sequence[torch.Tensor] = ()  # by block: (batch, heads, tokens, tokens)

    @classmethod
    def of(cls, model: PreTrainedModel, batch: Batch, *, maps: bool) -> "Observed":
        """Runs a batch through a model."""
        output = model(**batch, output_hidden_states=True, output_attentions=maps)
        if maps and not all(map(_whole, output.attentions or [None])):
            raise StageError(f"learns: a {model.config.model_type} shows no attention maps: leave that term out")
        logits = softmax_logits(model.config, output.logits)
        return cls(logits, dict(enumerate(output.hidden_states)), output.attentions if maps else ())


def _whole(maps: torch.Tensor | None) -> bool:
    """Tells whether maps are those of each token on each other one, not of a window around it."""
    return maps is not None and maps.ndim == 4 and maps.shape[2] == maps.shape[3]


def extras(reading: Reading, learns: Sequence[Term]) -> dict[str, torch.Tensor]:
    """Gives what belongs to each text, named as in a batch: the teacher's answers, and the labels it learns."""
    classes = reading.lessons.logits.shape[1]
    of_teacher = any(isinstance(term, LabelsTerm) and term.of == "teacher" for term in learns)
    known = reading.lessons.logits.argmax(-1) if of_teacher else torch.from_numpy(reading.labels)
    hard = functional.one_hot(known.clamp(min=0), classes).float()
    hard[known == UNKNOWN] = torch.nan
    return {LABELS: hard, **reading.lessons.extras()}


def pupil_objective(learns: Sequence[Term], compared: Compared, teacher: PreTrainedModel | None) -> Objective[Pupil]:
    """Gives the loss of a student that is a transformer: each term, weighted, under its name.

    Args:
        learns: the terms.
        compared: which of their parts are compared.
        teacher: computes with each batch where `compared.live`.
    """
    maps = bool(compared.attention)

    def objective(pupil: Pupil, batch: Batch) -> Terms:
        labels, taught = batch.pop(LABELS), _told(batch)
        student = Observed.of(pupil.classifier, batch, maps=maps)
        if compared.live and teacher is not None:
            with torch.no_grad():
                taught = Observed.of(teacher, batch, maps=maps)
        mask = batch["attention_mask"]
        return {term.term: term.weight * _cost(term, pupil, student, taught, labels, mask, compared) for term in learns}

    return objective


def plain_objective(learns: Sequence[Term]) -> Objective[nn.Module]:
    """Gives the loss of a student of which nothing but its logits can be seen."""

    def objective(student: nn.Module, batch: Batch) -> Terms:
        labels, told = batch.pop(LABELS), _told(batch)
        logits = student(**batch)
        return {term.term: term.weight * _said(term, logits, told.logits, labels) for term in learns}

    return objective


def _told(batch: Batch) -> Observed:
    """Takes the teacher's kept answers out of a batch."""
    logits = batch.pop(LOGITS)
    prefix = STATE.format("")
    numbers = [int(name.removeprefix(prefix)) for name in batch if name.startswith(prefix)]
    return Observed(logits, {number: batch.pop(STATE.format(number)).unsqueeze(1) for number in numbers})


def _cost(
    term: Term,
    pupil: Pupil,
    student: Observed,
    teacher: Observed,
    labels: torch.Tensor,
    mask: torch.Tensor,
    compared: Compared,
) -> torch.Tensor:
    match term:
        case HiddenTerm():
            distance = DISTANCES[term.distance]
            tokens = slice(None) if term.tokens == "all" else slice(1)
            return mean_of(
                [
                    distance(
                        pupil.projected(own, student.states[own][:, tokens]),
                        teacher.states[other][:, tokens],
                        mask[:, tokens],
                    )
                    for own, other in compared.hidden.items()
                ]
            )
        case AttentionTerm():
            return mean_of(
                [
                    attention(student.maps[own - 1], teacher.maps[other - 1], mask)
                    for own, other in compared.attention.items()
                ]
            )
        case RelationsTerm():
            assert compared.relations  # noqa: S101  (narrows the type)
            own, other = compared.relations
            return relations(student.states[own][:, 0], teacher.states[other][:, 0])
        case _:
            return _said(term, student.logits, teacher.logits, labels)


def _said(term: Term, logits: torch.Tensor, taught: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Gives the cost of what is said, whatever says it."""
    if isinstance(term, LogitsTerm):
        return softened(logits, taught, term.temperature)
    known = ~labels.isnan().any(-1)
    return mean_of_known(cross_entropy(logits, labels.nan_to_num()), known)


def _check(term: HiddenTerm | AttentionTerm, layers: Mapping[int, int], own: int, depth: int) -> None:
    lowest = 0 if isinstance(term, HiddenTerm) else 1
    for one, other in layers.items():
        if not (lowest <= one <= own and lowest <= other <= depth):
            raise StageError(
                f"catalogue/students: the term {term.term} compares layer {one} with {other}: the student has {lowest} "
                f"to {own}, its teacher {lowest} to {depth}"
            )
