"""Smaller encoders from larger ones: vectors of tokens, folded layers, fewer dimensions.

Folding: a student that begins with layer k of its teacher and with the teacher's word embeddings gives this layer what
it never saw. Here each row of the table is the state in which a token comes to layer k as a text of its own: the layers
below are folded into the table, all but what they find out from the words beside it.

Narrowing: the states of a student of width w are those of its teacher in the w directions in which the states of single
tokens, at all layers, are largest (their right singular vectors). Matrices that read states or write them are
projected; of the heads and of the inner neurons, which have no common basis, those that write most are kept. Layer
norms work on each component by itself, so that their gains can only be carried over in the mean: a student is near its
teacher, not equal to it.
"""

import re
from collections.abc import Callable, Mapping

import torch
from torch import nn
from torch.nn import functional
from transformers import AutoModelForSequenceClassification, PretrainedConfig, PreTrainedModel

from decortique.core.errors import StageError
from decortique.core.progress import progress
from decortique.models.batches import Batch, TokenRows, encode
from decortique.models.pretrained import embeddings_of, layer_stack

BATCH = 256  # tokens at once
SAMPLE = 2048  # so many of them at most, where a part of the vocabulary tells enough
Frame = tuple[list[int], list[int]]  # the tokens that stand before and behind every text
States = tuple[torch.Tensor, ...]  # by number, 0 the embeddings: (batch, length, width)


def of_single_tokens(
    model: PreTrainedModel,
    frame: Frame,
    read: Callable[[States], torch.Tensor],
    *,
    step: int = 1,
) -> torch.Tensor:
    """Runs a vocabulary through a model, each token in its frame.

    Args:
        model: with or without a decision.
        frame: what stands around the token.
        read: what is wanted of the hidden states of a batch, (batch, …).
        step: every which token is asked for.

    Returns:
        (tokens, …) float32, on the CPU.
    """
    trunk, (head, tail) = model.base_model.eval(), frame
    rows = TokenRows.of([[*head, token, *tail] for token in range(0, model.config.vocab_size, step)])

    def compute(batch: Batch) -> torch.Tensor:
        return read(trunk(**batch, output_hidden_states=True).hidden_states)

    with progress("each token alone", len(rows), "token") as bar:
        # All are of one length: nothing is padded.
        return torch.from_numpy(
            encode(rows, compute, batch_size=BATCH, padding_id=0, device=model.device, done=bar.update)
        )


EXACT = 1e-2  # of the deviation of a state that its norm is taken off again


@torch.no_grad()
def fold(student: PreTrainedModel, below: PreTrainedModel, frame: Frame) -> None:
    """Gives a student the table of words that its first layer should find.

    The norm behind the student's embeddings becomes that at the end of the block below, so that a row, with that norm
    taken off, comes back as the state it was made of, and then some of its position. Rows are as large as the words'
    were, so that a position counts for as much.

    Args:
        student: has layers of a model, without its first ones.
        below: the same model with those first layers alone.
        frame: the tokens that stand before and behind every text.

    Raises:
        StageError: the family keeps its norms elsewhere.
    """
    table, own = student.get_input_embeddings().weight, _norms(embeddings_of(student))
    last = _norms(layer_stack(below)[-1])
    if len(own) != 1 or not last or table.shape[1] != student.config.hidden_size:
        raise _unlike(student)
    head, tail = frame
    states = of_single_tokens(below, frame, lambda each: each[-1][:, len(head)])
    gain, bias = last[-1].weight.cpu(), last[-1].bias.cpu()
    if (((states - bias) / gain).std(1, correction=0) - 1).abs().max() > EXACT:
        raise _unlike(student)
    # What stands in the frame is there in every text: its state is the mean over texts, at its own place.
    around = of_single_tokens(below, frame, lambda each: each[-1], step=-(-len(states) // SAMPLE)).mean(0)
    for place, token in [*enumerate(head), *enumerate(tail, start=-len(tail))]:
        states[token] = around[place]
    rows = functional.layer_norm((states - bias) / gain, states.shape[1:])
    table.copy_(rows * table.std(1).mean().cpu())
    own[0].weight.copy_(gain)
    own[0].bias.copy_(bias)


def _norms(module: nn.Module) -> list[nn.LayerNorm]:
    return [part for part in module.modules() if isinstance(part, nn.LayerNorm)]


def _unlike(model: PreTrainedModel) -> StageError:
    return StageError(
        "catalogue/students: start.embeddings: states needs embeddings and blocks that end in a norm, as those of BERT "
        f"do, not of {model.config.model_type}: use words"
    )


STATE, HEADS, INNER, KEPT = "state", "heads", "inner", ""
GAIN = ("gain",)
# What each weight of a block or beside the blocks reads and writes: (rows, columns), or (values,) of a bias. The first
# that matches holds. BERT, RoBERTa and their kin; DistilBERT's names stand second.
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


def basis(teacher: PreTrainedModel, frame: Frame, width: int) -> torch.Tensor:
    """Gives (teacher's width, width) orthonormal directions, those that hold most of its states, on its device.

    Args:
        teacher: the wide model, with all its layers.
        frame: what stands around each token.
        width: how many directions.
    """
    step = -(-teacher.config.vocab_size // SAMPLE)
    states = of_single_tokens(teacher, frame, lambda each: torch.stack(each, 1), step=step).flatten(0, -2).double()
    _, every = torch.linalg.eigh(states.T @ states)  # ascending
    chosen = every[:, -width:].flip(1)
    # The sign of an eigenvector is arbitrary, and may differ between machines.
    return (chosen * chosen.sum(0).sign()).float().to(teacher.device)


def narrowed(teacher: PreTrainedModel, config: PretrainedConfig, directions: torch.Tensor) -> PreTrainedModel:
    """Gives a model of the narrower `config` with the projected weights of `teacher`, which is as deep.

    Args:
        teacher: the wide model.
        config: of the narrow one.
        directions: (teacher's width, width), orthonormal.

    Raises:
        StageError: the family names its weights unlike BERT and DistilBERT.
    """
    student = AutoModelForSequenceClassification.from_config(config)
    weights = {name: values.detach() for name, values in teacher.state_dict().items()}
    roles = {name: _roles(name, teacher.config.model_type) for name, _ in teacher.named_parameters()}
    parts = {name: dict(block.named_parameters()) for name, block in _blocks(teacher).items()}
    for name, own in roles.items():
        block = next((parts[one] for one in parts if name.startswith(f"{one}.")), {})
        reduce = _reductions(block, directions, teacher.config, config)
        if own == GAIN:
            weights[name] = directions.square().T @ weights[name]
        else:
            for axis, role in enumerate(own):
                weights[name] = reduce[role](weights[name], axis)
    student.load_state_dict(weights)
    return student


def _blocks(model: PreTrainedModel) -> dict[str, nn.Module]:
    """Gives the blocks by their names in the model."""
    blocks = list(layer_stack(model))
    return {name: part for name, part in model.named_modules() if any(part is block for block in blocks)}


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
    """Gives how each kind of axis of a block's weights, or of those beside the blocks, is made narrower."""
    reductions: dict[str, Reduce] = {
        KEPT: lambda values, _: values,
        STATE: lambda values, axis: torch.tensordot(values.movedim(axis, -1), directions, 1).movedim(-1, axis),
    }
    for name, values in block.items():
        match _roles(name, narrow.model_type):
            case ("state", "heads"):
                size = wide.hidden_size // wide.num_attention_heads
                reductions[HEADS] = _keeping(values.detach(), narrow.num_attention_heads, size)
            case ("state", "inner"):
                neurons = getattr(narrow, inner_size(narrow))
                reductions[INNER] = _keeping(values.detach(), neurons, 1)
    return reductions


def inner_size(config: PretrainedConfig) -> str:
    """Names the setting that says how many neurons stand between the two matrices of a block."""
    return next(name for name in ("intermediate_size", "hidden_dim") if hasattr(config, name))


def _keeping(written: torch.Tensor, count: int, size: int) -> Reduce:
    """Keeps the `count` groups of `size` columns of a matrix that are largest, in their order."""
    strength = written.square().sum(0).reshape(-1, size).sum(1)
    groups = strength.argsort(descending=True, stable=True)[:count].sort().values
    places = (groups[:, None] * size + torch.arange(size, device=groups.device)).flatten()
    return lambda values, axis: values.index_select(axis, places)
