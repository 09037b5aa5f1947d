"""Clusters, and terms that name them."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.metrics import pairwise_distances, silhouette_score
from threadpoolctl import threadpool_limits

from decortique.core.files import StageError
from decortique.data.lexicon import SHORTEST, function_words
from decortique.data.text import forms
from decortique.summarization.settings import Method
from decortique.summarization.vectors import Vectors, dense

NONE = -1  # the number of no cluster
STARTS = 10  # of k-means, of which the best is kept
STARTS_TO_CHOOSE = 3  # likewise, while a number of clusters is chosen
# Agglomerative clustering and HDBSCAN compare all texts with each other: the distances of 20 000 take 1.6 GB.
MOST_COMPARED = 20_000
SILHOUETTE_SAMPLE = 2_000  # texts of the silhouette, which compares all with each other, too


def cluster(vectors: Vectors, method: Method, clusters: int, *, min_cluster_size: int = 2, seed: int = 0) -> np.ndarray:
    """Return the (texts,) numbers of clusters from 0, or `NONE`, of (texts, width) vectors of length one.

    `hdbscan` chooses the number itself; `agglomerative` merges by Ward's criterion. There are at most as many clusters
    as different vectors. Too many texts for the method raise a `StageError`.
    """
    texts = vectors.shape[0]
    if method != "kmeans" and texts > MOST_COMPARED:
        raise StageError(
            f"{method} compares all texts with each other, and {texts:,} are more than {MOST_COMPARED:,}: use kmeans"
        )
    if method == "hdbscan":
        if texts < max(min_cluster_size, 2):
            return np.full(texts, NONE)
        return HDBSCAN(min_cluster_size=min_cluster_size, min_samples=1, copy=True).fit_predict(dense(vectors))
    number = min(clusters, _count_different(vectors))
    if number < 2:
        return np.zeros(texts, int)
    if method == "agglomerative":
        return _cut(pdist(dense(_precise(vectors))), [number])[number]
    return _kmeans(_precise(vectors), number, STARTS, seed)


def choose_number(vectors: Vectors, method: Method, candidates: Sequence[int], *, seed: int = 0) -> int:
    """Return the number of clusters whose silhouette is best (Rousseeuw, 1987), of a random sample of many texts.

    It is 1 for HDBSCAN, which needs no number, and where no candidate is below the number of different texts.
    """
    if method == "hdbscan":
        return 1
    sample = np.random.default_rng(seed).permutation(vectors.shape[0])[:SILHOUETTE_SAMPLE]
    some = _precise(vectors[np.sort(sample)])
    different, distances = _count_different(some), pairwise_distances(some)
    np.fill_diagonal(distances, 0)
    numbers = [number for number in candidates if number < different]
    if not numbers:
        return 1
    if method == "agglomerative":
        clusters = _cut(squareform(distances, checks=False), numbers)
    else:
        clusters = {number: _kmeans(some, number, STARTS_TO_CHOOSE, seed) for number in numbers}
    return max(numbers, key=lambda number: silhouette_score(distances, clusters[number], metric="precomputed"))


def _cut(distances: np.ndarray, numbers: Sequence[int]) -> dict[int, np.ndarray]:
    """Return the clusters of each of some numbers, cut from one tree; `distances` are (pairs,), as of `pdist`."""
    tree = linkage(distances, "ward")
    tree[:, 2] = np.arange(len(tree))  # one merge after the other: of two at one height, a cut would undo both or none
    return {number: fcluster(tree, number, "maxclust") - 1 for number in numbers}


def _kmeans(vectors: Vectors, clusters: int, starts: int, seed: int) -> np.ndarray:
    with threadpool_limits(1):  # the sums of one thread have one order
        return KMeans(clusters, n_init=starts, random_state=seed).fit_predict(vectors)


def _precise(vectors: Vectors) -> Vectors:
    """Return numbers of 64 bits where they are few: scikit-learn computes with these, and would convert them often."""
    return vectors.astype(np.float64) if vectors.shape[0] <= MOST_COMPARED else vectors


def _count_different(vectors: Vectors) -> int:
    if isinstance(vectors, np.ndarray):
        return len({row.tobytes() for row in vectors})
    rows = zip(vectors.indptr, vectors.indptr[1:], strict=False)
    return len({(vectors.indices[here:end].tobytes(), vectors.data[here:end].tobytes()) for here, end in rows})


PRIOR = 1000.0  # words that are added to each cluster, as frequent as in all texts together


def distinctive_terms(texts: Sequence[str], clusters: np.ndarray, count: int, language: str) -> dict[int, list[str]]:
    """Return at most `count` terms of each cluster, those whose frequency is most surely above that in other texts.

    The z-score of the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi & Quinn, 2008, equation 22):
    it favours neither rare words nor those that all use. Function words of the language are left out.
    """
    counts = {int(number): Counter[str]() for number in np.unique(clusters) if number != NONE}
    for text, number in zip(texts, clusters.tolist(), strict=True):
        if number != NONE:
            counts[number].update(set(_terms(text, language)))
    everywhere = sum(counts.values(), Counter[str]())
    return {number: _strongest(terms, everywhere, count) for number, terms in counts.items()}


def _terms(text: str, language: str) -> list[str]:
    """Return content words, and pairs of them that follow each other."""
    left_out = function_words(language)
    words = [form if len(form) >= SHORTEST and form not in left_out else "" for form in forms(text)]
    return [*filter(None, words), *(f"{first} {second}" for first, second in pairwise(words) if first and second)]


def _strongest(inside: Counter[str], everywhere: Counter[str], count: int) -> list[str]:
    total, own = everywhere.total(), inside.total()
    scale = PRIOR / max(total, 1)
    scores = {}
    for term, count_inside in inside.items():
        here = count_inside + everywhere[term] * scale
        there = everywhere[term] - count_inside + everywhere[term] * scale
        difference = _log_odds(here, own + PRIOR) - _log_odds(there, total - own + PRIOR)
        scores[term] = difference / np.sqrt(1 / here + 1 / there)
    chosen: list[str] = []
    for term in sorted((term for term in scores if scores[term] > 0), key=lambda term: (-scores[term], term)):
        # A pair says what its words say: whichever comes first is kept.
        if len(chosen) < count and not any(set(term.split()) & set(other.split()) for other in chosen):
            chosen.append(term)
    return chosen


def _log_odds(count: float, total: float) -> float:
    """Return the logarithm of the odds of a term; where there is no other term, as if there were half a one."""
    return float(np.log(count / max(total - count, 0.5)))
