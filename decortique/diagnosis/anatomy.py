"""A transformer taken apart: its parts, every step from text to decision, what happens between them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from decortique.core.errors import StageError
from decortique.core.plots import Plane
from decortique.models.batches import Collate, TokenRows
from decortique.models.folder import Predictions
from decortique.models.heads import Classification, Headed
from decortique.models.pretrained import embeddings_of, layer_stack, trunk_parameters
from decortique.models.tokenizer import Tokenized


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


@dataclass(frozen=True, slots=True)
class Inside:
    """What was seen of some texts, padding included; a text's real tokens come first.

    Attributes:
        input_ids: (texts, length).
        attention_mask: (texts, length), 0 at padding.
        attention: (blocks, texts, heads, length, length): how much the token of a row takes from that of a column.
        states: (1 + blocks, texts, length, width): the embeddings, then what each block gives. The last ones are what
            the decisions read.
    """

    input_ids: np.ndarray
    attention_mask: np.ndarray
    attention: np.ndarray
    states: np.ndarray

    @property
    def lengths(self) -> list[int]:
        """Number of real tokens of each text."""
        return self.attention_mask.sum(axis=1).tolist()

    @property
    def layers(self) -> list[str]:
        """Names of what `states` holds."""
        return ["embeddings", *(f"block {number}" for number in range(1, len(self.states)))]

    def maps(self, text: int) -> np.ndarray:
        """Gives (blocks, heads, tokens, tokens) attention between the real tokens of a text; each row adds up to 1."""
        length = self.lengths[text]
        return self.attention[:, text, :, :length, :length]

    def tokens(self, layer: int) -> np.ndarray:
        """Gives (tokens, width) states of the real tokens of all texts, one text after the other."""
        return self.states[layer][self.attention_mask.astype(bool)]


@torch.inference_mode()
def look_inside(model: Headed, rows: TokenRows) -> Inside:
    """Sends texts through a model, all at once, and keeps what it computes.

    Raises:
        StageError: its family has no attention of each token to each other one, or keeps it to itself.
    """
    classifier = model.classifier
    classifier.set_attn_implementation("eager")  # the faster ones never hold a whole map
    batch = Collate(classifier.config.pad_token_id, {})([rows[place] for place in range(len(rows))])
    output = classifier(
        **{name: values.to(model.device) for name, values in batch.items()},
        output_attentions=True,
        output_hidden_states=True,
    )
    square = (rows.lengths.max(),) * 2
    if not all(maps is not None and maps.shape[2:] == square for maps in output.attentions or [None]):
        raise StageError(f"a {classifier.config.model_type} gives no whole attention maps: choose another encoder")
    return Inside(
        batch["input_ids"].numpy(),
        batch["attention_mask"].numpy(),
        torch.stack(output.attentions).float().cpu().numpy(),
        torch.stack(output.hidden_states).float().cpu().numpy(),
    )


def summary(
    model: Headed, way: Way, planes: Mapping[str, Plane], sentences: Sequence[str], tokenized: Tokenized
) -> dict[str, Any]:
    """Gives parameters, steps, what is decided of each sentence, and the share of the variance that each plane shows.

    Args:
        model: trunk and heads.
        way: of the sentences.
        planes: by the name of the layer.
        sentences: by their number in the file, from 1.
        tokenized: the sentences; `length` counts their tokens before any were cut off.
    """
    total, trunk = count(model), sum(values.numel() for values in trunk_parameters(model.classifier))
    decided = _decided(model, way.predictions)
    return {
        "parameters": {"total": total, "trunk": trunk, "decision": total - trunk},
        "steps": {
            step.name: {
                "module": step.module,
                "input": _shown(step.input),
                "output": _shown(step.output),
                "parameters": step.parameters,
            }
            for step in way.steps
        },
        "beside": way.beside,
        "sentences": {
            str(number): {"sentence": text, "length": length, "truncated": length > len(ids), "decisions": decisions}
            for number, (text, length, ids, decisions) in enumerate(
                zip(sentences, tokenized.lengths, tokenized.input_ids, decided, strict=True), start=1
            )
        },
        "explained": {
            layer: dict(zip(("first", "second"), plane.explained, strict=True)) for layer, plane in planes.items()
        },
    }


def details(
    inside: Inside, planes: Mapping[str, Plane], sentences: Sequence[str], tokenizer: PreTrainedTokenizerBase
) -> list[dict[str, Any]]:
    """Gives, for each sentence, its tokens with their padding, and what is computed of the real ones.

    `attention` has a matrix per block and head, whose rows are the tokens that look; `plane` has two numbers per layer
    and token.
    """
    ends = np.cumsum(inside.lengths)[:-1]
    points = {layer: np.split(plane.points, ends) for layer, plane in planes.items()}
    return [
        {
            "sentence": sentence,
            "tokens": tokenizer.convert_ids_to_tokens(inside.input_ids[place].tolist()),
            "input_ids": inside.input_ids[place].tolist(),
            "attention_mask": inside.attention_mask[place].tolist(),
            "plane": {layer: found[place].tolist() for layer, found in points.items()},
            "attention": {
                block: {f"head {head}": matrix.tolist() for head, matrix in enumerate(maps, start=1)}
                for block, maps in zip(inside.layers[1:], inside.maps(place), strict=True)
            },
        }
        for place, sentence in enumerate(sentences)
    ]


def _shown(shape: Shape) -> str:
    return " × ".join(map(str, shape))


def _decided(model: Headed, predictions: Predictions) -> list[dict[str, Any]]:
    """Gives, for each text, the probability of each label or the number, by the name of the decision."""
    config, further = model.classifier.config, model.further()
    labels = [config.id2label[place] for place in range(config.num_labels)]
    decided = [{model.primary: dict(zip(labels, row, strict=True))} for row in predictions.probability.tolist()]
    for name, values in predictions.others.items():
        head = further[name]
        for one, value in zip(decided, values.tolist(), strict=True):
            one[name] = dict(zip(head.labels, value, strict=True)) if isinstance(head, Classification) else value
    return decided
