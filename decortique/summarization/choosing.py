"""Extractive summaries: sentences of clusters, which together cover best what all sentences say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from decortique.data.corpus import fingerprint
from decortique.data.text import forms
from decortique.summarization.clustering import NONE, choose_number, cluster, distinctive_terms
from decortique.summarization.settings import Summarizer
from decortique.summarization.vectors import Vectors, dense

PEERS = 1_000  # sentences at most that stand for many, evenly spaced: each sentence is compared with them alone
ROWS = 5_000  # compared at once: 5 000 × 1 000 numbers are 20 MB


class SentenceSimilarity:
    """The similarity of sentences: a weighted mean of the cosine of their vectors and of the F1 of their words.

    The second, in which each word counts once, is ROUGE-1 of one sentence with the other for its reference.
    """

    def __init__(self, texts: Sequence[str], vectors: Vectors, word_weight: float) -> None:
        """Take sentences and their vectors, (texts, width) of length one; a weight of 0 is for vectors alone."""
        self.texts, self.vectors, self.weight, self.words = texts, vectors, word_weight, word_sets(texts)
        self.lengths = row_sums(self.words)
        self.peers = _spaced(np.arange(len(texts)))

    def mean(self, members: np.ndarray) -> np.ndarray:
        """Return (members,): the mean similarity of each of some sentences to all of them."""
        centre = np.asarray(self.vectors[members].mean(axis=0)).ravel()
        similarity = (1 - self.weight) * np.asarray(self.vectors[members] @ centre).ravel()
        peers = _spaced(members)
        for start in range(0, len(members), ROWS):
            part = slice(start, start + ROWS)
            similarity[part] += self.weight * self._shared(members[part], peers).mean(axis=1)
        return similarity

    def to_nearest(self, members: np.ndarray, others: Sequence[int]) -> np.ndarray:
        """Return (members,): the similarity of each to the most similar of the others."""
        return ((1 - self.weight) * self._cosines(members, others) + self.weight * self._shared(members, others)).max(1)

    def coverage(self, members: np.ndarray, others: Sequence[int]) -> np.ndarray:
        """Return (members,): how well the others cover, together with each of some sentences, all sentences.

        That is the weighted mean of `coverage` and `shared_words` of a summary (see `decortique.summarization.rating`).
        """
        near = self._cosines(self.peers, members)  # (peers, members)
        if others:
            near = np.maximum(near, self._cosines(self.peers, others).max(axis=1, keepdims=True))
        covered = words_of(self.words, others)
        more = self.words[members].multiply(covered == 0).tocsr()  # what a member says beyond the others
        shared = (self.words[self.peers] @ covered)[:, None] + (self.words[self.peers] @ more.T).toarray()
        f1 = f1_of_words(shared, self.lengths[self.peers, None], (covered.sum() + row_sums(more))[None, :])
        return (1 - self.weight) * near.mean(axis=0) + self.weight * f1.mean(axis=0)

    def _cosines(self, some: np.ndarray, others: Sequence[int] | np.ndarray) -> np.ndarray:
        return np.asarray(dense(self.vectors[some]) @ dense(self.vectors[list(others)]).T)

    def _shared(self, some: np.ndarray, others: Sequence[int] | np.ndarray) -> np.ndarray:
        shared = (self.words[some] @ self.words[list(others)].T).toarray()
        return f1_of_words(shared, self.lengths[some, None], self.lengths[None, list(others)])


def word_sets(texts: Sequence[str], length: int = 1) -> csr_matrix:
    """Return (texts, words) float32: 1 where a word, or `length` words in a row, stand in a text."""
    words = [forms(text) for text in texts]
    if all(len(one) < length for one in words):
        return csr_matrix(np.zeros((len(texts), 1), np.float32))
    as_they_are = {"preprocessor": list, "tokenizer": list, "token_pattern": None}
    counter = CountVectorizer(**as_they_are, ngram_range=(length, length), binary=True, dtype=np.float32)
    return counter.fit_transform(words)


def words_of(words: csr_matrix, indices: Sequence[int]) -> np.ndarray:
    """Return (words,): 1 where one of some texts has a word of `word_sets`."""
    return np.minimum(np.asarray(words[list(indices)].sum(axis=0)).ravel(), 1)


def row_sums(words: csr_matrix) -> np.ndarray:
    """Return (texts,): how many words each has."""
    return np.asarray(words.sum(axis=1)).ravel()


def f1_of_words(shared: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the F1 of two sets of words from how many they share and how many each has; 0 of empty ones."""
    return 2 * shared / np.maximum(first + second, 1)


def _spaced(indices: np.ndarray) -> np.ndarray:
    return indices[np.unique(np.linspace(0, len(indices) - 1, min(len(indices), PEERS)).round().astype(int))]


CANDIDATES = 30  # members of a cluster most similar to all of it, between which is chosen
ROUNDS = 10  # of exchanges at most; two or three are enough


class Budget(NamedTuple):
    """The length of a summary at most: in sentences, in words, or both."""

    sentences: int | None = None
    words: int | None = None

    def expected(self, texts: Sequence[str]) -> int:
        """Return how many sentences of such length there is room for; at least one."""
        if self.words is None:
            return min(self.sentences or 1, len(texts))
        mean = sum(len(forms(text)) for text in texts) / len(texts)
        room = max(1, round(self.words / max(mean, 1.0)))
        return min(room, self.sentences or room, len(texts))


@dataclass(frozen=True, slots=True)
class Representative:
    """A sentence of a summary."""

    index: int  # among the sentences that are summarised
    cluster: int  # number of the cluster that it represents
    size: int  # sentences of that cluster


class Summary(NamedTuple):
    """The sentences chosen, in the order of the text, and their clusters."""

    chosen: list[Representative]
    clusters: np.ndarray  # (sentences,) numbers, or `NONE`

    @property
    def indices(self) -> list[int]:
        """Those of the chosen sentences."""
        return [one.index for one in self.chosen]

    def lines(self, texts: Sequence[str], language: str) -> str:
        """Return the summary as text: each sentence with the size of its cluster, and the terms that name it."""
        terms = distinctive_terms(texts, self.clusters, 3, language)
        return "".join(
            f"{texts[one.index]}  [{one.size} of {len(texts)}{': ' if terms[one.cluster] else ''}"
            f"{', '.join(terms[one.cluster])}]\n"
            for one in self.chosen
        )


def choose_sentences(
    texts: Sequence[str], vectors: Vectors, budget: Budget, settings: Summarizer, candidates: Sequence[int]
) -> Summary:
    """Summarise sentences by some of them, given (texts, width) vectors of length one.

    `candidates` are numbers of clusters, if the silhouette chooses. A sentence too long for the budget is skipped.
    """
    if not texts:
        return Summary([], np.empty(0, int))
    if settings.per_sentence:
        number = settings.per_sentence * budget.expected(texts)
    else:
        number = choose_number(vectors, settings.method, candidates, seed=settings.seed)
    clusters = cluster(vectors, settings.method, number, seed=settings.seed)
    if not np.any(clusters != NONE):  # where no two sentences are similar, all are one cluster: one must represent them
        clusters = np.zeros_like(clusters)
    return choose_from_clusters(texts, vectors, clusters, budget, settings)


def choose_from_clusters(
    texts: Sequence[str], vectors: Vectors, clusters: np.ndarray, budget: Budget, settings: Summarizer
) -> Summary:
    """Choose the sentences that represent clusters, (texts,) numbers or `NONE`, not for all of them.

    The largest cluster comes first, with the sentence most similar to its members; where there is room, all follow
    again. Then sentences are exchanged within their clusters as long as the summary covers all sentences better.
    Similarity to a chosen sentence counts against another (maximal marginal relevance: Carbonell & Goldstein, 1998).
    """
    members = {int(number): np.flatnonzero(clusters == number) for number in np.unique(clusters) if number != NONE}
    # The largest first; of two as large, the one that begins first.
    order = sorted(members, key=lambda number: (-len(members[number]), members[number][0]))
    similarity = SentenceSimilarity(texts, vectors, settings.word_weight)
    draft = _Draft(similarity, {number: members[number] for number in order}, budget, settings.redundancy)
    draft.fill()
    if settings.exchange:
        draft.exchange()
    chosen = [Representative(index, number, len(members[number])) for number, index in draft.chosen]
    return Summary(sorted(chosen, key=lambda one: one.index), clusters)


class _Draft:
    """A summary that is being made."""

    def __init__(
        self, similarity: SentenceSimilarity, clusters: Mapping[int, np.ndarray], budget: Budget, redundancy: float
    ) -> None:
        self.texts, self.budget, self.similarity, self.redundancy = similarity.texts, budget, similarity, redundancy
        self.chosen: list[tuple[int, int]] = []  # (cluster, index)
        self.clusters: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # members, most similar to all first; similarity
        for number, members in clusters.items():
            scores = similarity.mean(members)
            order = np.argsort(-scores, kind="stable")
            self.clusters[number] = members[order], scores[order]

    def fill(self) -> None:
        """Choose a sentence of each cluster in turn until the budget is spent, or no sentence fits."""
        open_clusters = list(self.clusters)
        while open_clusters:
            for number in list(open_clusters):
                if len(self.chosen) == self.budget.sentences:
                    return
                members, similarity = self.clusters[number]
                others = [index for _, index in self.chosen]
                score, fits = self._penalized(similarity, members, others), self._fitting(others)
                ordered = members[np.argsort(-score, kind="stable")].tolist()
                best = next(filter(fits, ordered), None)
                if best is None:
                    open_clusters.remove(number)
                else:
                    self.chosen.append((number, best))

    def exchange(self) -> None:
        """Exchange one sentence after the other for that of its cluster with which the summary is best."""
        for _ in range(ROUNDS):
            before = list(self.chosen)
            for slot, (number, index) in enumerate(self.chosen):
                others = [other for at, (_, other) in enumerate(self.chosen) if at != slot]
                candidates = self.clusters[number][0][:CANDIDATES].tolist()
                members = np.array([index, *filter(self._fitting(others), candidates)])
                score = self._penalized(self.similarity.coverage(members, others), members, others)
                self.chosen[slot] = number, int(members[score.argmax()])
            if self.chosen == before:
                return

    def _penalized(self, scores: np.ndarray, members: np.ndarray, others: Sequence[int]) -> np.ndarray:
        """Reduce the scores of sentences by their similarity to those that are chosen."""
        if not self.redundancy or not others:
            return scores
        return (1 - self.redundancy) * scores - self.redundancy * self.similarity.to_nearest(members, others)

    def _fitting(self, others: Sequence[int]) -> Callable[[int], bool]:
        """Return a test of which sentences repeat none of the others, and fit in beside them."""
        used = {fingerprint(self.texts[index]) for index in others}
        spent = sum(len(forms(self.texts[index])) for index in others)
        left = None if self.budget.words is None else self.budget.words - spent

        def fits(index: int) -> bool:
            text = self.texts[index]
            return fingerprint(text) not in used and (left is None or len(forms(text)) <= left)

        return fits
