"""Static vectors of words: reading and writing files of them."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from gensim.models import KeyedVectors

from decortique.core import paths
from decortique.core.files import StageError, new_file
from decortique.data.lexicon import content_words
from decortique.data.settings import WORD2VEC, PretrainedVectors

# gensim warns about every file that it does not know the counts of its words; their order is enough here.
logging.getLogger("gensim.models.keyedvectors").setLevel(logging.ERROR)

VECTORS = "vectors.bin"
CHUNK = 1 << 22  # characters read at once
LONGEST = 1 << 16  # characters of an entry of winkNLP's JSON at most: one takes about 1 000


def vectors_file(name: str, code: str) -> Path:
    """Return the file of the vectors of a name, trained here or by others, in a language."""
    return paths.word2vec(code) / VECTORS if name == WORD2VEC else paths.language(code) / f"{name}.bin"


def save_vectors(vectors: KeyedVectors, path: Path) -> None:
    """Write vectors in the binary format of word2vec, which every tool for them reads."""
    with new_file(path) as temporary:
        vectors.save_word2vec_format(str(temporary), binary=True)


def load_vectors(path: Path, words: int | None = None) -> KeyedVectors:
    """Read the first `words` vectors (or all) in word2vec's binary format; a `StageError` if missing or damaged."""
    if not path.exists():
        raise StageError(f"{path} is missing: run `dvc repro` to make it")
    try:
        return KeyedVectors.load_word2vec_format(str(path), binary=True, limit=words)
    except (ValueError, EOFError, UnicodeDecodeError) as error:
        raise StageError(f"{path} holds no vectors in word2vec's binary format ({error}): run `dvc repro`") from None


def convert_vectors(path: Path, described: PretrainedVectors) -> KeyedVectors:
    """Read vectors in the format of their source; a `StageError` if the file is not in that format."""
    if described.format != "wink":
        return load_vectors(path, described.words)
    with path.open(encoding="utf-8") as file:
        try:
            ranked = sorted((entry[-1], word, entry[:-2]) for word, entry in _wink(file) if entry[-1] < described.words)
            vectors = KeyedVectors(len(ranked[0][2]))
        except (ValueError, IndexError, TypeError) as error:
            fault = f"is not in the format of winkNLP's vectors ({error}): check `format`"
            raise StageError(f"{path.name} {fault}") from None
    vectors.add_vectors([word for _, word, _ in ranked], np.array([numbers for _, _, numbers in ranked], np.float32))
    return vectors


def _wink(file: IO[str]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the members of the object `vectors` of winkNLP's JSON, which whole would take gigabytes of memory.

    Each is `"word": [its numbers, their length, its rank by frequency]`.
    """
    decode = json.JSONDecoder().raw_decode
    buffer, start = "", '"vectors":{'
    while (at := buffer.find(start)) < 0:
        if not (more := file.read(CHUNK)):
            raise ValueError(f"there is no {start}")
        buffer = buffer[-len(start) :] + more
    at += len(start)
    while True:
        if len(buffer) - at < LONGEST:
            buffer, at = buffer[at:] + file.read(CHUNK), 0
        if buffer[at] == "}":
            return
        word, at = decode(buffer, at)
        entry, at = decode(buffer, at + 1)
        yield word, entry
        at += buffer[at] == ","


def static_vectors(code: str, pretrained: Iterable[str]) -> dict[str, KeyedVectors]:
    """Return vectors by name, those trained on the corpora first, then the `pretrained` ones."""
    return {name: load_vectors(vectors_file(name, code)) for name in (WORD2VEC, *pretrained)}


def frequent_words(code: str, static: Mapping[str, KeyedVectors], count: int) -> list[str]:
    """Return the most frequent content words of the largest vocabulary of `static`, the most frequent first."""
    return content_words(max(static.values(), key=len).index_to_key, code)[:count]


def mean_vector(vectors: KeyedVectors, words: Iterable[str]) -> np.ndarray:
    """Return the mean of the vectors of some words; zeros where none has one."""
    known = [vectors[word] for word in words if word in vectors]
    return np.mean(known, axis=0) if known else np.zeros(vectors.vector_size, np.float32)
