"""The test set of a task part by part: where each approach is good, and how right anyone can be."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from stages.artifacts import paths
from stages.artifacts.decisions import Decisions
from stages.artifacts.labelled import Labelled
from stages.artifacts.tables import read_columns
from stages.classifiers.vader import VaderClassifier
from stages.corpora.ratings import graded_rows, ratings_of
from stages.settings.evaluate import Evaluate
from stages.settings.slices import Slices
from stages.settings.task import Published, Task
from stages.statistics.published import protocol_scores
from stages.statistics.raters import agreement, mean_agreement
from stages.statistics.slices import Sliced, parts_of

Ratings = Mapping[str, np.ndarray]


def task_slices(
    task: str,
    described: Task,
    sets: Mapping[str, Labelled],
    decided: Mapping[str, Decisions],
    settings: Slices,
    measured: Evaluate,
) -> dict[str, Any]:
    """Scores every approach on parts of the test set, and tells how far people agree on what they are compared with.

    Parts by length in tokens, by what was cut off, by strength of the opinion, and by disagreement of those who graded
    it, as far as a task has these. VADER's published scores are computed again by their protocol.

    Args:
        task: its name.
        described: the task.
        sets: the labelled rows by set, `test` among them.
        decided: on the test rows, by approach; the first is the baseline.
        settings: of the parts.
        measured: of the intervals.

    Raises:
        StageError: a file of ratings is missing or damaged.
    """
    ratings = ratings_of(described, paths.raw(task))
    people = {name: agreement_on(one.ids, ratings, settings) for name, one in sets.items()}
    rows, found = sets["test"], dict[str, Any]()
    decisions = {name: one.decision for name, one in decided.items()}
    sliced = Sliced(rows.truth, decisions, rows.together, len(rows.labels) - 1, measured)
    for kind, numbers in values_of(task, rows, ratings).items():
        parts = parts_of(numbers, settings.parts, settings.least)
        found[kind] = {"parts": sliced.scores(parts), "last_less_first": sliced.apart(parts)}
        for part, scores in zip(parts, found[kind]["parts"], strict=True):
            scores["people"] = mean_agreement(people["test"], part.inside, measured)
    published = described.published if described.retrieved.kind == "vader" else None
    return {
        "slices": found,
        "people": {
            name: mean_agreement(one, np.ones(len(sets[name].ids), bool), measured) for name, one in people.items()
        },
        "published": dict(published_again(task, described, published, ratings, measured)) if published else {},
    }


def values_of(task: str, rows: Labelled, ratings: Ratings) -> dict[str, np.ndarray]:
    """Gives (texts,) numbers by which the test texts are cut, as far as the task has them."""
    tokens = read_columns(paths.tokens(task) / "test.parquet", ["length", "truncated"])
    values = {
        "length": np.array(tokens["length"], float),
        "truncation": np.array(tokens["truncated"], float),
        "intensity": np.abs(rows.scores),
        "disagreement": np.array([ratings[one].std() if one in ratings else np.nan for one in rows.ids]),
    }
    return {kind: numbers for kind, numbers in values.items() if np.isfinite(numbers).any()}


def agreement_on(ids: Sequence[str], ratings: Ratings, settings: Slices) -> dict[str, np.ndarray]:
    """Gives, text by text, how far people agree, as far as they were asked."""
    given = [ratings.get(identifier, np.empty(0)) for identifier in ids]
    return agreement(given, deals=settings.deals, seed=settings.seed)


def published_again(
    task: str, described: Task, published: Published, ratings: Ratings, measured: Evaluate
) -> Iterator[tuple[str, Any]]:
    """Yields each file with the scores of VADER and of a single person by the published protocol, beside those."""
    vader = VaderClassifier()
    for name, rows in graded_rows(described, paths.raw(task), list(published.files)):
        compound = 2 * vader.predict([row.text for row in rows], lambda _: None).probability[:, 1] - 1
        grades = np.array([row.score for row in rows], float)
        given = [ratings.get(row.id, np.empty(0)) for row in rows]
        found = protocol_scores(grades, compound, given, published.threshold, measured)
        yield name, {"texts": len(rows), "found": found, "published": published.files[name].model_dump()}
