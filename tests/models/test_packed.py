import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from decortique.core.files import StageError
from decortique.models.encoder_files import unpack_encoder

from .packing import tensors, write_packed

# Where transformers keeps what the file calls otherwise, of every kind of tensor.
TENSOR_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
    "l0.q.w": "encoder.layer.0.attention.self.query.weight",
    "l1.k.b": "encoder.layer.1.attention.self.key.bias",
    "l1.v.w": "encoder.layer.1.attention.self.value.weight",
    "l0.ao.w": "encoder.layer.0.attention.output.dense.weight",
    "l0.aln.w": "encoder.layer.0.attention.output.LayerNorm.weight",
    "l1.fi.w": "encoder.layer.1.intermediate.dense.weight",
    "l0.fi.b": "encoder.layer.0.intermediate.dense.bias",
    "l1.fo.w": "encoder.layer.1.output.dense.weight",
    "l1.oln.b": "encoder.layer.1.output.LayerNorm.bias",
}


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    return write_packed(tmp_path / "weights.q4", tensors())


def test_every_weight_arrives_where_transformers_looks_for_it_with_its_value(packed: Path, tmp_path: Path) -> None:
    from transformers import AutoModel

    unpack_encoder(packed, tmp_path)
    # E5 has no pooler; with one, its weights alone are missing.
    model, problems = AutoModel.from_pretrained(
        tmp_path, local_files_only=True, add_pooling_layer=False, output_loading_info=True
    )
    assert {problem: list(names) for problem, names in problems.items() if names} == {}
    weights, expected = model.state_dict(), tensors()
    for name, offset in TENSOR_NAMES.items():
        np.testing.assert_array_equal(weights[offset].numpy(), expected[name], err_msg=name)


def test_the_configuration_is_that_of_the_packed_model(packed: Path, tmp_path: Path) -> None:
    from transformers import AutoConfig

    unpack_encoder(packed, tmp_path)
    config = AutoConfig.from_pretrained(tmp_path)
    assert (config.hidden_size, config.num_hidden_layers, config.num_attention_heads) == (32, 2, 2)
    assert (config.intermediate_size, config.vocab_size, config.max_position_embeddings) == (64, 11, 24)
    assert (config.pad_token_id, config.layer_norm_eps, config.model_type) == (1, 1e-12, "bert")


def test_the_weights_file_has_the_permissions_of_the_other_files(packed: Path, tmp_path: Path) -> None:
    unpack_encoder(packed, tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_mode == (tmp_path / "config.json").stat().st_mode


def changed(offset: int, layout: str, value: object) -> Callable[[bytes], bytes]:
    """Return a function that writes another number at an offset of the file."""

    def change(content: bytes) -> bytes:
        return content[:offset] + struct.pack(layout, value) + content[offset + struct.calcsize(layout) :]

    return change


def of_another_kind(content: bytes) -> bytes:
    offset = content.index(b"emb.ln.w") + len("emb.ln.w")
    return content[:offset] + b"\x07" + content[offset + 1 :]


def far_away(content: bytes) -> bytes:
    """Write an offset beyond all memory."""
    offset = content.index(b"emb.ln.w") + len("emb.ln.w") + struct.calcsize("<BI")
    return content[:offset] + b"\xff" * 8 + content[offset + 8 :]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda _: b"\x80\x04\x95 a pickle", "not b'E5S1'"),
        (lambda _: b"", "not b'E5S1'"),
        (changed(4, "<I", 2), "version 2"),
        (changed(8 + 4 * 8, "<i", 64), "blocks of 64"),
        (changed(8, "<i", 48), "reshape"),
        (changed(8 + 4, "<i", 3), "no tensor l2.q.w"),
        (of_another_kind, "emb.ln.w is of the unknown kind 7"),
        (far_away, ""),
        (lambda content: content[:6], ""),
        (lambda content: content[:50], ""),
        (lambda content: content[:100], ""),
        (lambda content: content[:300], ""),
        (lambda content: content[: len(content) // 2], ""),
        (lambda content: content[:-1], ""),
    ],
)
def test_a_damaged_file_is_reported_in_one_line_and_writes_nothing(
    packed: Path, tmp_path: Path, damage: Callable[[bytes], bytes], reason: str
) -> None:
    packed.write_bytes(damage(packed.read_bytes()))
    with pytest.raises(StageError, match=r"^weights\.q4 is no packed E5 encoder, or a damaged one") as caught:
        unpack_encoder(packed, tmp_path)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["weights.q4"]
