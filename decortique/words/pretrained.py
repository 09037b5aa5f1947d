"""Word vectors that others trained, in the format of their source → the binary format of word2vec."""

import json
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

import numpy as np

from decortique.core.files import StageError, new_file
from decortique.data.settings import PretrainedVectors

CHUNK = 1 << 22  # characters read at once
LONGEST = 1 << 16  # characters of an entry of winkNLP's JSON at most: one takes about 1 000


def convert_vectors(path: Path, described: PretrainedVectors, target: Path) -> None:
    """Write the most frequent words of `path`, with their vectors, to `target`.

    Raises:
        StageError: the file is not in the format that is described.
    """
    if described.format == "word2vec":
        from decortique.words.vectors import load_vectors, save_vectors  # gensim takes seconds to import

        save_vectors(load_vectors(path, described.words), target)
        return
    try:
        words, numbers = _most_frequent(path, described.words)
    except (ValueError, IndexError, TypeError) as error:
        fault = f"is not in the format of winkNLP's vectors ({error}): check `format`"
        raise StageError(f"{path.name} {fault}") from None
    with new_file(target) as temporary, temporary.open("wb") as file:
        file.write(f"{len(words)} {numbers.shape[1]}\n".encode())
        file.writelines(f"{word} ".encode() + row.tobytes() for word, row in zip(words, numbers, strict=True))


def _most_frequent(path: Path, count: int) -> tuple[list[str], np.ndarray]:
    """Return words, the most frequent first, and their vectors `(words, dimensions)` in float32."""
    ranked: list[tuple[int, str, np.ndarray]] = []
    with path.open(encoding="utf-8") as file:
        for word, entry in _wink(file):
            if entry[-1] < count:
                ranked.append((entry[-1], word, np.array(entry[:-2], np.float32)))
            if len(ranked) == count:
                break  # frequent words come first, and the rest takes long to read
    if not ranked:
        raise ValueError("it has no words")
    ranked.sort(key=itemgetter(0))
    return [word for _, word, _ in ranked], np.stack([numbers for _, _, numbers in ranked])


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
