"""A narrower student that starts from its teacher's weights, projected.

The states of a student of width w are those of its teacher in the w directions in which the states of single tokens, at
all layers, are largest (their right singular vectors). Matrices that read states or write them are projected; of the
heads and of the inner neurons, which have no common basis, those that write most are kept. Layer norms work on each
component by itself, so that their gains can only be carried over in the mean: a student is near its teacher, not equal
to it.
"""

import re
from collections.abc import Callable, Mapping

import torch
from torch import nn
from transformers import AutoModelForSequenceClassification, PretrainedConfig, PreTrainedModel

from stages.distillation.tokens import SAMPLE, Frame, of_single_tokens
from stages.errors import StageError
from stages.transformer.layers import layer_stack

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
