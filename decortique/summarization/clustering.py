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

from decortique.core.errors import StageError
from decortique.data.function_words import SHORTEST, function_words
from decortique.data.text import forms
from decortique.summarization.settings import Method
from decortique.summarization.vectors import Vectors, dense

NONE = -1  # the number of no cluster
STARTS = 10  # of k-means, of which the best is kept
STARTS_TO_CHOOSE = 3  # likewise, while a number of clusters is chosen
# Agglomerative clustering and HDBSCAN compare all texts with each other: the distances of 20 000 take 1.6 GB.
MOST_COMPARED = 20_000
JUDGED = 2_000  # texts of which the silhouette is taken: it compares all with each other, too


def cluster(vectors: Vectors, method: Method, clusters: int, *, smallest: int = 2, seed: int = 0) -> np.ndarray:
    """Puts texts together.

    Args:
        vectors: (texts, width) of length one, whose Euclidean distance then follows from their cosine.
        method: `kmeans`, `agglomerative` (Ward's criterion), or `hdbscan`, which finds the number itself.
        clusters: how many; at most as many as there are different vectors.
        smallest: texts of a cluster of HDBSCAN.
        seed: of the starts of k-means.

    Returns:
        (texts,) numbers of clusters from 0, or `NONE`.

    Raises:
        StageError: there are too many texts for the method.
    """
    texts = vectors.shape[0]
    if method != "kmeans" and texts > MOST_COMPARED:
        raise StageError(
            f"{method} compares all texts with each other, and {texts:,} are more than {MOST_COMPARED:,}: use kmeans"
        )
    if method == "hdbscan":
        if texts < max(smallest, 2):
            return np.full(texts, NONE)
        return HDBSCAN(min_cluster_size=smallest, min_samples=1, copy=True).fit_predict(dense(vectors))
    number = min(clusters, _different(vectors))
    if number < 2:
        return np.zeros(texts, int)
    if method == "agglomerative":
        return _cut(pdist(dense(_precise(vectors))), [number])[number]
    return _kmeans(_precise(vectors), number, STARTS, seed)


def choose_number(vectors: Vectors, method: Method, candidates: Sequence[int], *, seed: int = 0) -> int:
    """Gives the number of clusters whose silhouette is best (Rousseeuw, 1987): each text near its own, far from others.

    Args:
        vectors: as for `cluster`; of many, some are drawn by lot.
        method: as for `cluster`; of `hdbscan`, the number does not matter.
        candidates: numbers to choose from; those that are not below the number of different texts are passed over.
        seed: of the draw, and of k-means.

    Returns:
        The number, 1 where there is nothing to choose from.
    """
    if method == "hdbscan":
        return 1
    drawn = np.random.default_rng(seed).permutation(vectors.shape[0])[:JUDGED]
    judged = _precise(vectors[np.sort(drawn)])
    different, distances = _different(judged), pairwise_distances(judged)
    np.fill_diagonal(distances, 0)
    numbers = [number for number in candidates if number < different]
    if not numbers:
        return 1
    if method == "agglomerative":
        found = _cut(squareform(distances, checks=False), numbers)
    else:
        found = {number: _kmeans(judged, number, STARTS_TO_CHOOSE, seed) for number in numbers}
    return max(numbers, key=lambda number: silhouette_score(distances, found[number], metric="precomputed"))


def _cut(distances: np.ndarray, numbers: Sequence[int]) -> dict[int, np.ndarray]:
    """Gives the clusters of each of some numbers, cut from one tree.

    Args:
        distances: (pairs,), as `pdist` gives them.
        numbers: of clusters.
    """
    tree = linkage(distances, "ward")
    tree[:, 2] = np.arange(len(tree))  # one merge after the other: of two as high, a cut would undo both or none
    return {number: fcluster(tree, number, "maxclust") - 1 for number in numbers}


def _kmeans(vectors: Vectors, clusters: int, starts: int, seed: int) -> np.ndarray:
    with threadpool_limits(1):  # the sums of one thread have one order
        return KMeans(clusters, n_init=starts, random_state=seed).fit_predict(vectors)


def _precise(vectors: Vectors) -> Vectors:
    """Gives numbers of 64 bits where they are few: scikit-learn computes with these, and would convert them often."""
    return vectors.astype(np.float64) if vectors.shape[0] <= MOST_COMPARED else vectors


def _different(vectors: Vectors) -> int:
    """Counts the vectors that differ, as each cluster needs one of its own."""
    if isinstance(vectors, np.ndarray):
        return len({row.tobytes() for row in vectors})
    rows = zip(vectors.indptr, vectors.indptr[1:], strict=False)
    return len({(vectors.indices[here:end].tobytes(), vectors.data[here:end].tobytes()) for here, end in rows})


PRIOR = 1000.0  # words that each cluster is taken to hold already, as frequent as in all texts together


def distinctive_terms(texts: Sequence[str], clusters: np.ndarray, count: int, language: str) -> dict[int, list[str]]:
    """Gives the terms of each cluster whose frequency most surely differs from that in the other texts.

    The z-score of the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi & Quinn, 2008, equation 22):
    it neither falls for rare words nor for those that all use.

    Args:
        texts: that were clustered.
        clusters: (texts,) numbers, or `NONE`.
        count: terms per cluster at most; only those that are more frequent in it are named.
        language: two-letter code, for the function words that name nothing.
    """
    found = {int(number): Counter[str]() for number in np.unique(clusters) if number != NONE}
    for text, number in zip(texts, clusters.tolist(), strict=True):
        if number != NONE:
            found[number].update(set(_terms(text, language)))
    everywhere = sum(found.values(), Counter[str]())
    return {number: _strongest(terms, everywhere, count) for number, terms in found.items()}


def _terms(text: str, language: str) -> list[str]:
    """Gives content words, and pairs of them that follow each other."""
    left_out = function_words(language)
    words = [form if len(form) >= SHORTEST and form not in left_out else "" for form in forms(text)]
    return [*filter(None, words), *(f"{first} {second}" for first, second in pairwise(words) if first and second)]


def _strongest(inside: Counter[str], everywhere: Counter[str], count: int) -> list[str]:
    total, own = everywhere.total(), inside.total()
    scale = PRIOR / max(total, 1)
    scores = {}
    for term, here in inside.items():
        prior = everywhere[term] * scale
        there = everywhere[term] - here
        odds = _log_odds(here + prior, own + PRIOR)
        others = _log_odds(there + prior, total - own + PRIOR)
        scores[term] = (odds - others) / np.sqrt(1 / (here + prior) + 1 / (there + prior))
    ordered = sorted((term for term in scores if scores[term] > 0), key=lambda term: (-scores[term], term))
    chosen: list[str] = []
    for term in ordered:
        # A pair says what its words say: whichever stands first stays.
        if len(chosen) < count and not any(set(term.split()) & set(other.split()) for other in chosen):
            chosen.append(term)
    return chosen


def _log_odds(count: float, total: float) -> float:
    """Gives the logarithm of the odds of a term; where there is no other term, half a one is taken to be there."""
    return float(np.log(count / max(total - count, 0.5)))
