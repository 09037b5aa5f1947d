"""Stage `slices`: decisions part by part of the test set → where each approach is good, and how good anyone can be."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from stages.artifacts import paths
from stages.artifacts.decisions import read_decisions
from stages.artifacts.files import new_folder, write_json
from stages.artifacts.labelled import Labelled, held_out
from stages.artifacts.points import write_points
from stages.artifacts.tables import read_columns
from stages.classifiers.vader import VaderClassifier
from stages.command import run
from stages.corpora.ratings import graded_rows, ratings_of
from stages.pictures.slices import draw_slices, slice_points
from stages.progress import progress
from stages.settings.chain import Approaches
from stages.settings.evaluate import Evaluate
from stages.settings.slices import Slices
from stages.settings.task import Published, TaskSection
from stages.statistics.published import protocol_scores
from stages.statistics.raters import agreement, mean_agreement
from stages.statistics.slices import Sliced, parts_of

Ratings = Mapping[str, np.ndarray]


def slices(task: str) -> None:
    """Scores every approach on parts of the test set, and tells how far people agree on what they are held against.

    Parts by length in tokens, by what was cut off, by strength of the opinion, and by disagreement of those who graded
    it, as far as a task has these. VADER's published scores are found again by their protocol.
    """
    settings, measured, described = Slices.load(), Evaluate.load(), TaskSection.named(task)
    ratings = ratings_of(described, paths.raw(task))
    sets = {
        name: Labelled.read(task, split, described.labels, keep_groups=described.split.keep_groups)
        for name, split in held_out(task).items()
    }
    people = {name: agreement_on(one.ids, ratings, settings) for name, one in sets.items()}
    rows, found = sets["test"], dict[str, Any]()
    sliced = Sliced(rows.truth, decided_by(task, rows), rows.together, len(rows.labels) - 1, measured)
    values = values_of(task, rows, ratings)
    with progress("slices", len(values), "kind") as bar:
        for kind, numbers in values.items():
            parts = parts_of(numbers, settings.parts, settings.least)
            found[kind] = {"parts": sliced.scores(parts), "last_less_first": sliced.apart(parts)}
            for part, scores in zip(parts, found[kind]["parts"], strict=True):
                scores["people"] = mean_agreement(people["test"], part.inside, measured)
            bar.update()
    published = described.published if described.retrieved.kind == "vader" else None
    write_json(
        paths.metrics("slices", task),
        {
            "slices": found,
            "people": {
                name: mean_agreement(one, np.ones(len(sets[name].ids), bool), measured) for name, one in people.items()
            },
            "published": dict(found_again(task, published, ratings, measured)) if published else {},
        },
    )
    with new_folder(paths.plots("slices", task)) as folder:
        write_points(folder / "slices.csv", slice_points(found))
        draw_slices(folder / "slices.png", found, measured.confidence)


def decided_by(task: str, rows: Labelled) -> dict[str, np.ndarray]:
    """Gives (texts,) class numbers that every approach decided for, the baseline first."""
    return {
        approach: read_decisions(paths.decisions(task, approach), rows.split, rows.labels, rows.ids).decision
        for approach in Approaches.load().root
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


def found_again(task: str, published: Published, ratings: Ratings, measured: Evaluate) -> Iterator[tuple[str, Any]]:
    """Yields each file with the scores of VADER and of a single person by the published protocol, beside those."""
    vader = VaderClassifier()
    for name, rows in graded_rows(TaskSection.named(task), paths.raw(task), list(published.files)):
        compound = 2 * vader.predict([row.text for row in rows], lambda _: None).probability[:, 1] - 1
        grades = np.array([row.score for row in rows], float)
        given = [ratings.get(row.id, np.empty(0)) for row in rows]
        found = protocol_scores(grades, compound, given, published.threshold, measured)
        yield name, {"texts": len(rows), "found": found, "published": published.files[name].model_dump()}


if __name__ == "__main__":
    run(slices)
