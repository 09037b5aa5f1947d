"""Is it true? Words that an explanation names should matter: without them, the decision should be less sure.

The fall of its probability is what DeYoung et al. (ERASER, ACL 2020) call comprehensiveness. It is held against that of
as many words taken out by lot.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stages.artifacts.decisions import Decisions
from stages.explaining.explainer import Done, Explainer
from stages.explaining.words import Worded, without
from stages.settings.evaluate import Evaluate
from stages.statistics.bootstrap import resampled
from stages.statistics.multiple import holm
from stages.statistics.paired import paired

WEIGHTIEST, BY_LOT = "weightiest", "by_lot"
Falls = Mapping[int, Mapping[str, np.ndarray]]  # words taken out → which of them → (texts,) falls of the probability


def lots(worded: Worded, seed: int) -> list[np.ndarray]:
    """Gives the words of each text in an order drawn by lot."""
    random = np.random.default_rng(seed)
    return [random.permutation(size) for size in worded.sizes]


def weightiest(shares: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Gives the words of each text in the order in which they support its decision, the first of equals first."""
    return [np.argsort(-one, kind="stable") for one in shares]


def falls(
    explainer: Explainer,
    worded: Worded,
    decided: Decisions,
    orders: Mapping[str, Sequence[np.ndarray]],
    counts: Sequence[int],
    done: Done,
) -> Falls:
    """Takes the first words of each order out of texts, and tells by how much the probability of the decision falls.

    Args:
        explainer: the approach.
        worded: texts on which it decided.
        decided: what it decided on them.
        orders: by name, numbers of the words of each text.
        counts: how many words are taken out.
        done: told how many texts each step took.
    """
    cuts = [
        without(text, spans, set(order[:count].tolist()))
        for count in counts
        for found in orders.values()
        for text, spans, order in zip(worded.texts, worded.words, found, strict=True)
    ]
    everyone = np.arange(len(worded.texts))
    probability = explainer.predict(cuts, done).probability.reshape(len(counts), len(orders), len(everyone), -1)
    before = decided.probability[everyone, decided.decision]
    after = probability[:, :, everyone, decided.decision]
    return {
        count: {name: before - after[place, number] for number, name in enumerate(orders)}
        for place, count in enumerate(counts)
    }


def fall_scores(found: Mapping[str, Falls], settings: Evaluate, groups: np.ndarray | None) -> dict[str, Any]:
    """Gives mean falls with intervals, and the difference of the weightiest words' to that by lot with its paired test.

    Args:
        found: by approach, on the same texts.
        settings: of the intervals and the tests.
        groups: (texts,) numbers of the groups that are resampled whole; None where each text stands alone.

    Returns:
        By approach and number of words: `weightiest`, `by_lot`, `difference`; `p` by Fisher's randomisation test, group
        by group, and `holm_p`, corrected for the number of approaches and of numbers.
    """
    if not found:
        return {}
    flat = {
        f"{approach}/{count}/{order}": values
        for approach, by_count in found.items()
        for count, by_order in by_count.items()
        for order, values in by_order.items()
    }
    texts = len(next(iter(flat.values())))
    means = resampled(
        lambda weights: {name: weights @ values / weights.sum(axis=1) for name, values in flat.items()},
        texts,
        resamples=settings.resamples,
        seed=settings.seed,
        groups=groups,
    )
    scores: dict[str, Any] = {}
    tests = [(approach, count) for approach, by_count in found.items() for count in by_count]
    p_values = [_p(found[approach][count], settings, groups) for approach, count in tests]
    for (approach, count), p, corrected in zip(tests, p_values, holm(p_values), strict=True):
        best, lot = (means[f"{approach}/{count}/{order}"] for order in (WEIGHTIEST, BY_LOT))
        named = {WEIGHTIEST: best, BY_LOT: lot, "difference": best - lot}
        scores.setdefault(approach, {})[str(count)] = {
            **{name: one.interval(settings.confidence) for name, one in named.items()},
            "p": p,
            "holm_p": corrected,
        }
    return scores


def _p(found: Mapping[str, np.ndarray], settings: Evaluate, groups: np.ndarray | None) -> float:
    """Tests sums over groups: their mean differs from 0 as the mean over texts does, however large each group is."""
    numbers = np.arange(len(found[BY_LOT])) if groups is None else groups
    best, lot = (np.bincount(numbers, weights=found[order]) for order in (WEIGHTIEST, BY_LOT))
    return float(paired(best, lot, confidence=settings.confidence, seed=settings.seed)["p"])
