"""A hidden Markov chain over a stream: its likeliest path, and the probability of each class at each text."""

import numpy as np
from scipy.special import softmax


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
