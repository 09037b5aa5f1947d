"""Exact decoding over a sequence: the most probable path, and the best single run.

Of runs, every one is weighed, none is searched for: a sequence of n texts holds n(n + 1)/2 of them. Sums of evidence
over each come from one cumulative sum, so that the probability of all of them costs n × (longest run).
"""

import numpy as np
from scipy.special import logsumexp, softmax


def best_path(evidence: np.ndarray, start: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """Finds the likeliest sequence of classes (Viterbi, 1967); of equals, that of the lower class numbers.

    Args:
        evidence: (texts, classes) log-likelihoods.
        start: (classes,) log-probability of the first class.
        changes: (texts - 1, classes, classes) log-probability of each step, from the row to the column.

    Returns:
        (texts,) class numbers.
    """
    best = start + evidence[0]
    came_from = np.empty((len(changes), len(start)), int)
    for step, change in enumerate(changes):
        reached = best[:, None] + change
        came_from[step] = reached.argmax(axis=0)
        best = reached.max(axis=0) + evidence[step + 1]
    path = [int(best.argmax())]
    for origin in reversed(came_from):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1])


def path_posterior(evidence: np.ndarray, start: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """Gives (texts, classes) probabilities by the forward-backward sums (Rabiner, 1989, equations 19 to 27).

    The arguments are those of `best_path`.
    """
    forward, backward = np.empty_like(evidence), np.zeros_like(evidence)
    forward[0] = start + evidence[0]
    for step, change in enumerate(changes):
        forward[step + 1] = np.logaddexp.reduce(forward[step][:, None] + change, axis=0) + evidence[step + 1]
    for step in range(len(changes) - 1, -1, -1):
        backward[step] = np.logaddexp.reduce(changes[step] + evidence[step + 1] + backward[step + 1], axis=1)
    return softmax(forward + backward, axis=1)


def run_posterior(odds: np.ndarray, length: np.ndarray, present: float) -> np.ndarray:
    """Gives the probability that each text lies in the run.

    A run of k texts weighs present · P(k) · P(start) · exp(Σ of its odds), all starts being alike; no run weighs
    1 - present. The lengths that do not fit in the stream are left out.

    Args:
        odds: (texts,) log-likelihood ratios of inside against outside.
        length: (longest,) probability of runs of 1, 2, … texts.
        present: probability that there is a run.

    Returns:
        (texts,) probabilities.
    """
    texts, fitting = len(odds), min(len(odds), len(length))
    sums = np.concatenate([[0.0], np.cumsum(odds)])
    start, size = np.arange(texts)[:, None], np.arange(1, fitting + 1)[None, :]
    stop = start + size
    chances = np.log(length[:fitting] / length[:fitting].sum()) - np.log(texts - size + 1)
    weight = np.where(stop <= texts, sums[np.minimum(stop, texts)] - sums[start] + chances, -np.inf) + np.log(present)
    total = logsumexp(np.append(weight, np.log1p(-present)))
    probability = np.exp(weight - total)
    # Each run adds its probability where it starts and takes it back where it stops.
    edges = np.zeros(texts + 1)
    edges[:-1] += probability.sum(axis=1)
    np.subtract.at(edges, np.minimum(stop, texts), probability)
    return np.clip(np.cumsum(edges[:-1]), 0.0, 1.0)


def best_run(gain: np.ndarray) -> slice:
    """Finds the contiguous run of the greatest total gain (Bentley, 1984); empty where no run gains anything.

    With the gain P(inside) - 1/2 it is the run with the most texts expected to be predicted right: a posterior that
    hesitates between two places must not split the prediction in two, as deciding text by text would.
    """
    best, found = 0.0, slice(0, 0)
    total, start = 0.0, 0
    for place, value in enumerate(gain.tolist()):
        if total <= 0:
            total, start = 0.0, place
        total += value
        if total > best:
            best, found = total, slice(start, place + 1)
    return found
