"""What people agree on, and published figures computed again by their protocol.

The protocol is that of Hutto & Gilbert (ICWSM 2014, table 4): scores from -1 to +1 against people's mean grades. The
paper could not be read here. Of the ways to set thresholds and averages that were tried, this one comes nearest to its
figures: the truth is the sign of the mean grade, a score within the threshold is neutral, and precision, recall and F1
are means over the three classes, weighted by their size.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import norm

from decortique.evaluation.bootstrap import resampled
from decortique.evaluation.settings import Evaluate

HALF = 0.5  # of a prediction that a grade of zero leaves open: a coin is tossed


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


SMALLEST_GRADE = 1e-9  # whatever is above zero is positive


def signs(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Gives (texts,) classes of scores: 0 negative, 1 neutral, 2 positive."""
    return np.where(scores >= threshold, 2, np.where(scores <= -threshold, 0, 1))


def three_classes(counts: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Gives (weightings,) precision, recall and F1 over all classes, weighted by how many texts are of each.

    Args:
        counts: (texts, classes, classes): how often each text is of one class and predicted for another.
        weights: (weightings, texts).
    """
    confusion = np.tensordot(weights, counts, axes=1)  # weighting, truth, prediction
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    true, predicted = confusion.sum(axis=2), confusion.sum(axis=1)
    share = true / true.sum(axis=1, keepdims=True)
    precision, recall, f1 = (
        hits / np.maximum(total, 1e-12) for total in (predicted, true, np.maximum(true + predicted, 1e-12) / 2)
    )
    found = {"precision": precision, "recall": recall, "f1": f1}
    return {name: (values * share).sum(axis=1) for name, values in found.items()}


def correlation(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Gives (weightings,) Pearson correlations of (texts,) numbers; NaN where either is constant."""
    total = weights.sum(axis=1)
    one, other = weights @ first / total, weights @ second / total
    covariance = weights @ (first * second) / total - one * other
    spread = (weights @ first**2 / total - one**2) * (weights @ second**2 / total - other**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, covariance / np.sqrt(np.maximum(spread, 1e-300)), np.nan)


def protocol_scores(
    grades: np.ndarray, scores: np.ndarray, given: Sequence[np.ndarray], threshold: float, settings: Evaluate
) -> dict[str, Any]:
    """Gives each measure of the protocol with its interval, and `person_f1` of a single rater against the others.

    Args:
        grades: (texts,) mean grades of people.
        scores: (texts,) of the classifier, from -1 to +1.
        given: (raters,) grades of each text; of those without, no person is scored.
        threshold: of the classifier's neutral zone.
        settings: of the intervals.
    """
    counts = np.zeros((len(grades), 3, 3))
    counts[np.arange(len(grades)), signs(grades, SMALLEST_GRADE), signs(scores, threshold)] = 1
    persons = one_against_the_others(given)

    def measured(weights: np.ndarray) -> dict[str, np.ndarray]:
        found = {"correlation": correlation(grades, scores, weights), **three_classes(counts, weights)}
        return {**found, "person_f1": three_classes(persons, weights)["f1"]} if persons.any() else found

    found = resampled(measured, len(grades), resamples=settings.resamples, seed=settings.seed)
    return {name: one.interval(settings.confidence) for name, one in found.items() if np.isfinite(one.value)}
