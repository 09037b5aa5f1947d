"""Parts of a test set: where is an approach good, and how right can anyone be?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from decortique.core import paths
from decortique.core.tables import read_columns
from decortique.data.labelled import Labelled
from decortique.data.reading import graded_rows, ratings_of
from decortique.data.task_settings import Published, Task
from decortique.evaluation.bootstrap import Resampled, resampled
from decortique.evaluation.paired_tests import mcnemar, swap_test, with_corrected
from decortique.evaluation.published import agreement, mean_agreement, protocol_scores
from decortique.evaluation.settings import Evaluate, Slices
from decortique.models.predictions import PredictionTable
from decortique.models.vader import VaderClassifier


@dataclass(frozen=True, slots=True)
class Part:
    """Texts whose value lies within two bounds, both included."""

    low: float
    high: float
    inside: np.ndarray  # (texts,) bool


def bounds(part: Mapping[str, Any]) -> str:
    """Shows `from` and `to` of a part; one number where they are the same."""
    low, high = part["from"], part["to"]
    return f"{low:.2g}" if low == high else f"{low:.2g}–{high:.2g}"


def parts_of(values: np.ndarray, count: int, least: int) -> list[Part]:
    """Cuts texts into `count` parts of equal size by their value; equal values stay together, so there may be fewer.

    Args:
        values: (texts,); NaN is in no part.
        count: of parts.
        least: texts of a part; smaller ones are left out.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return []
    edges = np.unique(np.quantile(known, np.arange(1, count) / count, method="lower"))
    number = np.searchsorted(edges, values, side="left")
    inside = [(number == place) & np.isfinite(values) for place in range(len(edges) + 1)]
    return [Part(float(values[one].min()), float(values[one].max()), one) for one in inside if one.sum() >= least > 0]


@dataclass(frozen=True, slots=True)
class Sliced:
    """What several approaches predicted the same texts."""

    truth: np.ndarray  # (texts,) class numbers
    predicted: Mapping[str, np.ndarray]  # (texts,) class numbers by approach; the first is the baseline
    groups: np.ndarray | None  # (texts,) numbers of the groups to resample whole
    last: int  # number of the last label
    settings: Evaluate

    def scores(self, parts: Sequence[Part]) -> list[dict[str, Any]]:
        """Gives, for each part, each approach's accuracy and its paired test against the baseline.

        `holm_p` takes the number of tests into account: of all approaches in all the parts.
        """
        tests = with_corrected(
            {
                f"{place}/{approach}": self._versus(part.inside, approach)
                for place, part in enumerate(parts)
                for approach in list(self.predicted)[1:]
            }
        )
        return [
            {
                "from": part.low,
                "to": part.high,
                "texts": int(part.inside.sum()),
                "accuracy": {name: self._interval(found) for name, found in self.accuracy(part.inside).items()},
                "versus": {
                    name.partition("/")[2]: test for name, test in tests.items() if name.startswith(f"{place}/")
                },
            }
            for place, part in enumerate(parts)
        ]

    def apart(self, parts: Sequence[Part]) -> dict[str, Any]:
        """Gives by how much each approach is more accurate on the last part than on the first."""
        if len(parts) < 2:
            return {}
        first, last = (self.accuracy(parts[place].inside) for place in (0, -1))
        return {name: self._interval(last[name].apart(first[name])) for name in self.predicted}

    def accuracy(self, inside: np.ndarray) -> dict[str, Resampled]:
        """Gives each approach's accuracy on some of the texts, under the same resamples."""
        right = {name: (predicted == self.truth)[inside].astype(float) for name, predicted in self.predicted.items()}

        def measured(weights: np.ndarray) -> dict[str, np.ndarray]:
            total = weights.sum(axis=1)
            return {name: weights @ one / total for name, one in right.items()}

        return resampled(
            measured,
            int(inside.sum()),
            resamples=self.settings.resamples,
            seed=self.settings.seed,
            groups=self._groups(inside),
        )

    def _versus(self, inside: np.ndarray, approach: str) -> dict[str, Any]:
        baseline = next(iter(self.predicted))
        truth, this, other = (one[inside] for one in (self.truth, self.predicted[approach], self.predicted[baseline]))
        groups, accuracy = self._groups(inside), self.accuracy(inside)
        swapped = (
            {}
            if groups is None
            else swap_test(truth, other, this, groups=groups, last=self.last, seed=self.settings.seed)
        )
        return {
            **mcnemar(other == truth, this == truth),
            **swapped,
            "accuracy_difference": self._interval(accuracy[approach] - accuracy[baseline]),
        }

    def _groups(self, inside: np.ndarray) -> np.ndarray | None:
        return None if self.groups is None else np.unique(self.groups[inside], return_inverse=True)[1]

    def _interval(self, found: Resampled) -> dict[str, float]:
        return found.interval(self.settings.confidence)


Ratings = Mapping[str, np.ndarray]


def task_slices(
    task: str,
    described: Task,
    sets: Mapping[str, Labelled],
    predicted: Mapping[str, PredictionTable],
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
        predicted: on the test rows, by approach; the first is the baseline.
        settings: of the parts.
        measured: of the intervals.

    Raises:
        StageError: a file of ratings is missing or damaged.
    """
    ratings = ratings_of(described, paths.raw(task))
    people = {name: agreement_on(one.ids, ratings, settings) for name, one in sets.items()}
    rows, found = sets["test"], dict[str, Any]()
    predictions = {name: one.prediction for name, one in predicted.items()}
    sliced = Sliced(rows.truth, predictions, rows.together, len(rows.labels) - 1, measured)
    for kind, numbers in values_of(task, rows, ratings).items():
        parts = parts_of(numbers, settings.parts, settings.least)
        found[kind] = {"parts": sliced.scores(parts), "last_less_first": sliced.apart(parts)}
        for part, scores in zip(parts, found[kind]["parts"], strict=True):
            scores["people"] = mean_agreement(people["test"], part.inside, measured)
    published = described.published if described.off_the_shelf.kind == "vader" else None
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
