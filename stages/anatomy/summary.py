"""What was seen of a model, as it is written: a summary, and the details of each sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from stages.anatomy.inside import Inside
from stages.anatomy.parts import count
from stages.anatomy.projection import Plane
from stages.anatomy.steps import Shape, Way
from stages.artifacts.predictions import Predictions
from stages.transformer.heads import Classification, Headed
from stages.transformer.layers import trunk_parameters
from stages.transformer.tokenizer import Tokenized


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
