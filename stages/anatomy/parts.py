"""The parts of a model: every module that has weights, under the name of the step it takes."""

from collections.abc import Iterator

from torch import nn
from transformers import PreTrainedModel

from stages.transformer.heads import Headed
from stages.transformer.layers import embeddings_of, layer_stack, trunk_parameters


def trunk_parts(model: PreTrainedModel) -> dict[str, nn.Module]:
    """Gives `embeddings`, `block 1` to `block n`, and what a family keeps beside them, by its path in the trunk.

    ModernBERT has a last norm there, DeBERTa the positions that all its blocks share.
    """
    blocks = {f"block {number}": block for number, block in enumerate(layer_stack(model), start=1)}
    parts = {"embeddings": embeddings_of(model), **blocks}
    inside = {id(values) for part in parts.values() for values in part.parameters()}
    beside = {id(values) for values in trunk_parameters(model)} - inside
    return {**parts, **dict(_owners(model, beside))}


def decision_parts(model: Headed) -> dict[str, nn.Module]:
    """Gives the layers of each decision, as `<decision>: <path>`.

    What some families call the pooler stands here, see `trunk_parameters`. What has no weights (an activation between
    two layers, dropout) is no part.
    """
    trunk = {id(values) for values in trunk_parameters(model.classifier)}
    own = {id(values) for values in model.classifier.parameters()} - trunk
    primary = {f"{model.primary}: {path}": part for path, part in _owners(model.classifier, own)}
    return primary | {f"{name}: linear": head.linear for name, head in model.further().items()}


def count(module: nn.Module) -> int:
    """Gives the number of parameters."""
    return sum(values.numel() for values in module.parameters())


def _owners(model: PreTrainedModel, weights: set[int]) -> Iterator[tuple[str, nn.Module]]:
    """Yields the modules, with their paths, that hold some of the weights themselves."""
    for path, module in model.named_modules():
        if any(id(values) in weights for values in module.parameters(recurse=False)):
            yield path.removeprefix(f"{model.base_model_prefix}."), module
