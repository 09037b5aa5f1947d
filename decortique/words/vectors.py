"""Static vectors of words: files of them, and those of a language."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from gensim.models import KeyedVectors

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.core.files import new_file
from decortique.data.function_words import content_words
from decortique.data.settings import TRAINED, PretrainedVectors

# gensim warns of every file that it does not know the counts of its words; the order they are in says enough.
logging.getLogger("gensim.models.keyedvectors").setLevel(logging.ERROR)

VECTORS = "vectors.bin"
CHUNK = 1 << 22  # characters read at once
LONGEST = 1 << 16  # characters of an entry of winkNLP's JSON: one takes about 1 000


def vectors_file(name: str, code: str) -> Path:
    """Gives where the vectors of a name lie, those trained here or others, of a language."""
    return paths.word2vec(code) / VECTORS if name == TRAINED else paths.language(code) / f"{name}.bin"


def save_vectors(vectors: KeyedVectors, path: Path) -> None:
    """Writes vectors in the binary format of word2vec, which every tool for them reads."""
    with new_file(path) as temporary:
        vectors.save_word2vec_format(str(temporary), binary=True)


def load_vectors(path: Path, words: int | None = None) -> KeyedVectors:
    """Reads vectors in the binary format of word2vec.

    Args:
        path: the file.
        words: how many at most, from its beginning.

    Raises:
        StageError: it is missing or damaged.
    """
    if not path.exists():
        raise StageError(f"{path} is missing: run `dvc repro` to make it")
    try:
        return KeyedVectors.load_word2vec_format(str(path), binary=True, limit=words)
    except (ValueError, EOFError, UnicodeDecodeError) as error:
        raise StageError(f"{path} holds no vectors in word2vec's binary format ({error}): run `dvc repro`") from None


def convert_vectors(path: Path, described: PretrainedVectors) -> KeyedVectors:
    """Reads vectors as their source has them.

    Raises:
        StageError: the file is not of the format that `described` names.
    """
    return _read_wink(path, described.words) if described.format == "wink" else load_vectors(path, described.words)


def _read_wink(path: Path, words: int) -> KeyedVectors:
    """Reads the most frequent words of winkNLP's JSON as a stream: whole, it would take gigabytes of memory.

    Each entry of `vectors` is `"word": [its numbers, their length, its rank by frequency]`.
    """
    with path.open(encoding="utf-8") as file:
        try:
            found = sorted((entry[-1], word, entry[:-2]) for word, entry in _entries(file) if entry[-1] < words)
            dimensions = len(found[0][2])
        except (ValueError, IndexError, TypeError) as error:
            raise StageError(
                f"{path.name} is not in the format of winkNLP's vectors ({error}): check `format`"
            ) from None
    vectors = KeyedVectors(dimensions)
    vectors.add_vectors([word for _, word, _ in found], np.array([numbers for _, _, numbers in found], np.float32))
    return vectors


def _entries(file: IO[str]) -> Iterator[tuple[str, list[Any]]]:
    """Yields the members of the object `vectors`."""
    decode = json.JSONDecoder().raw_decode
    buffer, start = "", '"vectors":{'
    while (at := buffer.find(start)) < 0:
        more = file.read(CHUNK)
        if not more:
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
    """Gives vectors by name, those trained on the corpora first, then the `pretrained` ones."""
    return {name: load_vectors(vectors_file(name, code)) for name in (TRAINED, *pretrained)}


def frequent_words(code: str, static: Mapping[str, KeyedVectors], count: int) -> list[str]:
    """Gives the most frequent content words of the largest vocabulary there is, the most frequent first.

    Args:
        code: of the language.
        static: vectors by name, their words in order of frequency.
        count: how many.
    """
    largest = max(static.values(), key=len)
    return content_words(largest.index_to_key, code)[:count]
