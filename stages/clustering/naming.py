"""What a cluster is called: the words that it has more often than the others."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from stages.clustering.methods import NONE
from stages.words.lists import SHORTEST, function_words
from stages.words.splitting import forms

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
