"""The distillation loss: its terms, which layers of student and teacher they compare, and their weighted sum.

A student's `loss` is a list of terms (`decortique.distillation.settings`): hard labels, soft targets (the teacher's
logits under a temperature), hidden states, attention maps, relations between texts. Each is a scalar, the mean over the
texts of a batch.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel

from decortique.core.files import StageError
from decortique.distillation.settings import (
    AttentionTerm,
    HiddenTerm,
    LabelsTerm,
    LogitsTerm,
    RelationsTerm,
    Start,
    Term,
)
from decortique.distillation.teacher import LOGITS, STATE, TrainingTexts, softmax_logits
from decortique.models.batches import UNKNOWN, Batch
from decortique.models.heads import Headed
from decortique.models.losses import Objective, Terms, cross_entropy, mean_of_known


def soft_target_kl(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return T² · KL(teacher ‖ student) of (batch, classes) logits divided by the temperature T (Hinton et al., 2015).

    T² keeps its gradient as large as that of the labels when T changes (their section 2). A T above 1 raises the
    probabilities of the classes that the teacher holds for less likely.
    """
    return temperature**2 * functional.kl_div(
        functional.log_softmax(student / temperature, dim=-1),
        functional.log_softmax(teacher / temperature, dim=-1),
        reduction="batchmean",
        log_target=True,
    )


def cosine(student: torch.Tensor, teacher: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean squared distance of hidden states scaled to length one (Sun et al., 2019, equation 7).

    Between unit vectors this is 2 · (1 - cosine): 0 for one direction, 4 for opposite ones. States are (batch, tokens,
    width), the mask is (batch, tokens), 0 at padding.
    """
    difference = functional.normalize(student, dim=-1) - functional.normalize(teacher, dim=-1)
    return _mean_of_tokens(difference.square().sum(-1), mask)


def mse(student: torch.Tensor, teacher: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean squared error of hidden states (Jiao et al., 2020, equation 9); shapes as for `cosine`."""
    return _mean_of_tokens((student - teacher).square().mean(-1), mask)


DISTANCES = {"cosine": cosine, "mse": mse}  # of hidden states


def attention_kl(student: torch.Tensor, teacher: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return KL(teacher ‖ student) of attention maps (Wang et al., 2020, equation 5).

    Maps are (batch, heads, tokens, tokens), and each row adds up to 1. Heads are compared one by one where both have as
    many, else the mean of the heads. The mask is (batch, tokens), 0 at padding.
    """
    if student.shape[1] != teacher.shape[1]:
        student, teacher = student.mean(1, keepdim=True), teacher.mean(1, keepdim=True)
    smallest = torch.finfo(student.dtype).tiny
    rows = (teacher * (teacher.clamp(min=smallest).log() - student.clamp(min=smallest).log())).sum(-1)
    return _mean_of_tokens(rows.mean(1), mask)


def similarity_mse(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Return the mean squared error of the similarities between the texts of a batch (Tung & Mori, 2019, equation 4).

    Vectors of texts are (batch, width); student and teacher may differ in width.
    """
    own, target = (functional.normalize(vectors @ vectors.T, dim=-1) for vectors in (student, teacher))
    return (own - target).square().mean()


def _mean_of_tokens(losses: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean over the real tokens of a text, then over texts: a long one counts as much as a short one."""
    weights = mask.to(losses.dtype)
    return ((losses * weights).sum(-1) / weights.sum(-1).clamp(min=1)).mean()


def matched_layers(depth: int, layers: Sequence[int]) -> dict[int, int]:
    """Return which hidden state of a teacher of `depth` layers each hidden state of the student should reach.

    The student's layer that started as the teacher's layer `k` must do the work up to the next layer that was kept, the
    last one that of all the rest. States are numbered as in `output_hidden_states`: 0 is the embeddings.
    """
    return dict(enumerate([*layers[1:], depth], start=1))


@dataclass(frozen=True, slots=True)
class Compared:
    """Which parts of a student are compared with which of its teacher: state → state, block → block."""

    hidden: Mapping[int, int] = field(default_factory=dict)
    attention: Mapping[int, int] = field(default_factory=dict)
    relations: tuple[int, int] | None = None
    all_tokens: bool = False

    @classmethod
    def of(cls, loss: Sequence[Term], start: Start, depth: int) -> "Compared":
        """Match the layers of a student with those of a teacher of `depth` blocks, 0 if that is no transformer.

        Raises:
            StageError: a term compares layers of a teacher that has none, or a layer that does not exist.
        """
        layers: dict[str, Mapping[int, int]] = {}
        relations, all_tokens = None, False
        for term in loss:
            if not depth and not isinstance(term, LabelsTerm | LogitsTerm):
                raise StageError(
                    f"catalogue/students: loss: the teacher is no transformer and has no {term.term}: leave it out"
                )
            if isinstance(term, HiddenTerm | AttentionTerm):
                layers[term.term] = term.layers or matched_layers(depth, start.layers)
                _check_layers(term, layers[term.term], len(start.layers), depth)
            if isinstance(term, RelationsTerm):
                relations = (len(start.layers), depth)
            all_tokens |= isinstance(term, HiddenTerm) and term.tokens == "all"
        return cls(layers.get("hidden", {}), layers.get("attention", {}), relations, all_tokens)

    @property
    def live(self) -> bool:
        """Whether the teacher runs with each batch: what is compared is too large to be computed in advance."""
        return self.all_tokens or bool(self.attention)

    @property
    def states(self) -> list[int]:
        """Indices of the teacher's hidden states that are computed in advance: those of the first token."""
        last = [self.relations[1]] if self.relations else []
        return [] if self.live else sorted({*self.hidden.values(), *last})


def _check_layers(term: HiddenTerm | AttentionTerm, layers: Mapping[int, int], own: int, depth: int) -> None:
    lowest = 0 if isinstance(term, HiddenTerm) else 1
    for one, other in layers.items():
        if not (lowest <= one <= own and lowest <= other <= depth):
            raise StageError(
                f"catalogue/students: the term {term.term} compares layer {one} with {other}: the student has {lowest} "
                f"to {own}, its teacher {lowest} to {depth}"
            )


PROJECTION = "state {}"


class StudentModel(Headed):
    """A student in training, with projections of its hidden states where it is narrower than its teacher."""

    def __init__(self, classifier: PreTrainedModel, primary: str, compared: Compared, width: int) -> None:
        """Take the student, what of it is compared, and the width of its teacher's states."""
        super().__init__(classifier, primary)
        self.all_tokens = compared.all_tokens
        own = classifier.config.hidden_size
        self.projections = nn.ModuleDict(
            {PROJECTION.format(state): nn.Linear(own, width, bias=False) for state in compared.hidden if own != width}
        )

    def read_states_only(self) -> AbstractContextManager[None]:
        """Return a context in which hidden states that neither head nor loss reads need not be computed."""
        return nullcontext() if self.all_tokens else super().read_states_only()

    def projected(self, number: int, state: torch.Tensor) -> torch.Tensor:
        """Return a hidden state, as wide as its teacher's."""
        name = PROJECTION.format(number)
        return self.projections[name](state) if name in self.projections else state


class Outputs(NamedTuple):
    """The outputs of a model on a batch."""

    logits: torch.Tensor  # (batch, classes)
    states: Mapping[int, torch.Tensor]  # index → (batch, tokens, width); computed in advance, of the first token only
    maps: Sequence[torch.Tensor] = ()  # attention maps by block: (batch, heads, tokens, tokens)

    @classmethod
    def of(cls, model: PreTrainedModel, batch: Batch, *, maps: bool) -> "Outputs":
        """Run a batch through a model."""
        output = model(**batch, output_hidden_states=True, output_attentions=maps)
        if maps and not all(map(_is_whole, output.attentions or [None])):
            raise StageError(f"loss: a {model.config.model_type} shows no attention maps: leave that term out")
        logits = softmax_logits(model.config, output.logits)
        return cls(logits, dict(enumerate(output.hidden_states)), output.attentions if maps else ())


def _is_whole(maps: torch.Tensor | None) -> bool:
    """Return whether maps are of each token on each other one, not of a window around it."""
    return maps is not None and maps.ndim == 4 and maps.shape[2] == maps.shape[3]


class LossInputs(NamedTuple):
    """What a term of the loss is computed from."""

    student: Outputs
    teacher: Outputs
    labels: torch.Tensor  # (batch, classes) of 0 and 1, NaN where a text has no label
    mask: torch.Tensor  # (batch, tokens), 0 at padding
    compared: Compared = Compared()
    projected: Callable[[int, torch.Tensor], torch.Tensor] = lambda _, state: state


def _labels_loss(_: LabelsTerm, batch: LossInputs) -> torch.Tensor:
    known = ~batch.labels.isnan().any(-1)
    return mean_of_known(cross_entropy(batch.student.logits, batch.labels.nan_to_num()), known)


def _logits_loss(term: LogitsTerm, batch: LossInputs) -> torch.Tensor:
    return soft_target_kl(batch.student.logits, batch.teacher.logits, term.temperature)


def _hidden_loss(term: HiddenTerm, batch: LossInputs) -> torch.Tensor:
    tokens = slice(None) if term.tokens == "all" else slice(1)
    losses = [
        DISTANCES[term.distance](
            batch.projected(own, batch.student.states[own][:, tokens]),
            batch.teacher.states[other][:, tokens],
            batch.mask[:, tokens],
        )
        for own, other in batch.compared.hidden.items()
    ]
    return torch.stack(losses).mean()


def _attention_loss(_: AttentionTerm, batch: LossInputs) -> torch.Tensor:
    losses = [
        attention_kl(batch.student.maps[own - 1], batch.teacher.maps[other - 1], batch.mask)
        for own, other in batch.compared.attention.items()
    ]
    return torch.stack(losses).mean()


def _relations_loss(_: RelationsTerm, batch: LossInputs) -> torch.Tensor:
    assert batch.compared.relations  # noqa: S101  (narrows the type)
    own, other = batch.compared.relations
    return similarity_mse(batch.student.states[own][:, 0], batch.teacher.states[other][:, 0])


LOSSES: dict[str, Callable[[Any, LossInputs], torch.Tensor]] = {
    "labels": _labels_loss,
    "logits": _logits_loss,
    "hidden": _hidden_loss,
    "attention": _attention_loss,
    "relations": _relations_loss,
}

LABELS = "labels"  # their name in a batch


def distillation_targets(texts: TrainingTexts, loss: Sequence[Term]) -> dict[str, torch.Tensor]:
    """Return the targets of each text, named as in a batch: the teacher's outputs, and one-hot labels (NaN: none)."""
    classes = texts.outputs.logits.shape[1]
    of_teacher = any(isinstance(term, LabelsTerm) and term.of == "teacher" for term in loss)
    numbers = texts.outputs.logits.argmax(-1) if of_teacher else torch.from_numpy(texts.labels)
    one_hot = functional.one_hot(numbers.clamp(min=0), classes).float()
    one_hot[numbers == UNKNOWN] = torch.nan
    return {LABELS: one_hot, **texts.outputs.targets()}


def distillation_objective(
    loss: Sequence[Term], compared: Compared, teacher: PreTrainedModel | None
) -> Objective[StudentModel]:
    """Return the objective of a transformer student: each weighted term by its name.

    `teacher` runs with each batch where `compared.live`.
    """
    maps = bool(compared.attention)

    def objective(student: StudentModel, batch: Batch) -> Terms:
        labels, target = batch.pop(LABELS), _teacher_outputs(batch)
        outputs = Outputs.of(student.classifier, batch, maps=maps)
        if compared.live and teacher is not None:
            with torch.no_grad():
                target = Outputs.of(teacher, batch, maps=maps)
        return _weighted(
            loss, LossInputs(outputs, target, labels, batch["attention_mask"], compared, student.projected)
        )

    return objective


def logits_objective(loss: Sequence[Term]) -> Objective[nn.Module]:
    """Return the objective of a student that has logits only."""

    def objective(student: nn.Module, batch: Batch) -> Terms:
        labels, target = batch.pop(LABELS), _teacher_outputs(batch)
        return _weighted(loss, LossInputs(Outputs(student(**batch), {}), target, labels, batch["attention_mask"]))

    return objective


def _weighted(loss: Sequence[Term], batch: LossInputs) -> Terms:
    return {term.term: term.weight * LOSSES[term.term](term, batch) for term in loss}


def _teacher_outputs(batch: Batch) -> Outputs:
    """Take the teacher's outputs, computed in advance, out of a batch."""
    logits = batch.pop(LOGITS)
    prefix = STATE.format("")
    numbers = [int(name.removeprefix(prefix)) for name in batch if name.startswith(prefix)]
    return Outputs(logits, {number: batch.pop(STATE.format(number)).unsqueeze(1) for number in numbers})
