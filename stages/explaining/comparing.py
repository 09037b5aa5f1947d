"""Explanations of several approaches on the same texts: do they name the same words, and words of which kinds?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stages.explaining.words import KINDS, Worded, kind_of
from stages.settings.evaluate import Evaluate
from stages.statistics.bootstrap import Resampled, resampled
from stages.statistics.grades import spearman


def agreement(
    one: Sequence[np.ndarray], other: Sequence[np.ndarray], settings: Evaluate, groups: np.ndarray | None
) -> dict[str, Any]:
    """Tells how far two explanations of the same decisions agree.

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
    """Tells on words of which kinds explanations lie: for and against a decision count alike.

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
