"""How alike sentences are, and what some of them say of all: by their vectors, and by the words that they share."""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from stages.clustering.vectors import Vectors, as_they_are, dense
from stages.words.splitting import forms

PEERS = 1_000  # sentences at most that stand for many, evenly spaced: each sentence is compared with them alone
ROWS = 5_000  # compared at once: 5 000 × 1 000 numbers are 20 MB


class Likeness:
    """A weighted mean of the cosine of vectors and of the F1 of words (each counted once).

    The second is ROUGE-1 with one sentence for the summary and the other for the reference: a sentence with much of it
    says, in as few words, what the others say.
    """

    def __init__(self, texts: Sequence[str], vectors: Vectors, words: float) -> None:
        """Takes sentences.

        Args:
            texts: the sentences.
            vectors: (texts, width) of length one.
            words: weight of the words, from 0, vectors alone, to 1.
        """
        self.vectors, self.weight, self.words = vectors, words, word_sets(texts)
        self.lengths = row_sums(self.words)
        self.peers = _spaced(np.arange(len(texts)))

    def agreement(self, members: np.ndarray) -> np.ndarray:
        """Gives (members,): how alike each of some sentences is to all of them, on average."""
        centre = np.asarray(self.vectors[members].mean(axis=0)).ravel()
        alike = (1 - self.weight) * np.asarray(self.vectors[members] @ centre).ravel()
        peers = _spaced(members)
        for start in range(0, len(members), ROWS):
            part = slice(start, start + ROWS)
            alike[part] += self.weight * self._shared(members[part], peers).mean(axis=1)
        return alike

    def to_nearest(self, members: np.ndarray, others: Sequence[int]) -> np.ndarray:
        """Gives (members,): how alike each is to that of the others which is most like it."""
        return ((1 - self.weight) * self._cosines(members, others) + self.weight * self._shared(members, others)).max(1)

    def worth(self, members: np.ndarray, others: Sequence[int]) -> np.ndarray:
        """Gives (members,): how well the others say, together with each of some sentences, what all sentences say.

        That is how near the nearest of them is to a sentence (cosine), and how well its words and theirs agree (F1), on
        average over all sentences: what `coverage` and `shared_words` of a summary are (`stages.summaries.rating`).
        """
        near = self._cosines(self.peers, members)  # (peers, members)
        if others:
            near = np.maximum(near, self._cosines(self.peers, others).max(axis=1, keepdims=True))
        said = said_by(self.words, others)
        # What a member says beyond the others.
        more = self.words[members].multiply(said == 0).tocsr()
        shared = (self.words[self.peers] @ said)[:, None] + (self.words[self.peers] @ more.T).toarray()
        agreed = f1_of_words(shared, self.lengths[self.peers, None], (said.sum() + row_sums(more))[None, :])
        return (1 - self.weight) * near.mean(axis=0) + self.weight * agreed.mean(axis=0)

    def _cosines(self, some: np.ndarray, others: Sequence[int] | np.ndarray) -> np.ndarray:
        return np.asarray(dense(self.vectors[some]) @ dense(self.vectors[list(others)]).T)

    def _shared(self, some: np.ndarray, others: Sequence[int] | np.ndarray) -> np.ndarray:
        shared = (self.words[some] @ self.words[list(others)].T).toarray()
        return f1_of_words(shared, self.lengths[some, None], self.lengths[None, list(others)])


def word_sets(texts: Sequence[str], length: int = 1) -> csr_matrix:
    """Gives (texts, words) float32: 1 where a word, or `length` words in a row, stand in a text."""
    words = [[" ".join(run) for run in _runs(forms(text), length)] for text in texts]
    if not any(words):
        return csr_matrix(np.zeros((len(texts), 1), np.float32))
    return CountVectorizer(analyzer=as_they_are, binary=True, dtype=np.float32).fit_transform(words)


def said_by(words: csr_matrix, places: Sequence[int]) -> np.ndarray:
    """Gives (words,): 1 where one of some texts has a word of `word_sets`."""
    return np.minimum(np.asarray(words[list(places)].sum(axis=0)).ravel(), 1)


def row_sums(words: csr_matrix) -> np.ndarray:
    """Gives (texts,): how many words each has."""
    return np.asarray(words.sum(axis=1)).ravel()


def f1_of_words(shared: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Gives the F1 of two sets of words from how many they share and how many each has; 0 of empty ones."""
    return 2 * shared / np.maximum(first + second, 1)


def _spaced(places: np.ndarray) -> np.ndarray:
    return places[np.unique(np.linspace(0, len(places) - 1, min(len(places), PEERS)).round().astype(int))]


def _runs(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[at:] for at in range(length)), strict=False)
