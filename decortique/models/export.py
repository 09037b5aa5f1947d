"""A transformer → an ONNX graph with weights of 8 bits, and nothing but operators of ONNX itself.

ONNX Runtime's own `quantize_dynamic` takes one scale for all activations of a batch, so that what is said of a text
depends on the texts beside it, and on the padding: of film sentences alone and in batches of 32, 2 of 100 were predicted
differently. Here each token has a scale of its own (Yao et al., ZeroQuant, 2022): so has each text its answer, which is
nearer to that in 32 bits, and comes as fast.
"""

import logging
import shutil
import warnings
from pathlib import Path

import numpy as np
import torch
from onnx import FunctionProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.parser import parse_function
from transformers import PreTrainedModel

from decortique.core.errors import StageError
from decortique.models.onnx import CONFIG, MODEL
from decortique.models.pretrained import load_classifier
from decortique.models.tokenizer import load_tokenizer

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
        model: that predicts, on the CPU.
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


DOMAIN = "decortique"
# Weights take 7 of their 8 bits. A processor without VNNI adds two products in 16 bits, where 2 × 255 × 64 has room and
# 2 × 255 × 127 has not: it would compute something else, and not say so.
WEIGHT_STEPS = 64
TABLE_STEPS = 127
SMALLEST = 1e-30  # the scale of what is zero throughout

PRECISION = {  # said in the model card
    "weights": "7 bits, a scale for each output",
    "hidden states": "8 bits, a scale for each token, computed as they come",
    "embeddings": "8 bits, a scale for each token and position",
    "biases, norms, attention, prediction": "32 bits",
}

FUNCTIONS = {
    # 128 stands for 0, because only unsigned activations are multiplied fast everywhere.
    "MatMul": f"""
        <domain: "{DOMAIN}", opset_import: ["" : {OPSET}]>
        MatMulByToken (x, weights, scales) => (y) {{
            last = Constant <value_ints: ints = [-1]> ()
            steps = Constant <value_float: float = 127.0> ()
            smallest = Constant <value_float: float = {SMALLEST}> ()
            one = Constant <value_float: float = 1.0> ()
            zero = Constant <value = uint8 {{128}}> ()
            sizes = Abs (x)
            largest = ReduceMax (sizes, last)
            step = Div (largest, steps)
            scale = Max (step, smallest)
            scaled = Div (x, scale)
            whole = QuantizeLinear (scaled, one, zero)
            products = MatMulInteger (whole, weights, zero)
            sums = Cast <to = {TensorProto.FLOAT}> (products)
            by_token = Mul (sums, scale)
            y = Mul (by_token, scales)
        }}""",
    "Gather": f"""
        <domain: "{DOMAIN}", opset_import: ["" : {OPSET}]>
        GatherRows (table, scales, rows) => (y) {{
            whole = Gather (table, rows)
            numbers = Cast <to = {TensorProto.FLOAT}> (whole)
            scale = Gather (scales, rows)
            y = Mul (numbers, scale)
        }}""",
}


def quantize(model: ModelProto) -> None:
    """Replaces the weights of a graph by 8 bits and scales, and what computes with them accordingly.

    Of the matrices that hidden states are multiplied by, each column has a scale; of the tables of embeddings, each
    row. What is left in 32 bits is small: biases, norms, and the layers of the prediction (`Gemm` in ONNX).

    Args:
        model: as `traced` gives it; changed in place.
    """
    graph = model.graph
    floats = {one.name: one for one in graph.initializer if one.data_type == TensorProto.FLOAT and len(one.dims) == 2}
    functions = {operator: parse_function(text) for operator, text in FUNCTIONS.items()}
    made: dict[str, TensorProto] = {}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in floats:
            values, weights = node.input[0], floats[node.input[1]]
            inputs = [values, *_in_whole_numbers(weights, axis=0, steps=WEIGHT_STEPS, made=made)]
        elif node.op_type == "Gather" and node.input[0] in floats and not any(one.i for one in node.attribute):
            table, rows = floats[node.input[0]], node.input[1]
            inputs = [*_in_whole_numbers(table, axis=1, steps=TABLE_STEPS, made=made), rows]
        else:
            continue
        _call(node, functions[node.op_type], inputs)
    used = {name for node in graph.node for name in node.input}
    kept = [one for one in (*graph.initializer, *made.values()) if one.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    model.functions.extend(functions.values())
    model.opset_import.append(helper.make_opsetid(DOMAIN, 1))


def _in_whole_numbers(weights: TensorProto, *, axis: int, steps: int, made: dict[str, TensorProto]) -> list[str]:
    """Names the whole numbers of a matrix and their scales, the largest along `axis` being `steps`."""
    names = [f"{weights.name}.whole.{axis}", f"{weights.name}.scales.{axis}"]
    if names[0] not in made:
        values = numpy_helper.to_array(weights)
        scales = np.maximum(np.abs(values).max(axis, keepdims=True) / np.float32(steps), np.float32(SMALLEST))
        for name, content in zip(names, (np.rint(values / scales).astype(np.int8), scales), strict=True):
            made[name] = numpy_helper.from_array(content, name)
    return names


def _call(node: NodeProto, function: FunctionProto, inputs: list[str]) -> None:
    """Makes an operator a call of a function."""
    node.op_type, node.domain = function.name, function.domain
    node.input[:] = inputs
    del node.attribute[:]


def write_onnx(source: Path, folder: Path) -> None:
    """Writes the prediction of a transformer in 8 bits, with its tokenizer and configuration.

    Args:
        source: a folder of `save_headed`; further heads are left out.
        folder: where to write.

    Raises:
        StageError: the source is missing or damaged, or its tokenizer does not run by itself.
    """
    graph = traced(load_classifier(source))
    quantize(graph)
    (folder / MODEL).write_bytes(graph.SerializeToString(deterministic=True))
    shutil.copyfile(source / CONFIG, folder / CONFIG)
    tokenizer = load_tokenizer(source)
    if not tokenizer.is_fast:
        raise StageError(f"the tokenizer of {source} has no tokenizer.json: it cannot be exported")
    # transformers keeps the length of a cut beside tokenizer.json; in it, the file is enough by itself.
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.enable_truncation(tokenizer.model_max_length, direction=tokenizer.truncation_side)
    tokenizer.save_pretrained(folder)
