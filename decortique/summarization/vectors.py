"""Texts of a collection, and vectors that represent them."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gensim.models import KeyedVectors
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.core.tables import read_batches, read_columns, read_metadata
from decortique.data.function_words import function_words
from decortique.data.text import forms
from decortique.summarization.settings import ENCODER, TFIDF
from decortique.words.vectors import load_vectors, vectors_file


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
        """Takes texts of one group without marks."""
        ids = [str(number) for number in range(len(texts))]
        return cls(language, ids, texts, ["text"] * len(texts), [None] * len(texts), embedded)

    @classmethod
    def read(cls, name: str, parts: Sequence[str]) -> "Texts":
        """Reads tables of a collection, and their vectors.

        Raises:
            StageError: a table is missing or damaged, or its vectors are not of the same texts.
        """
        columns: dict[str, list[Any]] = {"id": [], "text": [], "group": [], "label": []}
        vectors, embedded_ids = [], list[str]()
        for part in parts:
            found = read_columns(paths.collection(name) / f"{part}.parquet", columns)
            for column, values in found.items():
                columns[column] += values
            for batch in read_batches(paths.embeddings(name) / f"{part}.parquet"):
                embedded_ids += batch.column("id").to_pylist()
                flat = batch.column("embedding").flatten().to_numpy()
                vectors.append(flat.reshape(batch.num_rows, -1))
        if embedded_ids != columns["id"]:
            raise StageError(
                f"{paths.embeddings(name)} holds vectors of other texts: run `dvc repro` to make them anew"
            )
        language = read_metadata(paths.collection(name) / f"{parts[0]}.parquet")["language"]
        embedded = np.concatenate(vectors) if vectors else np.empty((0, 0), np.float32)
        return cls(language, columns["id"], columns["text"], columns["group"], columns["label"], embedded)


log = logging.getLogger(__name__)

Vectors = np.ndarray | csr_matrix  # (texts, width) float32, rows of length one, or zero where a text has no known word


def represent(name: str, texts: Texts, static: Mapping[str, KeyedVectors], places: np.ndarray) -> Vectors:
    """Gives the vectors of some texts, so that the product of two is their cosine.

    Args:
        name: `encoder`, `tfidf`, or one of `static`.
        texts: of a language, whose function words TF-IDF and means of vectors leave out.
        static: vectors of words, by name (`word_vectors`).
        places: which of the texts; the weights of TF-IDF are learnt from these alone.
    """
    if name == ENCODER:
        return normalize(texts.embedded[places]) if len(places) else texts.embedded[places]
    chosen = [texts.texts[place] for place in places]
    if name == TFIDF:
        return tfidf(chosen, texts.language)
    return mean_vectors(chosen, static[name], texts.language)


def available(names: Iterable[str], language: str) -> list[str]:
    """Gives those of some representations that a language has, and tells which it has not."""
    found = [name for name in names if name in (ENCODER, TFIDF) or vectors_file(name, language).exists()]
    for name in names:
        if name not in found:
            log.warning("%r has no vectors %r: left out", language, name)
    return found


def word_vectors(names: Iterable[str], language: str) -> dict[str, KeyedVectors]:
    """Reads those of some representations that are vectors of words.

    Raises:
        StageError: the language has none of that name.
    """
    return {name: load_vectors(vectors_file(name, language)) for name in names if name not in (ENCODER, TFIDF)}


def dense(vectors: Vectors) -> np.ndarray:
    """Gives vectors with their zeros."""
    return vectors.toarray() if isinstance(vectors, csr_matrix) else vectors


def tfidf(texts: Sequence[str], language: str) -> csr_matrix:
    """Gives (texts, words) TF-IDF with logarithmic frequencies, without function words."""
    words = [[form for form in forms(text) if form not in function_words(language)] for text in texts]
    if not any(words):
        return csr_matrix(np.zeros((len(texts), 1), np.float32))
    return TfidfVectorizer(analyzer=as_they_are, sublinear_tf=True, dtype=np.float32).fit_transform(words)


def mean_vectors(texts: Sequence[str], vectors: KeyedVectors, language: str) -> np.ndarray:
    """Gives the mean of the vectors of a text's words, function words left out, as they are alike in all texts."""
    known, left_out = vectors.key_to_index, function_words(language)
    result = np.zeros((len(texts), vectors.vector_size), np.float32)
    for row, text in zip(result, texts, strict=True):
        places = [known[form] for form in forms(text) if form in known and form not in left_out]
        if places:
            row[:] = vectors.vectors[places].mean(axis=0)
    return normalize(result, copy=False) if texts else result


def as_they_are(words: Sequence[str]) -> Sequence[str]:
    """Gives scikit-learn's vectorizers words that were split already."""
    return words
