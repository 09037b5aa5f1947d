"""The optimiser: AdamW, with a learning rate per layer and decay of matrices only."""

from collections.abc import Iterator
from typing import Any

import torch
from transformers import PreTrainedModel

from stages.settings.training import Training
from stages.transformer.layers import layer_stack


def new_optimizer(model: PreTrainedModel, settings: Training) -> torch.optim.AdamW:
    """Gives AdamW over the parameters that are trained, embeddings first and the decision last."""
    return torch.optim.AdamW(list(parameter_groups(model, settings)), lr=settings.learning_rate, fused=True)


def parameter_groups(model: PreTrainedModel, settings: Training) -> Iterator[dict[str, Any]]:
    """Yields groups of parameters of one height in the model and one decay.

    The decision learns at `learning_rate`, each layer below it at `layer_decay` times the rate of what is above
    (Howard & Ruder, 2018). Biases and layer norms, which have one dimension, are not pulled to zero.
    """
    layers = layer_stack(model)
    height = {id(values): 0 for values in model.base_model.embeddings.parameters()}
    for number, layer in enumerate(layers, start=1):
        height |= {id(values): number for values in layer.parameters()}
    top = len(layers) + 1
    for level in range(top + 1):
        trained = [v for v in model.parameters() if v.requires_grad and height.get(id(v), top) == level]
        rate = settings.learning_rate * settings.layer_decay ** (top - level)
        for decay, chosen in (
            (settings.weight_decay, [values for values in trained if values.ndim > 1]),
            (0.0, [values for values in trained if values.ndim <= 1]),
        ):
            if chosen:
                yield {"params": chosen, "lr": rate, "weight_decay": decay}
