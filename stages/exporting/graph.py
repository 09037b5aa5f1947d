"""A classifier of PyTorch → the same computation as an ONNX graph."""

import logging
import warnings

import torch
from onnx import ModelProto
from transformers import PreTrainedModel

INPUTS, OUTPUT = ("input_ids", "attention_mask"), "logits"
OPSET = 20  # of ONNX's operators: the newest that the exporter writes without a conversion

# What only the exporter's authors need: that torchvision is not there, that a constant was not folded.
for chatty in ("torch.onnx", "onnxscript", "onnx_ir"):
    logging.getLogger(chatty).setLevel(logging.ERROR)


def traced(model: PreTrainedModel) -> ModelProto:
    """Gives the graph of a classifier: (batch, length) `input_ids` and `attention_mask` → (batch, classes) `logits`.

    Batch and length are free. It says nothing of where it was made: the exporter writes each operator's place in the
    source, paths included, and those are taken out.

    Args:
        model: that decides, on the CPU.
    """
    # Two different sizes above 1, so that neither is taken for a constant or for the other one; two tensors likewise.
    example = {name: torch.ones((2, 3), dtype=torch.long) for name in INPUTS}
    free = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length")}
    with warnings.catch_warnings(action="ignore"):
        program = torch.onnx.export(
            model.eval(),
            kwargs=example,
            dynamic_shapes=dict.fromkeys(INPUTS, free),
            input_names=INPUTS,
            output_names=[OUTPUT],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # noqa: S101  (narrows the type: it is None where a file is written)
    return _without_origin(program.model_proto)


def _without_origin(model: ModelProto) -> ModelProto:
    graph = model.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    del graph.value_info[:]
    model.ClearField("producer_name")
    model.ClearField("producer_version")  # that of torch, which is another one with CUDA
    return model
