"""Agreement between raters, and published scores recomputed by their protocol.

The protocol is that of Hutto & Gilbert (ICWSM 2014, table 4), which could not be read here. Of the ways tried, this one
comes nearest to its figures: the truth is the sign of people's mean grade, a score within the threshold is neutral, and
precision, recall and F1 are means over the three classes, weighted by their size.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import norm

from decortique.evaluation.bootstrap import resampled, resampled_means
from decortique.evaluation.settings import Evaluate


def agreement(grades: Sequence[np.ndarray], *, n_splits: int, seed: int) -> dict[str, np.ndarray]:
    """Return (texts,) shares of raters who agree on the sign of their (raters,) grades; NaN for fewer than two raters.

    - `raters`: how many;
    - `person`: one rater against the mean of the others, each rater in turn;
    - `halves`: half of the raters against the other half, over random splits: how stable a label of half as many is;
    - `ceiling`: the mean of infinitely many such raters against the mean of these. With a flat prior, that mean is
      normal about theirs with their standard error (Gelman et al., Bayesian Data Analysis, section 2.5), and has their
      sign with probability Φ(|mean| / error).
    """
    random = np.random.default_rng(seed)
    shares = {name: np.full(len(grades), np.nan) for name in ("raters", "person", "halves", "ceiling")}
    for text, given in enumerate(grades):
        if (count := len(given)) < 2:
            continue
        shares["raters"][text] = count
        shares["person"][text] = _same_sign(given, given.sum() - given).mean()
        permuted = random.permuted(np.tile(given, (n_splits, 1)), axis=1)
        first = permuted[:, : count // 2]
        shares["halves"][text] = _same_sign(first.sum(axis=1), given.sum() - first.sum(axis=1)).mean()
        error = given.std(ddof=1) / np.sqrt(count)
        shares["ceiling"][text] = abs(given.mean()) / error if error else np.inf
    return {**shares, "ceiling": norm.cdf(shares["ceiling"])}


def mean_agreement(shares: Mapping[str, np.ndarray], inside: np.ndarray, settings: Evaluate) -> dict[str, Any]:
    """Return the mean of each share of `agreement` with its interval, over the texts where `inside` (texts,) is true.

    Beside them, how many `texts` have ratings, by how many `raters` (the median); nothing where no text has.
    """
    known = inside & np.isfinite(shares["raters"])
    if not known.any():
        return {}
    means = resampled_means({name: one[known] for name, one in shares.items() if name != "raters"}, settings)
    return {
        "texts": int(known.sum()),
        "raters": float(np.median(shares["raters"][known])),
        **{name: mean.interval(settings.confidence) for name, mean in means.items()},
    }


def one_against_the_others(grades: Sequence[np.ndarray]) -> np.ndarray:
    """Count (texts, 3, 3): the sign of the others' mean, then that of each rater in turn; -1, 0 and +1."""
    counts = np.zeros((len(grades), 3, 3))
    for text, given in enumerate(grades):
        if len(given) > 1:
            np.add.at(counts[text], (_sign(given.sum() - given) + 1, _sign(given) + 1), 1)
    return counts


def _same_sign(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    one, other = _sign(first), _sign(second)
    return np.where((one == 0) | (other == 0), 0.5, one == other)  # a grade of zero leaves the sign open


def _sign(values: np.ndarray) -> np.ndarray:
    # Rounded, as grades that add up to zero need not come out as zero.
    return np.sign(np.round(values, 9)).astype(int)


def signs(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Return (texts,) classes of scores: 0 negative, 1 neutral, 2 positive."""
    return np.where(scores >= threshold, 2, np.where(scores <= -threshold, 0, 1))


def weighted_classes(counts: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Return (weightings,) precision, recall and F1, averaged over classes by how many texts are of each.

    `counts` are (texts, classes, classes): how often each text is of one class and predicted as another.
    """
    confusion = np.tensordot(weights, counts, axes=1)  # weighting, truth, prediction
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    true, predicted = confusion.sum(axis=2), confusion.sum(axis=1)
    share = true / true.sum(axis=1, keepdims=True)
    totals = {"precision": predicted, "recall": true, "f1": np.maximum(true + predicted, 1e-12) / 2}
    return {name: (hits / np.maximum(total, 1e-12) * share).sum(axis=1) for name, total in totals.items()}


def correlation(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (weightings,) Pearson correlations of (texts,) numbers; NaN where either is constant."""
    total = weights.sum(axis=1)
    one, other = weights @ first / total, weights @ second / total
    covariance = weights @ (first * second) / total - one * other
    spread = (weights @ first**2 / total - one**2) * (weights @ second**2 / total - other**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, covariance / np.sqrt(np.maximum(spread, 1e-300)), np.nan)


def protocol_scores(
    grades: np.ndarray, scores: np.ndarray, given: Sequence[np.ndarray], threshold: float, settings: Evaluate
) -> dict[str, Any]:
    """Return each measure of the protocol with its interval, and `person_f1` of a single rater against the others.

    `grades` are (texts,) mean grades of people, `scores` those of the classifier from -1 to +1, neutral within the
    threshold; `given` are the (raters,) grades of each text: where no text has any, there is no `person_f1`.
    """
    counts = np.zeros((len(grades), 3, 3))
    # Of people's grades, whatever is above zero is positive.
    counts[np.arange(len(grades)), signs(grades, 1e-9), signs(scores, threshold)] = 1
    persons = one_against_the_others(given)

    def statistic(weights: np.ndarray) -> dict[str, np.ndarray]:
        measures = {"correlation": correlation(grades, scores, weights), **weighted_classes(counts, weights)}
        return {**measures, "person_f1": weighted_classes(persons, weights)["f1"]} if persons.any() else measures

    values = resampled(statistic, len(grades), resamples=settings.resamples, seed=settings.seed)
    return {name: one.interval(settings.confidence) for name, one in values.items() if np.isfinite(one.value)}
