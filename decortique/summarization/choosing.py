"""Sentences that together say best what all say."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from decortique.data.records import fingerprint
from decortique.data.text import forms
from decortique.summarization.clustering import NONE, choose_number, cluster
from decortique.summarization.settings import Summarizer
from decortique.summarization.vectors import Vectors, as_they_are, dense

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
        average over all sentences: what `coverage` and `shared_words` of a summary are (see
        `decortique.summarization.rating`).
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


CANDIDATES = 30  # members of a cluster, those with which it agrees most, between which is chosen
ROUNDS = 10  # of exchanges at most; two or three are enough


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a summary may be: in sentences, in words, or both."""

    sentences: int | None = None
    words: int | None = None

    def expected(self, texts: Sequence[str]) -> int:
        """Gives how many sentences of such length there is room for; at least one."""
        if self.words is None:
            return min(self.sentences or 1, len(texts))
        mean = sum(len(forms(text)) for text in texts) / len(texts)
        room = max(1, round(self.words / max(mean, 1.0)))
        return min(room, self.sentences or room, len(texts))


@dataclass(frozen=True, slots=True)
class Representative:
    """A sentence of a summary."""

    place: int  # among those that are summarised
    cluster: int  # number of the cluster that it speaks for
    size: int  # sentences of that cluster


@dataclass(frozen=True, slots=True)
class Summary:
    """The sentences chosen, in the order in which they stand, and the clusters behind them."""

    chosen: list[Representative]
    clusters: np.ndarray  # (sentences,) numbers, or `NONE`

    @property
    def places(self) -> list[int]:
        """Where the chosen sentences stand."""
        return [one.place for one in self.chosen]


def choose(
    texts: Sequence[str], vectors: Vectors, budget: Budget, settings: Summarizer, candidates: Sequence[int]
) -> Summary:
    """Summarises sentences by some of them.

    Args:
        texts: the sentences, in their order.
        vectors: (texts, width) of length one.
        budget: of the summary. A sentence that is too long for what is left of it is passed over.
        settings: how they are clustered, and what likeness is.
        candidates: numbers of clusters, if the silhouette chooses.
    """
    if not texts:
        return Summary([], np.empty(0, int))
    return speak(texts, vectors, _clusters(vectors, budget.expected(texts), settings, candidates), budget, settings)


def speak(
    texts: Sequence[str], vectors: Vectors, clusters: np.ndarray, budget: Budget, settings: Summarizer
) -> Summary:
    """Chooses the sentences that speak for clusters.

    The largest cluster speaks first, through the sentence with which its members agree most. If all have spoken and
    there is room, they speak again. Then each cluster's sentence is exchanged for another of its members as long as the
    summary as a whole says better what all sentences say. In both steps, what is like a sentence that was chosen counts
    less (maximal marginal relevance: Carbonell & Goldstein, 1998), and none is said twice.

    Args:
        texts: as for `choose`.
        vectors: likewise.
        clusters: (texts,) numbers, or `NONE`, not for all of them.
        budget: as for `choose`.
        settings: what likeness is.
    """
    members = {int(number): np.flatnonzero(clusters == number) for number in np.unique(clusters) if number != NONE}
    draft = _Draft(texts, budget, Likeness(texts, vectors, settings.words), settings.redundancy)
    proposed = {number: draft.proposed(places) for number, places in members.items()}
    # The largest first; of two as large, the one that begins first.
    order = sorted(members, key=lambda number: (-len(members[number]), members[number][0]))
    draft.fill({number: proposed[number] for number in order})
    if settings.exchange:
        draft.exchange(proposed)
    chosen = [Representative(place, number, len(members[number])) for number, place in draft.chosen]
    return Summary(sorted(chosen, key=lambda one: one.place), clusters)


def _clusters(vectors: Vectors, sentences: int, settings: Summarizer, candidates: Sequence[int]) -> np.ndarray:
    if settings.per_sentence:
        number = settings.per_sentence * sentences
    else:
        number = choose_number(vectors, settings.method, candidates, seed=settings.seed)
    found = cluster(vectors, settings.method, number, seed=settings.seed)
    # Where nothing is like anything else, all are one cluster: somebody must speak.
    return found if np.any(found != NONE) else np.zeros_like(found)


@dataclass(slots=True)
class _Proposed:
    """Members of a cluster that may speak for it, those with which it agrees most first."""

    places: np.ndarray
    agreement: np.ndarray


@dataclass(slots=True)
class _Draft:
    """A summary that is being made."""

    texts: Sequence[str]
    budget: Budget
    likeness: Likeness
    redundancy: float
    chosen: list[tuple[int, int]] = field(default_factory=list)  # (cluster, place)

    def proposed(self, members: np.ndarray) -> _Proposed:
        """Orders the members of a cluster."""
        agreement = self.likeness.agreement(members)
        order = np.argsort(-agreement, kind="stable")
        return _Proposed(members[order], agreement[order])

    def fill(self, proposed: dict[int, _Proposed]) -> None:
        """Lets the clusters speak in turn until the budget is spent, or all have said what they can."""
        speaking = list(proposed)
        while speaking:
            for number in list(speaking):
                if len(self.chosen) == self.budget.sentences:
                    return
                places = [place for _, place in self.chosen]
                worth = self._without_repeats(proposed[number].agreement, proposed[number].places, places)
                allowed = self._allowed(proposed[number].places, places)
                best = next((place for place in np.argsort(-worth, kind="stable").tolist() if allowed(place)), None)
                if best is None:
                    speaking.remove(number)
                else:
                    self.chosen.append((number, int(proposed[number].places[best])))

    def exchange(self, proposed: dict[int, _Proposed]) -> None:
        """Exchanges one sentence after the other for that of its cluster with which the summary is worth most."""
        for _ in range(ROUNDS):
            before = list(self.chosen)
            for slot, (number, place) in enumerate(self.chosen):
                others = [other for at, (_, other) in enumerate(self.chosen) if at != slot]
                places = proposed[number].places[:CANDIDATES]
                allowed = self._allowed(places, others)
                places = np.array([place, *(one for at, one in enumerate(places.tolist()) if allowed(at))])
                worth = self._without_repeats(self.likeness.worth(places, others), places, others)
                self.chosen[slot] = number, int(places[worth.argmax()])
            if self.chosen == before:
                return

    def _without_repeats(self, worth: np.ndarray, places: np.ndarray, others: Sequence[int]) -> np.ndarray:
        """Lessens what sentences are worth by their likeness to what is said already."""
        if not self.redundancy or not others:
            return worth
        return (1 - self.redundancy) * worth - self.redundancy * self.likeness.to_nearest(places, others)

    def _allowed(self, places: np.ndarray, others: Sequence[int]) -> Callable[[int], bool]:
        """Gives a test of which of some sentences say what the others do not, and fit in beside them."""
        said = {fingerprint(self.texts[place]) for place in others}
        left = None
        if self.budget.words is not None:
            left = self.budget.words - sum(len(forms(self.texts[place])) for place in others)

        def test(at: int) -> bool:
            text = self.texts[places[at]]
            return fingerprint(text) not in said and (left is None or len(forms(text)) <= left)

        return test
