"""ONNX: a transformer exported with weights of 8 bits, and a classifier that runs it without PyTorch.

ONNX Runtime's own `quantize_dynamic` takes one scale for all activations of a batch, so that the prediction on a text
depends on the texts beside it, and on the padding: of film sentences alone and in batches of 32, 2 of 100 were
predicted differently. Here each token has a scale of its own (Yao et al., ZeroQuant, 2022), so that each text has one
prediction; it is nearer to that in 32 bits, and as fast.
"""

from __future__ import annotations

import logging
import shutil
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from onnxruntime import InferenceSession, SessionOptions
from pydantic import BaseModel
from tokenizers import Tokenizer

from decortique.core.files import StageError, read_json
from decortique.core.measures import probabilities
from decortique.core.settings import Compute
from decortique.data.settings import Task
from decortique.models.folder import Done, Manifest, Predictions, as_stage_error, describe_model

if TYPE_CHECKING:  # only who exports pays for them
    from onnx import ModelProto, TensorProto
    from transformers import PreTrainedModel

MODEL, CONFIG, TOKENIZER = "model.onnx", "config.json", "tokenizer.json"
ERRORS_ONLY = 3  # of what ONNX Runtime logs


class OnnxConfig(BaseModel):
    """What the classifier reads of the transformer's configuration."""

    pad_token_id: int
    problem_type: str | None = None


class OnnxClassifier:
    """Texts → tokens → logits with ONNX Runtime, on the CPU, whatever `compute.device` is."""

    def __init__(self, session: InferenceSession, tokenizer: Tokenizer, config: OnnxConfig, batch_size: int) -> None:
        """Take a graph that is ready to run, and a tokenizer that truncates and does not pad."""
        self.session, self.tokenizer, self.config, self.batch_size = session, tokenizer, config, batch_size

    @classmethod
    def load(cls, folder: Path, compute: Compute, *_: object) -> Self:
        """Load a folder of `write_onnx`.

        Raises:
            StageError: the folder is missing or damaged.
        """
        options = SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = compute.threads, ERRORS_ONLY
        with as_stage_error(folder):
            config = OnnxConfig.model_validate(read_json(folder / CONFIG))
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            session = InferenceSession(folder / MODEL, options, providers=["CPUExecutionProvider"])
        return cls(session, tokenizer, config, compute.batch_size)

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Return the probability of each label; see `Classifier`."""
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(texts))]
        (output,) = self.session.get_outputs()
        logits = np.empty((len(texts), output.shape[1]), np.float32)
        for indices in self._batches(ids):
            batch = padded([ids[index] for index in indices], self.config.pad_token_id)
            (logits[indices],) = self.session.run(None, batch)
            done(len(indices))
        return Predictions(probabilities(logits, binary=self.config.problem_type == "multi_label_classification"))

    def _batches(self, ids: Sequence[Sequence[int]]) -> Iterator[np.ndarray]:
        """Yield indices of texts of near-equal length, the longest first."""
        order = np.argsort([-len(one) for one in ids], kind="stable")
        for start in range(0, len(order), self.batch_size):
            yield order[start : start + self.batch_size]


def padded(ids: Sequence[Sequence[int]], padding_id: int) -> dict[str, np.ndarray]:
    """Return `input_ids` and `attention_mask`, (texts, length of the longest), padded on the right."""
    lengths = np.array([len(one) for one in ids])
    mask = np.arange(lengths.max()) < lengths[:, None]
    input_ids = np.full(mask.shape, padding_id, np.int64)
    input_ids[mask] = np.concatenate(ids)
    return {"input_ids": input_ids, "attention_mask": mask.astype(np.int64)}


INPUTS, OUTPUT = ("input_ids", "attention_mask"), "logits"
OPSET = 20  # of ONNX's operators: the newest that the exporter writes without a conversion
FLOAT = 1  # TensorProto.FLOAT

# What only the exporter's authors need: that torchvision is not there, that a constant was not folded.
for chatty in ("torch.onnx", "onnxscript", "onnx_ir"):
    logging.getLogger(chatty).setLevel(logging.ERROR)


def write_onnx(source: Path, folder: Path) -> None:
    """Write the primary head of a transformer in 8 bits, with its tokenizer and configuration.

    `source` is a folder of `save_headed`; further heads are left out.

    Raises:
        StageError: the source is missing or damaged, or its tokenizer is not a fast one.
    """
    from decortique.models.pretrained import load_classifier
    from decortique.models.tokenizer import load_tokenizer

    graph = traced(load_classifier(source))
    quantize(graph)
    (folder / MODEL).write_bytes(graph.SerializeToString(deterministic=True))
    shutil.copyfile(source / CONFIG, folder / CONFIG)
    tokenizer = load_tokenizer(source)
    if not tokenizer.is_fast:
        raise StageError(f"the tokenizer of {source} has no {TOKENIZER}: it cannot be exported")
    # transformers keeps the maximum length beside tokenizer.json; with it inside, that file is enough by itself.
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.enable_truncation(tokenizer.model_max_length, direction=tokenizer.truncation_side)
    tokenizer.save_pretrained(folder)


def traced(model: PreTrainedModel) -> ModelProto:
    """Return the graph of a classifier: (batch, length) `input_ids` and `attention_mask` → (batch, classes) `logits`.

    Batch and length are free. The exporter writes the source of each operator, paths of this machine included, into the
    graph; it is taken out.
    """
    import torch

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
    proto = program.model_proto
    graph = proto.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    del graph.value_info[:]
    proto.ClearField("producer_name")
    proto.ClearField("producer_version")  # that of torch, which is another one with CUDA
    return proto


DOMAIN = "decortique"
# Weights take 7 of their 8 bits. A processor without VNNI adds two products in 16 bits, where 2 × 255 × 64 has room and
# 2 × 255 × 127 has not: it would compute something else without an error.
WEIGHT_STEPS = 64
TABLE_STEPS = 127
SMALLEST = 1e-30  # the scale of what is zero throughout

PRECISION = {  # for the model card
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
            sums = Cast <to = {FLOAT}> (products)
            by_token = Mul (sums, scale)
            y = Mul (by_token, scales)
        }}""",
    "Gather": f"""
        <domain: "{DOMAIN}", opset_import: ["" : {OPSET}]>
        GatherRows (table, scales, rows) => (y) {{
            whole = Gather (table, rows)
            numbers = Cast <to = {FLOAT}> (whole)
            scale = Gather (scales, rows)
            y = Mul (numbers, scale)
        }}""",
}


def quantize(model: ModelProto) -> None:
    """Replace the weights of a graph, in place, by 8 bits and scales, and the operators that compute with them.

    Of the matrices that hidden states are multiplied by, each column has a scale; of the tables of embeddings, each
    row. What is left in 32 bits is small: biases, norms, and the layers of the head (`Gemm` in ONNX).
    """
    from onnx import helper
    from onnx.parser import parse_function

    graph = model.graph
    floats = {one.name: one for one in graph.initializer if one.data_type == FLOAT and len(one.dims) == 2}
    functions = {operator: parse_function(text) for operator, text in FUNCTIONS.items()}
    quantized: dict[str, TensorProto] = {}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in floats:
            values, weights = node.input[0], floats[node.input[1]]
            inputs = [values, *_quantized(weights, axis=0, steps=WEIGHT_STEPS, tensors=quantized)]
        elif node.op_type == "Gather" and node.input[0] in floats and not any(one.i for one in node.attribute):
            table, rows = floats[node.input[0]], node.input[1]
            inputs = [*_quantized(table, axis=1, steps=TABLE_STEPS, tensors=quantized), rows]
        else:
            continue
        function = functions[node.op_type]
        node.op_type, node.domain = function.name, function.domain
        node.input[:] = inputs
        del node.attribute[:]
    used = {name for node in graph.node for name in node.input}
    kept = [one for one in (*graph.initializer, *quantized.values()) if one.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    model.functions.extend(functions.values())
    model.opset_import.append(helper.make_opsetid(DOMAIN, 1))


def _quantized(weights: TensorProto, *, axis: int, steps: int, tensors: dict[str, TensorProto]) -> list[str]:
    """Return the names of the whole numbers of a matrix and of their scales, the largest along `axis` being `steps`."""
    from onnx import numpy_helper

    names = [f"{weights.name}.whole.{axis}", f"{weights.name}.scales.{axis}"]
    if names[0] not in tensors:
        values = numpy_helper.to_array(weights)
        scales = np.maximum(np.abs(values).max(axis, keepdims=True) / np.float32(steps), np.float32(SMALLEST))
        for name, content in zip(names, (np.rint(values / scales).astype(np.int8), scales), strict=True):
            tensors[name] = numpy_helper.from_array(content, name)
    return names


def write_export(source: Path, folder: Path, name: str, task: Task) -> None:
    """Write a transformer as ONNX in 8 bits, with manifest and card; `name` is `task/approach`."""
    folder.mkdir()
    write_onnx(source, folder)
    describe_model(
        folder,
        name,
        "onnx",
        described=task,
        settings=PRECISION,
        scores={},
        made=f"`{source}` as an ONNX graph with whole numbers for weights, which runs without PyTorch.",
        made_from=f"`{source}`; nothing was trained",
        limits="It predicts a label only: further heads are left out. Rounding may turn a near tie.",
        teacher=Manifest.read(source).teacher,
    )
