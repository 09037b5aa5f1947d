"""Texts to cluster and summarise, of a collection or a person's own, and vectors that represent them."""

import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from gensim.models import KeyedVectors
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from decortique.core import paths
from decortique.core.files import StageError
from decortique.core.tables import read_batches, read_columns, read_metadata
from decortique.data.lexicon import function_words
from decortique.data.text import LETTER_OR_DIGIT, forms, split_sentences
from decortique.summarization.settings import ENCODER, TFIDF
from decortique.words.vectors import load_vectors, mean_vector, vectors_file

log = logging.getLogger(__name__)

Vectors = np.ndarray | csr_matrix  # (texts, width) float32, rows of length one, or zero where a text has no known word


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts in groups, in the order of the groups and of their positions."""

    language: str
    ids: list[str]
    texts: list[str]
    groups: list[str]
    labels: list[str | None]
    embedded: np.ndarray  # (texts, width) float32

    @classmethod
    def of(cls, texts: list[str], language: str, embedded: np.ndarray) -> "Texts":
        """Return texts of one group without labels."""
        ids = [str(number) for number in range(len(texts))]
        return cls(language, ids, texts, ["text"] * len(texts), [None] * len(texts), embedded)

    @classmethod
    def read(cls, name: str, parts: Sequence[str]) -> "Texts":
        """Read tables of a collection, and their vectors; raise a `StageError` where these are of other texts."""
        columns: dict[str, list[Any]] = {"id": [], "text": [], "group": [], "label": []}
        vectors, embedded_ids = [], list[str]()
        for part in parts:
            for column, values in read_columns(paths.collection(name) / f"{part}.parquet", columns).items():
                columns[column] += values
            for batch in read_batches(paths.embeddings(name) / f"{part}.parquet"):
                embedded_ids += batch.column("id").to_pylist()
                vectors.append(batch.column("embedding").flatten().to_numpy().reshape(batch.num_rows, -1))
        if embedded_ids != columns["id"]:
            raise StageError(f"{paths.embeddings(name)} holds vectors of other texts: run `dvc repro`")
        language = read_metadata(paths.collection(name) / f"{parts[0]}.parquet")["language"]
        embedded = np.concatenate(vectors) if vectors else np.empty((0, 0), np.float32)
        return cls(language, columns["id"], columns["text"], columns["group"], columns["label"], embedded)


def represent(name: str, texts: Texts, static: Mapping[str, KeyedVectors], indices: np.ndarray) -> Vectors:
    """Return the vectors of some texts, of length one: of the encoder, TF-IDF of these texts, or mean `static` ones."""
    if name == ENCODER:
        return normalize(texts.embedded[indices]) if len(indices) else texts.embedded[indices]
    chosen = [texts.texts[index] for index in indices]
    return tfidf(chosen, texts.language) if name == TFIDF else mean_vectors(chosen, static[name], texts.language)


def represented(name: str, texts: Texts) -> Callable[[np.ndarray], Vectors]:
    """Return a function from indices of texts to their vectors; raise a `StageError` where the language has none."""
    return partial(represent, name, texts, word_vectors([name], texts.language))


def available(names: Iterable[str], language: str) -> list[str]:
    """Return the representations that a language has, and log those that it has not."""
    known = [name for name in names if name in (ENCODER, TFIDF) or vectors_file(name, language).exists()]
    for name in (name for name in names if name not in known):
        log.warning("%r has no vectors %r: left out", language, name)
    return known


def word_vectors(names: Iterable[str], language: str) -> dict[str, KeyedVectors]:
    """Read the representations that are vectors of words; raise a `StageError` where the language has none such."""
    return {name: load_vectors(vectors_file(name, language)) for name in names if name not in (ENCODER, TFIDF)}


def dense(vectors: Vectors) -> np.ndarray:
    """Return vectors with their zeros."""
    return vectors.toarray() if isinstance(vectors, csr_matrix) else vectors


def tfidf(texts: Sequence[str], language: str) -> csr_matrix:
    """Return (texts, words) TF-IDF with logarithmic frequencies, without function words."""
    words = [[form for form in forms(text) if form not in function_words(language)] for text in texts]
    if not any(words):
        return csr_matrix(np.zeros((len(texts), 1), np.float32))
    return TfidfVectorizer(analyzer=list, sublinear_tf=True, dtype=np.float32).fit_transform(words)


def mean_vectors(texts: Sequence[str], vectors: KeyedVectors, language: str) -> np.ndarray:
    """Return the mean vector of each text's words, without function words, which are the same in all texts."""
    left_out = function_words(language)
    means = [mean_vector(vectors, [form for form in forms(text) if form not in left_out]) for text in texts]
    return normalize(np.stack(means), copy=False) if texts else np.zeros((0, vectors.vector_size), np.float32)


# Of running English or French, four to six words of ten are function words; of another language, hardly one.
FEWEST = 0.15
CHECKED = 2_000  # words of a text whose language is checked


def read_text(file: Path | None) -> str:
    """Read a file, or standard input; raise a `StageError` where it cannot be read, or is no UTF-8 text."""
    if file is None and sys.stdin.isatty():
        log.info("reading standard input: end it with Ctrl-D (or name a file with --file)")
    try:
        content = sys.stdin.buffer.read() if file is None else file.read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StageError(f"{file or 'standard input'} is not UTF-8 text ({error}): save it as UTF-8") from None
    except OSError as error:
        raise StageError(f"{file} cannot be read: {error.strerror}") from None


def read_sentences(file: Path | None, language: str, *, by_line: bool) -> list[str]:
    """Return the sentences of a person's own text, or its lines; warn where it hardly seems to be in that language."""
    text = read_text(file)
    words, listed = forms(text[: 20 * CHECKED])[:CHECKED], function_words(language)
    if listed and words and sum(word in listed for word in words) < FEWEST * len(words):
        log.warning("few function words of %r here: if the text is in another language, say so by --language", language)
    if by_line:
        return [line.strip() for line in text.splitlines() if LETTER_OR_DIGIT.search(line)]
    return list(split_sentences(text, language))
