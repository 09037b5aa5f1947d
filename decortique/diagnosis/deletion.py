"""Do the words matter that an explanation names, and do two explanations agree?

Without the words that an explanation names, a prediction should be less sure. The fall of its probability is what
DeYoung et al. (ERASER, ACL 2020) call comprehensiveness. It is compared with that of as many words taken out at random.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from decortique.core.measures import spearman
from decortique.diagnosis.explainer import KINDS, Done, Explainer, Worded, kind_of, without
from decortique.evaluation.bootstrap import Resampled, resampled
from decortique.evaluation.paired_tests import holm, paired
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable

WEIGHTIEST, BY_LOT = "weightiest", "by_lot"
Falls = Mapping[int, Mapping[str, np.ndarray]]  # words taken out → which of them → (texts,) falls of the probability


def lots(worded: Worded, seed: int) -> list[np.ndarray]:
    """Gives the words of each text in an order drawn by lot."""
    random = np.random.default_rng(seed)
    return [random.permutation(size) for size in worded.sizes]


def weightiest(shares: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Gives the words of each text in the order in which they support its prediction, the first of equals first."""
    return [np.argsort(-one, kind="stable") for one in shares]


def falls(
    explainer: Explainer,
    worded: Worded,
    predicted: PredictionTable,
    orders: Mapping[str, Sequence[np.ndarray]],
    counts: Sequence[int],
    done: Done,
) -> Falls:
    """Takes the first words of each order out of texts, and tells by how much the probability of the prediction falls.

    Args:
        explainer: the approach.
        worded: texts on which it predicted.
        predicted: what it predicted them.
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
    before = predicted.probability[everyone, predicted.prediction]
    after = probability[:, :, everyone, predicted.prediction]
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


def agreement(
    one: Sequence[np.ndarray], other: Sequence[np.ndarray], settings: Evaluate, groups: np.ndarray | None
) -> dict[str, Any]:
    """Tells how far two explanations of the same predictions agree.

    Args:
        one: by text, (words,) shares.
        other: likewise, for the same label.
        settings: of the intervals.
        groups: (texts,) numbers of the groups that are resampled whole; None where each text stands alone.

    Returns:
        `spearman`, the mean rank correlation of the words' shares within a text, 0 by chance; texts in which one of the
        two gives all words the same are left out. `same_top`, the share of texts whose weightiest word is the same;
        `same_top_by_chance`, for one drawn by lot; and the `difference`, with interval.
    """
    ranked = np.array([_rank_correlation(*pair) for pair in zip(one, other, strict=True)])
    same = np.array([float(a.argmax() == b.argmax()) for a, b in zip(one, other, strict=True)])
    chance = np.array([1 / len(a) for a in one])
    known = np.isfinite(ranked)

    def measured(weights: np.ndarray) -> dict[str, np.ndarray]:
        heavy = weights * known
        with np.errstate(invalid="ignore"):
            found = {"spearman": heavy @ np.where(known, ranked, 0) / heavy.sum(axis=1)}
        every = {"same_top": same, "same_top_by_chance": chance, "difference": same - chance}
        return found | {name: weights @ values / weights.sum(axis=1) for name, values in every.items()}

    means = _resampled(measured, len(one), settings, groups)
    return {
        "texts": len(one),
        "ranked": int(known.sum()),
        **{name: found.interval(settings.confidence) for name, found in means.items() if np.isfinite(found.value)},
    }


def kind_shares(
    found: Mapping[str, Sequence[np.ndarray]],
    worded: Worded,
    listed: frozenset[str],
    settings: Evaluate,
    groups: np.ndarray | None,
) -> dict[str, Any]:
    """Tells on words of which kinds explanations lie: for and against a prediction count alike.

    Args:
        found: by approach and text, (words,) shares.
        worded: the texts.
        listed: the function words of the language.
        settings: of the intervals.
        groups: as for `agreement`.

    Returns:
        By approach, the mean over texts of the part that each kind has of all that the words of a text have; under
        `words`, of their number.
    """
    kinds = [
        np.array([KINDS.index(kind_of(text[slice(*span)], listed)) for span in spans])
        for text, spans in zip(worded.texts, worded.words, strict=True)
    ]
    sizes = {"words": [np.ones(len(one)) for one in kinds]}
    sizes |= {name: [np.abs(shares) for shares in one] for name, one in found.items()}
    parts = {
        name: np.array(
            [
                np.bincount(kind, weights=size, minlength=len(KINDS)) / max(size.sum(), 1e-300)
                for kind, size in zip(kinds, one, strict=True)
            ]
        )
        for name, one in sizes.items()
    }

    def measured(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {
            f"{name}/{kind}": weights @ part[:, place] / weights.sum(axis=1)
            for name, part in parts.items()
            for place, kind in enumerate(KINDS)
        }

    means = _resampled(measured, len(kinds), settings, groups)
    return {name: {kind: means[f"{name}/{kind}"].interval(settings.confidence) for kind in KINDS} for name in parts}


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(spearman(one, other, np.ones((1, len(one))))[0])


def _resampled(measured: Any, texts: int, settings: Evaluate, groups: np.ndarray | None) -> dict[str, Resampled]:
    return resampled(measured, texts, resamples=settings.resamples, seed=settings.seed, groups=groups)
