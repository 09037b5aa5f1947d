"""How far people agree on a text, and so how right anyone can be who is held against their mean."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import norm

from stages.settings.evaluate import Evaluate
from stages.statistics.bootstrap import resampled

HALF = 0.5  # of a decision that a grade of zero leaves open: a coin is tossed


def agreement(grades: Sequence[np.ndarray], *, deals: int, seed: int) -> dict[str, np.ndarray]:
    """Gives, text by text, how often people agree on the sign.

    Args:
        grades: (raters,) of each text.
        deals: of the raters into two halves.
        seed: of the deals.

    Returns:
        (texts,) numbers, NaN for a text of fewer than two raters:

        - `raters`: how many;
        - `person`: one rater against the mean of the others, each rater in turn;
        - `halves`: half of the raters against the other half, over the deals: what a label rests on half as many people
          would have;
        - `ceiling`: who knew the mean of endlessly many such raters against the mean of these. If nothing is known of
          that mean before, it is spread about theirs as a normal with their standard error (Gelman et al., Bayesian
          Data Analysis, section 2.5), and has their sign with probability Φ(|mean| / error).
    """
    random = np.random.default_rng(seed)
    found = {name: np.full(len(grades), np.nan) for name in ("raters", "person", "halves", "ceiling")}
    for text, given in enumerate(grades):
        count = len(given)
        if count < 2:
            continue
        found["raters"][text] = count
        found["person"][text] = _same_sign(given, given.sum() - given).mean()
        dealt = random.permuted(np.tile(given, (deals, 1)), axis=1)
        first = dealt[:, : count // 2]
        found["halves"][text] = _same_sign(first.sum(axis=1), given.sum() - first.sum(axis=1)).mean()
        error = given.std(ddof=1) / np.sqrt(count)
        found["ceiling"][text] = abs(given.mean()) / error if error else np.inf
    return {**found, "ceiling": norm.cdf(found["ceiling"])}


def mean_agreement(found: Mapping[str, np.ndarray], inside: np.ndarray, settings: Evaluate) -> dict[str, Any]:
    """Gives the mean over some texts of each share of `agreement`, with its interval.

    Args:
        found: of `agreement`.
        inside: (texts,) bool; those without ratings are left out.
        settings: of the intervals.

    Returns:
        How many `texts` have ratings, by how many `raters` (the median), and the shares; nothing where none has.
    """
    known = inside & np.isfinite(found["raters"])
    if not known.any():
        return {}
    shares = {name: values[known] for name, values in found.items() if name != "raters"}

    def measured(weights: np.ndarray) -> dict[str, np.ndarray]:
        total = weights.sum(axis=1)
        return {name: weights @ values / total for name, values in shares.items()}

    means = resampled(measured, int(known.sum()), resamples=settings.resamples, seed=settings.seed)
    return {
        "texts": int(known.sum()),
        "raters": float(np.median(found["raters"][known])),
        **{name: one.interval(settings.confidence) for name, one in means.items()},
    }


def one_against_the_others(grades: Sequence[np.ndarray]) -> np.ndarray:
    """Counts (texts, 3, 3): the sign of the others' mean, then that of each rater in turn; -1, 0 and +1."""
    counts = np.zeros((len(grades), 3, 3))
    for text, given in enumerate(grades):
        if len(given) > 1:
            np.add.at(counts[text], (_sign(given.sum() - given) + 1, _sign(given) + 1), 1)
    return counts


def _same_sign(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    one, other = _sign(first), _sign(second)
    return np.where((one == 0) | (other == 0), HALF, one == other)


def _sign(values: np.ndarray) -> np.ndarray:
    # Rounded, as grades that add up to zero need not come out as zero.
    return np.sign(np.round(values, 9)).astype(int)
