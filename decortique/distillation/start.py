"""How a student starts: some layers of its teacher or of the encoder, fresh ones, or a projection to fewer dimensions.

Folding: a student that starts with layer k of its teacher and with the teacher's word embeddings feeds this layer
inputs that it never had. Here each row of the embeddings is the state in which a token comes to layer k as a text of
its own: the layers below are folded into the embeddings, except for what they compute from the words beside it.

Projection (`svd`): the hidden states of a student of width w are those of its teacher in the w directions in which the
states of single tokens, at all layers, are largest (their right singular vectors). Matrices that read or write states
are projected; of the heads and of the inner neurons, which have no common basis, those that write most are kept. Layer
norms work on each component by itself, so that their gains can only be carried over in the mean: a student is near its
teacher, not equal to it.
"""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from transformers import AutoModelForSequenceClassification, PretrainedConfig, PreTrainedModel

from decortique.core.files import StageError, progress
from decortique.distillation.settings import Start
from decortique.models.batches import Batch, TokenRows, encode
from decortique.models.pretrained import dropouts, embeddings_of, layer_stack, new_classifier

BATCH = 256  # tokens at once
SAMPLE = 2048  # so many of them at most, where a part of the vocabulary is enough
Affixes = tuple[list[int], list[int]]  # the tokens before and behind every text
States = tuple[torch.Tensor, ...]  # hidden states, 0 the embeddings: (batch, length, width)


@dataclass(frozen=True, slots=True)
class Origin:
    """What a student can start from."""

    teacher: PreTrainedModel | None  # None if it is no transformer
    encoder: Path  # folder of the pretrained encoder
    labels: Sequence[str]
    affixes: Affixes

    def fresh(self, seed: int) -> PreTrainedModel:
        """Return the encoder with an untrained head."""
        return new_classifier(self.encoder, self.labels, dropout=None, seed=seed)


def untrained_student(start: Start, origin: Origin, *, dropout: float | None, seed: int) -> PreTrainedModel:
    """Return a transformer student before its training.

    A `dropout` of None leaves that of the teacher, or of the encoder; `seed` is of fresh weights.

    Raises:
        StageError: the teacher is no transformer, has no such layers, or cannot be made narrower so.
    """
    if start.weights == "encoder" or (start.weights == "random" and origin.teacher is None):
        whole = origin.fresh(seed)
    elif origin.teacher is None:
        raise StageError(
            f"catalogue/students: weights: {start.weights} needs a teacher that is a transformer: use encoder"
        )
    else:
        whole = origin.teacher
    student = keep_layers(whole, start.layers)
    config = _narrow_config(student.config, start.width)
    for name in dropouts(config) if dropout is not None else ():
        setattr(config, name, dropout)
    torch.manual_seed(seed)
    if start.weights == "svd":
        return project_weights(student, config, main_directions(whole, origin.affixes, config.hidden_size))
    # Built anew: a family may leave a dropout of 0 out of its modules, or keep it in several places.
    built = AutoModelForSequenceClassification.from_config(config)
    if start.weights != "random":
        built.load_state_dict(student.state_dict())
    if start.embeddings == "states":
        fold_layers(built, keep_layers(whole, range(start.layers[0])), origin.affixes)
    return built


def keep_layers(whole: PreTrainedModel, layers: Sequence[int]) -> PreTrainedModel:
    """Return a copy of a model with some of its layers, counted from 0, as DistilBERT starts (Sanh et al., 2019).

    Raises:
        StageError: there is no such layer, or it cannot be the first one.
    """
    depth = whole.config.num_hidden_layers
    if max(layers) >= depth:
        raise StageError(
            f"catalogue/students: start.layers names layer {max(layers)}, but there are 0 to {depth - 1}: name those, "
            "or, if it is the teacher that has so few, begin with weights: encoder"
        )
    student = copy.deepcopy(whole)
    stack = layer_stack(student)
    kept = nn.ModuleList(stack[index] for index in layers)
    for parent in student.modules():
        for name, child in parent.named_children():
            if child is stack:
                setattr(parent, name, kept)
    student.config.num_hidden_layers = len(layers)
    student.config.problem_type = None  # it is trained by the softmax, whatever its teacher was trained by
    for name in ("layer_types", "attention_window"):  # of families whose blocks differ: ModernBERT, Longformer
        if isinstance(each := getattr(student.config, name, None), list):
            setattr(student.config, name, [each[index] for index in layers])
    with torch.device("meta"):  # shapes without weights
        expected = type(student)(student.config).state_dict().keys()
    if student.state_dict().keys() != expected:
        raise StageError(
            f"catalogue/students: start.layers begins with layer {layers[0]}, but the first layer of a "
            f"{student.config.model_type} is built unlike the others: begin with 0"
        )
    return student


def single_token_states(
    model: PreTrainedModel, affixes: Affixes, read: Callable[[States], torch.Tensor], *, step: int = 1
) -> torch.Tensor:
    """Run each token of the vocabulary, or every `step`-th, through a model, as a text of its own.

    Returns:
        (tokens, …) float32, on the CPU: what `read` returns of the hidden states of a batch, (batch, …).
    """
    backbone, (head, tail) = model.base_model.eval(), affixes
    rows = TokenRows.of([[*head, token, *tail] for token in range(0, model.config.vocab_size, step)])

    def compute(batch: Batch) -> torch.Tensor:
        return read(backbone(**batch, output_hidden_states=True).hidden_states)

    with progress("each token alone", len(rows), "token") as bar:
        # All are of one length: nothing is padded.
        return torch.from_numpy(
            encode(rows, compute, batch_size=BATCH, padding_id=0, device=model.device, done=bar.update)
        )


EXACT = 1e-2  # by which the deviation of a state may differ from 1 once its norm is undone


@torch.no_grad()
def fold_layers(student: PreTrainedModel, below: PreTrainedModel, affixes: Affixes) -> None:
    """Write the states that the layers `below` compute of each token into the embeddings of a student.

    `below` is the model that the student comes from, with the layers alone that the student leaves out.

    The norm behind the student's embeddings becomes that at the end of the block below, so that a row, with that norm
    undone, comes out as the state it was made of, plus some of its position. Rows are as large as the words' were, so
    that a position counts for as much.

    Raises:
        StageError: the family keeps its norms elsewhere.
    """
    table, own = student.get_input_embeddings().weight, _norms(embeddings_of(student))
    last = _norms(layer_stack(below)[-1])
    if len(own) != 1 or not last or table.shape[1] != student.config.hidden_size:
        raise _unlike_bert(student)
    head, tail = affixes
    states = single_token_states(below, affixes, lambda each: each[-1][:, len(head)])
    gain, bias = last[-1].weight.cpu(), last[-1].bias.cpu()
    if (((states - bias) / gain).std(1, correction=0) - 1).abs().max() > EXACT:
        raise _unlike_bert(student)
    # The tokens around are in every text: their state is the mean over texts, at their own position.
    around = single_token_states(below, affixes, lambda each: each[-1], step=-(-len(states) // SAMPLE)).mean(0)
    for index, token in [*enumerate(head), *enumerate(tail, start=-len(tail))]:
        states[token] = around[index]
    rows = functional.layer_norm((states - bias) / gain, states.shape[1:])
    table.copy_(rows * table.std(1).mean().cpu())
    own[0].weight.copy_(gain)
    own[0].bias.copy_(bias)


def _norms(module: nn.Module) -> list[nn.LayerNorm]:
    return [part for part in module.modules() if isinstance(part, nn.LayerNorm)]


def _unlike_bert(model: PreTrainedModel) -> StageError:
    return StageError(
        "catalogue/students: start.embeddings: states needs embeddings and blocks that end in a norm, as those of BERT "
        f"do, not of {model.config.model_type}: use words"
    )


STATE, HEADS, INNER, KEPT = "state", "heads", "inner", ""
GAIN = ("gain",)
# What each weight of a block or beside the blocks reads and writes: (rows, columns), or (values,) of a bias. The first
# pattern that matches counts. BERT, RoBERTa and their kin; DistilBERT's names stand second.
ROLES: dict[str, tuple[str, ...]] = {
    r"_embeddings\.weight": (KEPT, STATE),
    r"(LayerNorm|layer_norm)\.weight": GAIN,
    r"(LayerNorm|layer_norm)\.bias": (STATE,),
    r"(query|key|value|[qkv]_lin)\.weight": (HEADS, STATE),
    r"(query|key|value|[qkv]_lin)\.bias": (HEADS,),
    r"(attention\.output\.dense|out_lin)\.weight": (STATE, HEADS),
    r"(intermediate\.dense|lin1)\.weight": (INNER, STATE),
    r"(intermediate\.dense|lin1)\.bias": (INNER,),
    r"(output\.dense|lin2)\.weight": (STATE, INNER),
    r"(output\.dense|out_lin|lin2)\.bias": (STATE,),
    r"(pooler\.dense|classifier\.dense|pre_classifier)\.weight": (STATE, STATE),
    r"(pooler\.dense|classifier\.dense|pre_classifier)\.bias": (STATE,),
    r"(classifier|out_proj)\.weight": (KEPT, STATE),
    r"(classifier|out_proj)\.bias": (KEPT,),
}
Reduce = Callable[[torch.Tensor, int], torch.Tensor]  # a weight, one of its axes → the weight, narrower on that axis


def main_directions(teacher: PreTrainedModel, affixes: Affixes, width: int) -> torch.Tensor:
    """Return (teacher's width, width) orthonormal directions that hold most of its states, on its device."""
    step = -(-teacher.config.vocab_size // SAMPLE)
    states = single_token_states(teacher, affixes, lambda each: torch.stack(each, 1), step=step)
    states = states.flatten(0, -2).double()
    _, vectors = torch.linalg.eigh(states.T @ states)  # ascending
    chosen = vectors[:, -width:].flip(1)
    # The sign of an eigenvector is arbitrary, and may differ between machines.
    return (chosen * chosen.sum(0).sign()).float().to(teacher.device)


def project_weights(teacher: PreTrainedModel, config: PretrainedConfig, directions: torch.Tensor) -> PreTrainedModel:
    """Return a model of the narrower `config` with the weights of `teacher`, which is as deep, on `directions`.

    Raises:
        StageError: the family names its weights unlike BERT and DistilBERT.
    """
    student = AutoModelForSequenceClassification.from_config(config)
    weights = {name: values.detach() for name, values in teacher.state_dict().items()}
    roles = {name: _roles(name, teacher.config.model_type) for name, _ in teacher.named_parameters()}
    stack = list(layer_stack(teacher))
    blocks = {
        name: dict(part.named_parameters())
        for name, part in teacher.named_modules()
        if any(part is block for block in stack)
    }
    for name, own in roles.items():
        block = next((blocks[one] for one in blocks if name.startswith(f"{one}.")), {})
        reduce = _reductions(block, directions, teacher.config, config)
        if own == GAIN:
            weights[name] = directions.square().T @ weights[name]
        else:
            for axis, role in enumerate(own):
                weights[name] = reduce[role](weights[name], axis)
    student.load_state_dict(weights)
    return student


def _roles(name: str, family: str) -> tuple[str, ...]:
    for pattern, role in ROLES.items():
        if re.search(rf"{pattern}$", name):
            return role
    raise StageError(
        "catalogue/students: start.weights: svd knows the weights of BERT, RoBERTa, DistilBERT and their kin, not "
        f"{family}'s ({name}): use random"
    )


def _reductions(
    block: Mapping[str, torch.Tensor], directions: torch.Tensor, wide: PretrainedConfig, narrow: PretrainedConfig
) -> dict[str, Reduce]:
    """Return what makes each kind of axis of a block's weights, or of those beside the blocks, narrower."""
    reductions: dict[str, Reduce] = {
        KEPT: lambda values, _: values,
        STATE: lambda values, axis: torch.tensordot(values.movedim(axis, -1), directions, 1).movedim(-1, axis),
    }
    for name, values in block.items():
        match _roles(name, narrow.model_type):
            case ("state", "heads"):
                size = wide.hidden_size // wide.num_attention_heads
                reductions[HEADS] = _keep_largest(values.detach(), narrow.num_attention_heads, size)
            case ("state", "inner"):
                reductions[INNER] = _keep_largest(values.detach(), getattr(narrow, inner_size(narrow)), 1)
    return reductions


def _keep_largest(written: torch.Tensor, count: int, size: int) -> Reduce:
    """Keep the `count` groups of `size` columns of a matrix that are largest, in their order."""
    strength = written.square().sum(0).reshape(-1, size).sum(1)
    groups = strength.argsort(descending=True, stable=True)[:count].sort().values
    indices = (groups[:, None] * size + torch.arange(size, device=groups.device)).flatten()
    return lambda values, axis: values.index_select(axis, indices)


def inner_size(config: PretrainedConfig) -> str:
    """Return the name of the setting of how many neurons are between the two matrices of a block."""
    return next(name for name in ("intermediate_size", "hidden_dim") if hasattr(config, name))


def _narrow_config(config: PretrainedConfig, width: int | None) -> PretrainedConfig:
    """Return a configuration with narrower states, and everything that goes with them in proportion.

    Raises:
        StageError: the width does not hold whole heads, or is not below the teacher's.
    """
    narrow = copy.deepcopy(config)
    if width is None or width == config.hidden_size:
        return narrow
    head = config.hidden_size // config.num_attention_heads
    if width % head or width > config.hidden_size:
        raise StageError(
            f"catalogue/students: start.width is {width}: choose a multiple of {head}, the width of a head, below "
            f"{config.hidden_size}"
        )
    narrow.hidden_size, narrow.num_attention_heads = width, width // head
    for again in ("pooler_hidden_size", "embedding_size"):  # DeBERTa and ELECTRA name it twice
        if getattr(config, again, None) == config.hidden_size:
            setattr(narrow, again, width)
    inner = inner_size(config)
    setattr(narrow, inner, getattr(config, inner) * width // config.hidden_size)
    return narrow
