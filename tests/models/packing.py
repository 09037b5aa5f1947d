"""Write small packed encoders in the layout that decortique/models/encoder_files.py documents."""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

WIDTH, LAYERS, HEADS, INTERMEDIATE, VOCABULARY, POSITIONS = 32, 2, 2, 64, 11, 24
PIECES = 3  # of the tokenizer in the file, which readers skip

MATRICES = {"q": (WIDTH, WIDTH), "k": (WIDTH, WIDTH), "v": (WIDTH, WIDTH), "ao": (WIDTH, WIDTH)}
MATRICES |= {"fi": (INTERMEDIATE, WIDTH), "fo": (WIDTH, INTERMEDIATE)}


def tensors(seed: int = 0) -> dict[str, np.ndarray]:
    """Return random float32 values of every tensor; those of matrices fit 4 bits without loss."""
    random = np.random.default_rng(seed)

    def matrix(*shape: int) -> np.ndarray:
        steps = random.integers(-8, 8, size=(np.prod(shape) // 32, 32))
        scales = random.choice([0.25, 0.5, 0.125, 3.0], size=(len(steps), 1))
        return (steps * scales).astype(np.float32).reshape(shape)

    def vector(size: int) -> np.ndarray:
        return random.normal(size=size).astype(np.float32)

    weights = {
        "emb.word": matrix(VOCABULARY, WIDTH),
        "emb.pos": matrix(POSITIONS, WIDTH),
        "emb.type": matrix(2, WIDTH),
        "emb.ln.w": vector(WIDTH),
        "emb.ln.b": vector(WIDTH),
    }
    for layer in range(LAYERS):
        for part, shape in MATRICES.items():
            weights[f"l{layer}.{part}.w"] = matrix(*shape)
            weights[f"l{layer}.{part}.b"] = vector(shape[0])
        for part in ("aln", "oln"):
            weights[f"l{layer}.{part}.w"], weights[f"l{layer}.{part}.b"] = vector(WIDTH), vector(WIDTH)
    return weights


def write_packed(file: Path, content: dict[str, np.ndarray]) -> Path:
    """Pack matrices in 4 bits and leave vectors unchanged."""
    header = b"E5S1" + struct.pack("<I", 1)
    header += struct.pack(
        "<7ifi5i", WIDTH, LAYERS, HEADS, INTERMEDIATE, VOCABULARY, POSITIONS, 2, 1e-12, 32, PIECES, 0, 2, 1, 3
    )
    pieces = b"<s><pad></s>"
    header += struct.pack("<Q", len(pieces)) + bytes(4 * (PIECES + 1)) + bytes(4 * PIECES) + pieces
    header += struct.pack("<iI", 0, 5) + b"charm"
    header += struct.pack("<i", len(content))
    packed = {
        name: b"".join(_blocks(values)) if values.ndim == 2 else values.tobytes() for name, values in content.items()
    }
    offset = len(header) + sum(2 + len(name) + struct.calcsize("<BIQQ") for name in content)
    directory, values = b"", b""
    for name, blob in packed.items():
        kind = 1 if content[name].ndim == 2 else 0
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, content[name].size, offset + len(values), len(blob))
        values += blob
    file.write_bytes(header + directory + values)
    return file


def _blocks(matrix: np.ndarray) -> Iterator[bytes]:
    for block in matrix.reshape(-1, 32):
        # The scale is the one by which all 32 values are whole numbers from -8 to 7.
        scale = next(
            s for s in (3.0, 0.5, 0.25, 0.125) if all(-8 <= v / s <= 7 and v / s == round(v / s) for v in block)
        )
        halves = [round(float(value / scale)) + 8 for value in block]
        yield struct.pack("<e", scale) + bytes(
            low | high << 4 for low, high in zip(halves[:16], halves[16:], strict=True)
        )
