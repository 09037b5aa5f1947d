"""Test the graph of every family, as traced and once quantized."""

import copy
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import ModelProto, TensorProto
from onnxruntime import InferenceSession
from scipy.special import softmax
from transformers import PreTrainedModel

from decortique.models.onnx import quantize, traced
from decortique.models.pretrained import new_classifier
from tests.conftest import POSITIONS, VOCABULARY, write_encoder

LABELS = ["negative", "neither", "positive"]


@pytest.fixture(scope="module")
def model(every_family: Path) -> PreTrainedModel:
    return new_classifier(every_family, LABELS, dropout=0.0, seed=0)


@pytest.fixture(scope="module")
def graph(model: PreTrainedModel) -> ModelProto:
    return traced(model)


@pytest.fixture
def whole(graph: ModelProto) -> ModelProto:
    """Return the quantized graph."""
    result = copy.deepcopy(graph)
    quantize(result)
    return result


def batch(texts: int, length: int) -> dict[str, torch.Tensor]:
    """Return random tokens, every second text of half the length."""
    random = torch.Generator().manual_seed(texts * 100 + length)
    mask = torch.ones((texts, length), dtype=torch.long)
    mask[1::2, (length + 1) // 2 :] = 0
    return {"input_ids": torch.randint(5, len(VOCABULARY), (texts, length), generator=random) * mask} | {
        "attention_mask": mask
    }


def session(graph: ModelProto) -> InferenceSession:
    onnx.checker.check_model(graph, full_check=True)
    return InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])


def both(model: PreTrainedModel, graph: ModelProto, texts: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits of PyTorch and of ONNX Runtime."""
    inputs = batch(texts, length)
    with torch.no_grad():
        expected = model.eval()(**inputs).logits.numpy()
    (actual,) = session(graph).run(["logits"], {name: values.numpy() for name, values in inputs.items()})
    return expected, actual


@pytest.mark.parametrize(("texts", "length"), [(1, 1), (1, 7), (2, 3), (3, 1), (5, 20), (2, POSITIONS)])
def test_a_graph_computes_what_the_model_does_for_any_number_and_length_of_texts(
    model: PreTrainedModel, graph: ModelProto, texts: int, length: int
) -> None:
    expected, actual = both(model, graph, texts, length)
    assert actual.shape == (texts, len(LABELS))
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_whole_numbers_are_near_enough(model: PreTrainedModel, whole: ModelProto) -> None:
    expected, actual = (softmax(logits, axis=1) for logits in both(model, whole, 40, 12))
    assert expected.std(axis=0).min() > 0.03  # the model tells texts apart
    assert np.abs(actual - expected).mean() < 0.003
    assert np.abs(actual - expected).max() < 0.01


def test_a_prediction_depends_neither_on_the_batch_nor_on_padding(whole: ModelProto) -> None:
    inputs = {name: values.numpy() for name, values in batch(8, 16).items()}
    run = session(whole).run
    (together,) = run(["logits"], inputs)
    for index, length in enumerate(inputs["attention_mask"].sum(axis=1)):
        (alone,) = run(["logits"], {name: values[index : index + 1, :length] for name, values in inputs.items()})
        np.testing.assert_allclose(together[index], alone[0], atol=1e-5)


def test_the_weights_of_blocks_and_embeddings_take_a_byte_each(graph: ModelProto, whole: ModelProto) -> None:
    large = {one.name for one in graph.graph.initializer if len(one.dims) == 2 and one.data_type == TensorProto.FLOAT}
    multiplied = {node.input[1] for node in graph.graph.node if node.op_type == "MatMul"}
    looked_up = {node.input[0] for node in graph.graph.node if node.op_type == "Gather"}
    kept = {one.name: one.data_type for one in whole.graph.initializer}
    assert len(multiplied & large) >= 2 * 4
    assert looked_up & large
    assert not (multiplied | looked_up) & large & kept.keys()
    assert sum(kind == TensorProto.INT8 for kind in kept.values()) == len((multiplied | looked_up) & large)
    assert kept.keys() <= {name for node in whole.graph.node for name in node.input}


def test_weights_leave_room_for_the_sum_of_two_products_in_16_bits(whole: ModelProto) -> None:
    multiplied = {node.input[1] for node in whole.graph.node if node.op_type == "MatMulByToken"}
    for one in whole.graph.initializer:
        if one.name in multiplied:
            largest = np.abs(onnx.numpy_helper.to_array(one).astype(int)).max(axis=0)
            assert set(largest.tolist()) == {64}, one.name
            assert 2 * 255 * largest.max() < 2**15


def test_a_graph_reveals_nothing_about_where_it_was_made(graph: ModelProto, whole: ModelProto) -> None:
    for one in (graph, whole):
        content = one.SerializeToString()
        for secret in (str(Path(torch.__file__).parent), str(Path.home()), ".py", "site-packages", torch.__version__):
            assert secret.encode() not in content


def test_rows_and_columns_of_zeros_stay_zero(tmp_path: Path) -> None:
    model = new_classifier(write_encoder(tmp_path / "bert"), LABELS, dropout=0.0, seed=0)
    with torch.no_grad():
        model.bert.embeddings.word_embeddings.weight.zero_()
        model.bert.encoder.layer[0].attention.self.value.weight.zero_()
    graph = traced(model)
    quantize(graph)
    expected, actual = both(model, graph, 4, 6)
    np.testing.assert_allclose(actual, expected, atol=0.05)
