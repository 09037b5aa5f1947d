"""Static vectors of words: reading and writing files of them."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from gensim.models import KeyedVectors

from decortique.core import paths
from decortique.core.files import StageError, new_file
from decortique.data.lexicon import content_words
from decortique.data.settings import WORD2VEC

# gensim warns about every file that it does not know the counts of its words; their order is enough here.
logging.getLogger("gensim.models.keyedvectors").setLevel(logging.ERROR)

VECTORS = "vectors.bin"


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
