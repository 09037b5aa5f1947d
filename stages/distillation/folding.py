"""A student whose table of words holds what the layers it leaves out below would make of each word.

A student that begins with layer k of its teacher and with the teacher's word embeddings gives this layer what it never
saw. Here each row of the table is the state in which a token comes to layer k as a text of its own: the layers below
are folded into the table, all but what they find out from the words beside it.
"""

import torch
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel

from stages.distillation.tokens import SAMPLE, Frame, of_single_tokens
from stages.errors import StageError
from stages.transformer.layers import embeddings_of, layer_stack

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
