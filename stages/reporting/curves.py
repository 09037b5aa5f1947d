"""Pictures that the report draws itself, of curves that stages left as tables only."""

import csv
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np

from stages.artifacts import paths
from stages.errors import StageError
from stages.pictures.features import draw_features
from stages.pictures.training import Curve, draw_trainings
from stages.reporting.elements import Picture

MEASURE = "accuracy"  # on validation


def trainings_picture(folder: Path, task: str, students: Sequence[str]) -> Picture:
    """Draws how the models of a task learnt.

    Args:
        folder: where the picture goes.
        task: its name.
        students: of the transformer.

    Raises:
        StageError: a table is missing.
    """
    trained = {
        "transformer": paths.plots("finetune", task),
        **{student: paths.plots("distill", task) / student for student in students},
    }
    losses, validation = (
        {name: _curve(where / "plots" / "metrics" / one) for name, where in trained.items()}
        for one in ("train/loss.tsv", f"validation/{MEASURE}.tsv")
    )
    path = folder / f"{task}-trainings.png"
    draw_trainings(path, losses, validation, MEASURE)
    return Picture(
        path,
        "How the models learnt. Losses of different models are sums of different terms: look at how they fall, not at "
        "which is lower.",
        folded=True,
    )


def features_picture(folder: Path, task: str) -> Picture:
    """Draws what the bag of words of a task relies on.

    Args:
        folder: where the picture goes.
        task: its name.

    Raises:
        StageError: the table is missing.
    """
    rows = _rows(paths.plots("bag_of_words", task) / "strongest.csv", ",")
    by_label = groupby(rows, key=itemgetter("label"))
    path = folder / f"{task}-strongest.png"
    draw_features(path, {label: [(row["feature"], float(row["weight"])) for row in found] for label, found in by_label})
    return Picture(
        path, "The words that speak most for each label, in the bag of words. Would you have named them?", folded=True
    )


def _curve(path: Path) -> Curve:
    rows = [list(row.values()) for row in _rows(path, "\t")]
    steps, values = np.array(rows, float).T
    return steps, values


def _rows(path: Path, delimiter: str) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter=delimiter))
    except FileNotFoundError:
        raise StageError(f"{path} is missing: run `dvc repro` to make it") from None
