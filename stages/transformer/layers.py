"""The blocks of an encoder, whatever its family calls them."""

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
