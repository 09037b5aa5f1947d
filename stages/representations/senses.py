"""Which sense a word has: pairs decided by a threshold of their cosine, and senses found by clustering."""

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, v_measure_score

from stages.representations.geometry import unit


def best_threshold(values: np.ndarray, same: np.ndarray) -> float:
    """Gives the threshold that decides most pairs right; of several, the one in the middle.

    Args:
        values: (pairs,) of which those at or above the threshold are taken for one sense.
        same: (pairs,) bool.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    edges = np.concatenate([[-np.inf], (ordered[1:] + ordered[:-1]) / 2, [np.inf]])
    below = np.concatenate([[0], np.cumsum(~same[order])])  # of two senses, and below the edge
    above = same.sum() - np.concatenate([[0], np.cumsum(same[order])])
    # Between equal values there is no edge.
    right = np.where(np.concatenate([[True], np.diff(ordered) > 0, [True]]), below + above, -1)
    best = np.flatnonzero(right == right.max())
    return float(edges[best[len(best) // 2]])


def overlap(first: Sequence[str], second: Sequence[str]) -> float:
    """Gives the share of words that two texts have in common (Jaccard's index)."""
    one, other = set(first), set(second)
    return len(one & other) / len(one | other) if one | other else 0.0


def induced(states: np.ndarray, senses: Sequence[str], *, seed: int) -> tuple[float, float]:
    """Gives how well as many clusters as there are senses agree with them: adjusted Rand index and V-measure.

    Args:
        states: (occurrences, width) of one word; k-means sees their directions.
        senses: of each occurrence.
        seed: of k-means.
    """
    method = KMeans(n_clusters=len(set(senses)), n_init=10, random_state=seed)
    with warnings.catch_warnings():  # of fewer clusters, where a layer has the same vector in all contexts
        warnings.simplefilter("ignore", ConvergenceWarning)
        clusters = method.fit_predict(unit(states).astype(np.float64))
    return float(adjusted_rand_score(senses, clusters)), float(v_measure_score(senses, clusters))


def nearest(vector: np.ndarray, candidates: np.ndarray, names: Sequence[str], count: int) -> list[str]:
    """Gives the names of the nearest candidates by cosine, the nearest first."""
    near = unit(candidates) @ unit(vector)
    return [names[place] for place in np.argsort(-near, kind="stable")[:count]]
