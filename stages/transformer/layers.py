"""The parts of an encoder with a decision on it, whatever its family calls them."""

from collections.abc import Iterator

from torch import nn
from transformers import PreTrainedModel

from stages.errors import StageError


def layer_stack(model: PreTrainedModel) -> nn.ModuleList:
    """Finds the stack of blocks: the only list of as many modules as the configuration counts layers.

    Raises:
        StageError: there is none, or more than one.
    """
    depth = model.config.num_hidden_layers
    stacks = [module for module in model.modules() if isinstance(module, nn.ModuleList) and len(module) == depth]
    if len(stacks) != 1:
        raise StageError(
            f"cannot tell the layers of a {model.config.model_type} apart: found {len(stacks)} stacks of {depth}"
        )
    return stacks[0]


def embeddings_of(model: PreTrainedModel) -> nn.Module:
    """Gives the part that turns ids into vectors: with positions and a norm where a family has them there."""
    return getattr(model.base_model, "embeddings", None) or model.base_model.get_input_embeddings()


def trunk_parameters(model: PreTrainedModel) -> Iterator[nn.Parameter]:
    """Yields the weights of embeddings and blocks.

    What some families call the pooler (a layer over the first token's state) is a part of the decision: the others
    have the same layer there.
    """
    pooler = getattr(model.base_model, "pooler", None)
    decision = set(map(id, pooler.parameters())) if pooler is not None else set()
    return (values for values in model.base_model.parameters() if id(values) not in decision)


def heights(model: PreTrainedModel) -> dict[int, int]:
    """Tells how high each weight of the trunk stands, by its `id`.

    0 is what comes before the blocks, 1 to n are the blocks. What a family keeps behind them (a last norm, shared
    positions) stands as high as the last one.
    """
    layers = layer_stack(model)
    height = {id(values): number for number, layer in enumerate(layers, start=1) for values in layer.parameters()}
    below = 0
    for values in trunk_parameters(model):
        if id(values) in height:
            below = len(layers)
        height.setdefault(id(values), below)
    return height
