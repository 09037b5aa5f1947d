"""How contextual the vectors of words are: the measures of Ethayarajh (2019), each beside that of random words.

K. Ethayarajh, "How Contextual are Contextualized Word Representations?", EMNLP 2019. If all vectors lie in a narrow
cone, any two are alike; what counts is by how much those of one word are more so.
"""

from collections.abc import Mapping

import numpy as np

from decortique.evaluation.bootstrap import Resampled, resampled
from decortique.evaluation.settings import Evaluate


def unit(vectors: np.ndarray) -> np.ndarray:
    """Gives vectors of length one."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Gives (…) cosines of (…, width) vectors."""
    return (unit(first) * unit(second)).sum(axis=-1)


def self_similarity(states: np.ndarray) -> np.ndarray:
    """Gives the mean cosine between the vectors of one word in different contexts (definition 1 there).

    The sum of n unit vectors has a squared length of n, plus all cosines between two of them.

    Args:
        states: (…, occurrences, width), at least two occurrences.

    Returns:
        (…,).
    """
    count = states.shape[-2]
    total = unit(states).sum(axis=-2, dtype=np.float64)
    return ((total**2).sum(axis=-1) - count) / (count * (count - 1))


def explained_variance(states: np.ndarray) -> np.ndarray:
    """Gives the share of the first principal component of a word's vectors (definition 3 there, not centred).

    It is the most that one static vector for the word could explain. It depends on the number of occurrences: compare
    words of as many.

    Args:
        states: (…, occurrences, width).

    Returns:
        (…,).
    """
    inner = states.astype(np.float64) @ states.astype(np.float64).swapaxes(-1, -2)
    squares = np.linalg.eigvalsh(inner)  # of the singular values; ascending
    return squares[..., -1] / squares.sum(axis=-1)


def anisotropy(states: np.ndarray, bootstrap: Evaluate) -> list[Resampled]:
    """Gives, layer by layer, the mean cosine between random words of different contexts.

    Args:
        states: (layers, words, width).
        bootstrap: how many resamples; a word drawn twice makes no pair with itself.
    """
    directions = unit(states)

    def measured(weights: np.ndarray) -> Mapping[str, np.ndarray]:
        squares = (weights**2).sum(axis=1)
        pairs = weights.sum(axis=1) ** 2 - squares
        return {
            str(layer): (((weights @ vectors) ** 2).sum(axis=1) - squares) / pairs
            for layer, vectors in enumerate(directions)
        }

    drawn = resampled(measured, states.shape[1], resamples=bootstrap.resamples, seed=bootstrap.seed)
    return list(drawn.values())


def means(
    values: np.ndarray, bootstrap: Evaluate, *, groups: np.ndarray | None = None, salt: int = 0
) -> list[Resampled]:
    """Gives the mean of each column, over the examples and over resamples of them.

    Args:
        values: (examples, columns).
        bootstrap: how many resamples, and the seed; two calls with as many examples draw the same.
        groups: (examples,) numbers of groups that are drawn as a whole, as in `decortique.evaluation.bootstrap`.
        salt: added to the seed, for examples that are to be drawn apart from others.
    """

    def measured(weights: np.ndarray) -> Mapping[str, np.ndarray]:
        found = (weights @ values) / weights.sum(axis=1, keepdims=True)
        return {str(column): found[:, column] for column in range(values.shape[1])}

    drawn = resampled(measured, len(values), resamples=bootstrap.resamples, seed=bootstrap.seed + salt, groups=groups)
    return list(drawn.values())
