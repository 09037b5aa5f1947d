"""The trunk: a pretrained encoder without a decision, and the vector that stands for a text."""

from pathlib import Path

import torch
from transformers import AutoModel, PreTrainedModel

from stages.errors import StageError
from stages.settings.embed import Embed
from stages.transformer.loading import load_model


def load_trunk(folder: Path, settings: Embed) -> PreTrainedModel:
    """Loads an encoder that has the layer whose states are asked for.

    Raises:
        StageError: the folder holds no encoder, or it has no such layer.
    """
    model = load_model(AutoModel, folder)
    layers = model.config.num_hidden_layers
    if not -layers - 1 <= settings.layer <= layers:
        raise StageError(f"params.yaml: embed.layer is {settings.layer}, but {folder} has layers 0 to {layers}")
    return model.eval()


def pooled(hidden: torch.Tensor, attention_mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Turns the states of a text's tokens into one vector.

    Args:
        hidden: (batch, length, width).
        attention_mask: (batch, length), 0 at padding.
        pooling: `mean` over the real tokens, or `cls`, the state of the first one.

    Returns:
        (batch, width).
    """
    if pooling == "cls":
        return hidden[:, 0]
    weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


def sentence_vectors(model: PreTrainedModel, batch: dict[str, torch.Tensor], settings: Embed) -> torch.Tensor:
    """Gives (batch, width) vectors of the chosen layer, pooled and, if asked for, of length one."""
    last = settings.layer in (-1, model.config.num_hidden_layers)
    output = model(**batch, output_hidden_states=not last)
    hidden = output.last_hidden_state if last else output.hidden_states[settings.layer]
    vectors = pooled(hidden, batch["attention_mask"], settings.pooling)
    return torch.nn.functional.normalize(vectors, dim=-1) if settings.normalize else vectors
