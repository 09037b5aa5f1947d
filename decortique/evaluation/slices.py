"""Slices of a test set: on which part is an approach good, and how right can anyone be?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from decortique.core import paths
from decortique.core.tables import read_columns
from decortique.data.corpus import LabelledSplit
from decortique.data.readers import graded_rows, ratings_of
from decortique.data.settings import Published, Task
from decortique.evaluation.bootstrap import resampled_means
from decortique.evaluation.paired_tests import error_tests, with_holm
from decortique.evaluation.published import agreement, mean_agreement, protocol_scores
from decortique.evaluation.scores import Examples
from decortique.evaluation.settings import Evaluate, Slices
from decortique.models.predictions import PredictionTable
from decortique.models.vader import VaderClassifier

Ratings = Mapping[str, np.ndarray]  # id of a text → (raters,) grades


class Part(NamedTuple):
    """Texts whose value lies within two bounds, both included."""

    low: float
    high: float
    inside: np.ndarray  # (texts,) bool


def parts_of(values: np.ndarray, count: int, min_count: int) -> list[Part]:
    """Cut texts into `count` parts of equal size by their (texts,) values; a text of value NaN is in no part.

    Equal values stay together, so there may be fewer parts; those of fewer texts than `min_count` are left out.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return []
    edges = np.unique(np.quantile(known, np.arange(1, count) / count, method="lower"))
    number = np.searchsorted(edges, values, side="left")
    inside = [(number == part) & np.isfinite(values) for part in range(len(edges) + 1)]
    return [Part(float(values[one].min()), float(values[one].max()), one) for one in inside if one.sum() >= min_count]


def part_scores(
    examples: Examples, predicted: Mapping[str, np.ndarray], parts: Sequence[Part], settings: Evaluate
) -> dict[str, Any]:
    """Return `parts`, and `last_minus_first`, by how much each approach is more accurate on the last than on the first.

    Of each part: each approach's accuracy, and its paired test against the baseline. `holm_p` takes the number of tests
    into account: of all approaches in all the parts. `predicted` are class numbers by approach, the baseline first.
    """
    baseline, *others = predicted
    last, confidence = len(examples.labels) - 1, settings.confidence
    accuracies, scores, tests = [], list[dict[str, Any]](), dict[str, dict[str, Any]]()
    for number, (low, high, inside) in enumerate(parts):
        groups = None if examples.groups is None else np.unique(examples.groups[inside], return_inverse=True)[1]
        truth, classes = examples.truth[inside], {name: one[inside] for name, one in predicted.items()}
        right = {name: (one == truth).astype(float) for name, one in classes.items()}
        accuracy = resampled_means(right, settings, groups)
        for name in others:
            difference = (accuracy[name] - accuracy[baseline]).interval(confidence)
            errors = error_tests(truth, classes[baseline], classes[name], groups=groups, last=last, seed=settings.seed)
            tests[f"{number}/{name}"] = {**errors, "accuracy_difference": difference}
        intervals = {name: one.interval(confidence) for name, one in accuracy.items()}
        scores.append({"from": low, "to": high, "texts": int(inside.sum()), "accuracy": intervals})
        accuracies.append(accuracy)
    tests = with_holm(tests)
    for number, one in enumerate(scores):
        one["versus"] = {name: tests[f"{number}/{name}"] for name in others}
    compared = predicted if len(parts) > 1 else ()
    differences = {name: accuracies[-1][name].independent_difference(accuracies[0][name]) for name in compared}
    return {"parts": scores, "last_minus_first": {name: one.interval(confidence) for name, one in differences.items()}}


def task_slices(
    task: str,
    described: Task,
    sets: Mapping[str, LabelledSplit],
    predicted: Mapping[str, PredictionTable],
    settings: Slices,
    intervals: Evaluate,
) -> dict[str, Any]:
    """Score every approach on parts of the test set, and measure how far raters agree on the grades.

    VADER's published scores are recomputed by their protocol. `sets` are labelled rows, `test` among them; `predicted`
    is by approach on the test rows, the baseline first. Raise a `StageError` where ratings are missing or damaged.
    """
    ratings, rows = ratings_of(described, paths.raw(task)), sets["test"]
    shares, people, slices = {}, {}, dict[str, Any]()
    for name, one in sets.items():
        shares[name] = agreement(_grades(one.ids, ratings), n_splits=settings.n_splits, seed=settings.seed)
        people[name] = mean_agreement(shares[name], np.ones(len(one.ids), bool), intervals)
    examples = Examples(rows.labels, rows.truth, rows.together)
    classes = {name: one.prediction for name, one in predicted.items()}
    for kind, values in values_of(task, rows, ratings).items():
        parts = parts_of(values, settings.parts, settings.min_count)
        slices[kind] = part_scores(examples, classes, parts, intervals)
        for part, scores in zip(parts, slices[kind]["parts"], strict=True):
            scores["people"] = mean_agreement(shares["test"], part.inside, intervals)
    published = described.published if described.off_the_shelf.kind == "vader" else None
    again = dict(reproduced(task, described, published, ratings, intervals)) if published else {}
    return {"slices": slices, "people": people, "published": again}


def values_of(task: str, rows: LabelledSplit, ratings: Ratings) -> dict[str, np.ndarray]:
    """Return (texts,) numbers by which the test texts are cut, as far as the task has them."""
    tokens = read_columns(paths.tokens(task) / "test.parquet", ["length", "truncated"])
    values = {
        "length": np.array(tokens["length"], float),
        "truncation": np.array(tokens["truncated"], float),
        "intensity": np.abs(rows.scores),
        "disagreement": np.array([ratings[one].std() if one in ratings else np.nan for one in rows.ids]),
    }
    return {kind: numbers for kind, numbers in values.items() if np.isfinite(numbers).any()}


def reproduced(
    task: str, described: Task, published: Published, ratings: Ratings, intervals: Evaluate
) -> Iterator[tuple[str, Any]]:
    """Yield each file with the scores of VADER and of a single person by the published protocol, beside those."""
    vader = VaderClassifier()
    for name, rows in graded_rows(described, paths.raw(task), list(published.files)):
        compound = 2 * vader.predict([row.text for row in rows], lambda _: None).probability[:, 1] - 1
        grades, given = np.array([row.score for row in rows], float), _grades([row.id for row in rows], ratings)
        scores = protocol_scores(grades, compound, given, published.threshold, intervals)
        yield name, {"texts": len(rows), "reproduced": scores, "published": published.files[name].model_dump()}


def _grades(ids: Sequence[str], ratings: Ratings) -> list[np.ndarray]:
    return [ratings.get(identifier, np.empty(0)) for identifier in ids]
