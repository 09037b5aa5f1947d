"""Weights in 8 bits, and matrices multiplied in whole numbers, with nothing but operators of ONNX itself.

ONNX Runtime's own `quantize_dynamic` takes one scale for all activations of a batch, so that what is said of a text
depends on the texts beside it, and on the padding: of film sentences alone and in batches of 32, 2 of 100 were decided
differently. Here each token has a scale of its own (Yao et al., ZeroQuant, 2022): so has each text its answer, which is
nearer to that in 32 bits, and comes as fast.
"""

import numpy as np
from onnx import FunctionProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.parser import parse_function

from stages.exporting.graph import OPSET

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
    "biases, norms, attention, decision": "32 bits",
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
    row. What is left in 32 bits is small: biases, norms, and the layers of the decision (`Gemm` in ONNX).

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
