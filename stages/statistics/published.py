"""The protocol of Hutto & Gilbert (ICWSM 2014, table 4): scores from -1 to +1 against people's mean grades.

The paper could not be read here. Of the ways to set thresholds and averages that were tried, this one comes nearest to
its figures: the truth is the sign of the mean grade, a score within the threshold is neutral, and precision, recall and
F1 are means over the three classes, weighted by their size.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from stages.settings.evaluate import Evaluate
from stages.statistics.bootstrap import resampled
from stages.statistics.raters import one_against_the_others

SMALLEST_GRADE = 1e-9  # whatever is above zero is positive


def signs(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Gives (texts,) classes of scores: 0 negative, 1 neutral, 2 positive."""
    return np.where(scores >= threshold, 2, np.where(scores <= -threshold, 0, 1))


def three_classes(counts: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Gives (weightings,) precision, recall and F1 over all classes, weighted by how many texts are of each.

    Args:
        counts: (texts, classes, classes): how often each text is of one class and decided for another.
        weights: (weightings, texts).
    """
    confusion = np.tensordot(weights, counts, axes=1)  # weighting, truth, decision
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    true, decided = confusion.sum(axis=2), confusion.sum(axis=1)
    share = true / true.sum(axis=1, keepdims=True)
    precision, recall, f1 = (
        hits / np.maximum(total, 1e-12) for total in (decided, true, np.maximum(true + decided, 1e-12) / 2)
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
