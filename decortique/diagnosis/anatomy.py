"""A transformer dissected: its parts, every step from text to decision, its attention maps and hidden states."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from decortique.core.files import StageError
from decortique.core.plots import Plane
from decortique.models.batches import Collate, TokenRows
from decortique.models.folder import Predictions
from decortique.models.heads import Classification, Headed
from decortique.models.pretrained import backbone_parameters, embeddings_of, layer_stack
from decortique.models.tokenizer import Tokenized


def encoder_parts(model: PreTrainedModel) -> dict[str, nn.Module]:
    """Return `embeddings`, `block 1` to `block n`, and the encoder's other modules with weights, by their path in it.

    ModernBERT has a last norm among these, DeBERTa the positions that all its blocks share.
    """
    blocks = {f"block {number}": block for number, block in enumerate(layer_stack(model), start=1)}
    parts = {"embeddings": embeddings_of(model), **blocks}
    inside = {id(values) for part in parts.values() for values in part.parameters()}
    others = {id(values) for values in backbone_parameters(model)} - inside
    return {**parts, **dict(_owners(model, others))}


def decision_parts(model: Headed) -> dict[str, nn.Module]:
    """Return the layers with weights of each decision, as `<decision>: <path>`; a pooler is among them."""
    encoder = {id(values) for values in backbone_parameters(model.classifier)}
    own = {id(values) for values in model.classifier.parameters()} - encoder
    primary = {f"{model.primary}: {path}": part for path, part in _owners(model.classifier, own)}
    return primary | {f"{name}: linear": head.linear for name, head in model.extra_heads().items()}


def count_parameters(module: nn.Module) -> int:
    """Return the number of parameters."""
    return sum(values.numel() for values in module.parameters())


def _owners(model: PreTrainedModel, weights: set[int]) -> Iterator[tuple[str, nn.Module]]:
    """Yield the modules, with their paths, that hold some of the weights themselves."""
    for path, module in model.named_modules():
        if any(id(values) in weights for values in module.parameters(recurse=False)):
            yield path.removeprefix(f"{model.base_model_prefix}."), module


Shape = tuple[int, ...]


class Step(NamedTuple):
    """One step from text to decision."""

    name: str  # `<decision>: <step>` above the encoder
    module: str  # the class that computes it, or how it is computed where no module of its own does
    input: Shape  # the first number counts the texts
    output: Shape
    parameters: int = 0


class Trace(NamedTuple):
    """The path of some texts through a model."""

    steps: list[Step]  # each takes the output of the one before, but every decision starts from the encoder's
    not_in_steps: dict[str, int]  # parameters of the encoder that only help in the steps (positions that blocks share)
    predictions: Predictions


def trace(model: Headed, tokenizer: PreTrainedTokenizerBase, rows: TokenRows) -> Trace:
    """Send texts through a model, all at once, and record the call of each part."""
    encoder, decisions = encoder_parts(model.classifier), decision_parts(model)
    with recording(encoder | decisions) as calls:
        predictions = model.predict(rows, batch_size=len(rows))
    states = (len(rows), int(rows.lengths.max()), model.classifier.config.hidden_size)
    # The embeddings of some families are narrower than the blocks; positions that blocks share are no states of texts.
    path = [call for call in calls if call.name in encoder and (call.name == "embeddings" or call.output == states)]
    steps = [Step("tokenizer", type(tokenizer).__name__, states[:1], states[:2]), *path]
    mean = getattr(model.classifier.config, "classifier_pooling", None) == "mean"  # ModernBERT lets one choose
    multi = model.classifier.config.problem_type == "multi_label_classification"
    for name, head in {model.primary: None, **model.extra_heads()}.items():
        layers = [call for call in calls if call.name.startswith(f"{name}: ")]
        pooling, last = "mean of the tokens" if head or mean else "first token", layers[-1].output
        steps += [Step(f"{name}: pooling", pooling, states, states[::2]), *layers]
        if head is None or isinstance(head, Classification):
            kind = "sigmoid" if (head.loss == "binary" if head else multi) else "softmax"
            steps.append(Step(f"{name}: probabilities", kind, last, last))
        else:
            steps.append(Step(f"{name}: number", "times deviation, plus mean", last, states[:1]))
    names = {step.name for step in path}
    others = {name: count_parameters(part) for name, part in encoder.items() if name not in names}
    return Trace(steps, others, predictions)


@contextmanager
def recording(modules: Mapping[str, nn.Module]) -> Iterator[list[Step]]:
    """Yield a list to which a step is added whenever one of some modules computes."""
    calls: list[Step] = []

    def record(name: str, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        shapes = _shape((*args, *kwargs.values())), _shape((output,))
        calls.append(Step(name, type(module).__name__, *shapes, count_parameters(module)))

    handles = [one.register_forward_hook(partial(record, name), with_kwargs=True) for name, one in modules.items()]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _shape(values: tuple[Any, ...]) -> Shape:
    """Return the shape of the first tensor, if any; some families wrap the output of a block in a tuple."""
    inner = values[0] if isinstance(values[0], tuple) else values
    return next((tuple(value.shape) for value in inner if isinstance(value, torch.Tensor)), ())


@dataclass(frozen=True, slots=True)
class Internals:
    """Attention maps and hidden states of some texts, padding included; a text's real tokens come first."""

    input_ids: np.ndarray  # (texts, length)
    attention_mask: np.ndarray  # (texts, length), 0 at padding
    attention: np.ndarray  # (blocks, texts, heads, length, length): how much the token of a row takes from a column's
    states: np.ndarray  # (1 + blocks, texts, length, width): the embeddings, then the output of each block

    @property
    def lengths(self) -> list[int]:
        """Number of real tokens of each text."""
        return self.attention_mask.sum(axis=1).tolist()

    @property
    def layers(self) -> list[str]:
        """Name of what `states` holds."""
        return ["embeddings", *(f"block {number}" for number in range(1, len(self.states)))]

    def maps(self, text: int) -> np.ndarray:
        """Return (blocks, heads, tokens, tokens) attention between the real tokens of a text; each row sums to 1."""
        length = self.lengths[text]
        return self.attention[:, text, :, :length, :length]

    def tokens(self, layer: int) -> np.ndarray:
        """Return (tokens, width) states of the real tokens of all texts, one text after the other."""
        return self.states[layer][self.attention_mask.astype(bool)]


@torch.inference_mode()
def read_internals(model: Headed, rows: TokenRows) -> Internals:
    """Return attention maps and hidden states of some texts; raise StageError if the family returns no whole maps."""
    classifier = model.classifier
    classifier.set_attn_implementation("eager")  # the faster ones never hold a whole map
    batch = Collate(classifier.config.pad_token_id, {})([rows[index] for index in range(len(rows))])
    inputs = {name: values.to(model.device) for name, values in batch.items()}
    output = classifier(**inputs, output_attentions=True, output_hidden_states=True)
    square = (rows.lengths.max(),) * 2
    if not all(maps is not None and maps.shape[2:] == square for maps in output.attentions or [None]):
        raise StageError(f"a {classifier.config.model_type} gives no whole attention maps: choose another encoder")
    return Internals(
        *(batch[name].numpy() for name in ("input_ids", "attention_mask")),
        *(torch.stack(values).float().cpu().numpy() for values in (output.attentions, output.hidden_states)),
    )


def summary(
    model: Headed, traced: Trace, planes: Mapping[str, Plane], sentences: Sequence[str], tokenized: Tokenized
) -> dict[str, Any]:
    """Return parameters, steps, the decisions of each sentence, and the share of the variance that each plane shows."""
    total, encoder = count_parameters(model), sum(one.numel() for one in backbone_parameters(model.classifier))
    decisions = _decisions(model, traced.predictions)
    steps: dict[str, dict[str, Any]] = {}
    for name, module, *shapes, parameters in traced.steps:
        before, after = (" × ".join(map(str, shape)) for shape in shapes)
        steps[name] = {"module": module, "input": before, "output": after, "parameters": parameters}
    return {
        "parameters": {"total": total, "encoder": encoder, "decision": total - encoder},
        "steps": steps,
        "not_in_steps": traced.not_in_steps,
        "sentences": {
            str(number): {"sentence": text, "length": length, "truncated": length > len(ids), "decisions": decided}
            for number, (text, length, ids, decided) in enumerate(
                zip(sentences, tokenized.lengths, tokenized.input_ids, decisions, strict=True), start=1
            )
        },
        "explained_variance": {
            layer: dict(zip(("first", "second"), plane.explained, strict=True)) for layer, plane in planes.items()
        },
    }


def details(
    internals: Internals, planes: Mapping[str, Plane], sentences: Sequence[str], tokenizer: PreTrainedTokenizerBase
) -> list[dict[str, Any]]:
    """Return, for each sentence, its tokens with their padding, and plane and attention maps of the real ones."""
    ends = np.cumsum(internals.lengths)[:-1]
    points = {layer: np.split(plane.points, ends) for layer, plane in planes.items()}
    return [
        {
            "sentence": sentence,
            "tokens": tokenizer.convert_ids_to_tokens(internals.input_ids[index].tolist()),
            "input_ids": internals.input_ids[index].tolist(),
            "attention_mask": internals.attention_mask[index].tolist(),
            "plane": {layer: by_sentence[index].tolist() for layer, by_sentence in points.items()},
            "attention": {
                block: {f"head {head}": matrix.tolist() for head, matrix in enumerate(maps, start=1)}
                for block, maps in zip(internals.layers[1:], internals.maps(index), strict=True)
            },
        }
        for index, sentence in enumerate(sentences)
    ]


def _decisions(model: Headed, predictions: Predictions) -> list[dict[str, Any]]:
    """Return, for each text, the probability of each label or the number, by the name of the decision."""
    config, extra = model.classifier.config, model.extra_heads()
    labels = [config.id2label[number] for number in range(config.num_labels)]
    decisions = [{model.primary: dict(zip(labels, row, strict=True))} for row in predictions.probability.tolist()]
    for name, values in predictions.others.items():
        head = extra[name]
        for one, value in zip(decisions, values.tolist(), strict=True):
            one[name] = dict(zip(head.labels, value, strict=True)) if isinstance(head, Classification) else value
    return decisions
