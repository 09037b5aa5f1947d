"""What stands for a text: its words weighted, the mean of the vectors of its words, or what an encoder makes of it."""

import logging
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from gensim.models import KeyedVectors
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from stages.clustering.texts import Texts
from stages.settings.cluster import ENCODER, TFIDF
from stages.words.lists import function_words
from stages.words.splitting import forms
from stages.words.vectors import load_vectors, vectors_file

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
