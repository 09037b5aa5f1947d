"""The steps from text to decision: what each is, what it takes and gives, and how many parameters it has."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from stages.anatomy.parts import count, decision_parts, trunk_parts
from stages.artifacts.predictions import Predictions
from stages.transformer.batches import TokenRows
from stages.transformer.heads import Classification, Headed

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        name: `<decision>: <step>` above the trunk.
        module: class of what computes it, or how it is computed where no module of its own does.
        input: shape of what it takes; the first number counts the texts.
        output: shape of what it gives.
        parameters: how many.
    """

    name: str
    module: str
    input: Shape
    output: Shape
    parameters: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """The way of some texts through a model.

    Attributes:
        steps: each takes what the one before gives, but that every decision starts anew from what the trunk gives.
        beside: parameters of the trunk that only help in the steps (positions that all blocks share), by name.
        predictions: where the way ends.
    """

    steps: list[Step]
    beside: dict[str, int]
    predictions: Predictions


def walk(model: Headed, tokenizer: PreTrainedTokenizerBase, rows: TokenRows) -> Way:
    """Sends texts through a model, all at once, and listens to each part."""
    trunk, decisions = trunk_parts(model.classifier), decision_parts(model)
    with listening(trunk | decisions) as heard:
        predictions = model.predict(rows, batch_size=len(rows))
    states = (len(rows), int(rows.lengths.max()), model.classifier.config.hidden_size)
    # The embeddings of some families are narrower than the blocks; positions that blocks share are no states of texts.
    on_the_way = [step for step in heard if step.name in trunk and (step.name == "embeddings" or step.output == states)]
    steps = [
        Step("tokenizer", type(tokenizer).__name__, states[:1], states[:2]),
        *on_the_way,
        *_primary_steps(model, states, [step for step in heard if step.name in decisions]),
        *(step for name in model.further() for step in _further_steps(model, name, states, heard)),
    ]
    names = {step.name for step in on_the_way}
    return Way(steps, {name: count(part) for name, part in trunk.items() if name not in names}, predictions)


def _primary_steps(model: Headed, states: Shape, heard: list[Step]) -> Iterator[Step]:
    config, name = model.classifier.config, model.primary
    mean = getattr(config, "classifier_pooling", None) == "mean"  # ModernBERT lets one choose
    binary = config.problem_type == "multi_label_classification"
    yield Step(f"{name}: pooling", "mean of the tokens" if mean else "first token", states, states[::2])
    own = [step for step in heard if step.name.startswith(f"{name}: ")]
    yield from own
    yield Step(f"{name}: probabilities", "sigmoid" if binary else "softmax", own[-1].output, own[-1].output)


def _further_steps(model: Headed, name: str, states: Shape, heard: list[Step]) -> Iterator[Step]:
    head = model.further()[name]
    yield Step(f"{name}: pooling", "mean of the tokens", states, states[::2])
    linear = next(step for step in heard if step.name == f"{name}: linear")
    yield linear
    if isinstance(head, Classification):
        kind = "sigmoid" if head.loss == "binary" else "softmax"
        yield Step(f"{name}: probabilities", kind, linear.output, linear.output)
    else:
        yield Step(f"{name}: number", "times deviation, plus mean", linear.output, states[:1])


@contextmanager
def listening(modules: Mapping[str, nn.Module]) -> Iterator[list[Step]]:
    """Gives a list that gets a step whenever one of some modules computes."""
    heard: list[Step] = []

    def listen(name: str, module: nn.Module) -> Any:
        def hook(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            given = _shape((*args, *kwargs.values()))
            heard.append(Step(name, type(module).__name__, given, _shape((output,)), count(module)))

        return module.register_forward_hook(hook, with_kwargs=True)

    handles = [listen(name, module) for name, module in modules.items()]
    try:
        yield heard
    finally:
        for handle in handles:
            handle.remove()


def _shape(values: tuple[Any, ...]) -> Shape:
    """Gives the shape of the first tensor, if any; some families wrap what a block gives in a tuple."""
    inner = values[0] if isinstance(values[0], tuple) else values
    return next((tuple(value.shape) for value in inner if isinstance(value, torch.Tensor)), ())
