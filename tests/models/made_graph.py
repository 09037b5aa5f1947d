"""The graph of a model, traced once for all tests that are about something else: it takes seconds."""

from copy import deepcopy

from onnx import ModelProto
from transformers import PreTrainedModel

from decortique.models.checkpoint import fingerprint
from decortique.models.onnx import traced

TRACED: dict[str, ModelProto] = {}


def traced_once(model: PreTrainedModel) -> ModelProto:
    """Return what `traced` does, from memory where a model of the same configuration and weights was traced before."""
    key = fingerprint(model, model.config.to_json_string())
    if key not in TRACED:
        TRACED[key] = traced(model)
    return deepcopy(TRACED[key])
