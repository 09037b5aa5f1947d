"""Stage `evaluate`: decisions + labels → scores with intervals, paired tests, pictures."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from stages.artifacts import paths
from stages.artifacts.decisions import read_decisions
from stages.artifacts.files import new_file, write_json
from stages.artifacts.tables import read_columns, splits
from stages.command import run
from stages.errors import StageError
from stages.pictures.evaluation import draw_accuracy, draw_calibration, draw_confusion, draw_roc
from stages.progress import progress
from stages.settings.chain import Approaches
from stages.settings.evaluate import Evaluate
from stages.settings.task import TaskSection
from stages.statistics.curves import Point, calibration_points, confusion_cells, roc_points
from stages.statistics.evaluation import Evaluation

TRANSFER = "transfer-"


def evaluate(task: str) -> None:
    """Scores the decisions of every approach on a task's test and transfer examples."""
    settings, labels, approaches = Evaluate.load(), TaskSection.named(task).labels, Approaches.load()
    names = ["test", *(name for name in splits(paths.corpus(task)) if name.startswith(TRANSFER))]
    evaluations = {}
    with progress("evaluate", len(names), "set") as bar:
        for name in names:
            evaluations[name.removeprefix(TRANSFER)] = evaluation_of(task, name, labels, approaches.root, settings)
            bar.update()
    home = evaluations.pop("test")
    teachers = teachers_of(task, labels, approaches.root)
    transfer = {name: {**far.scores(), "versus": far.versus(approaches.baseline)} for name, far in evaluations.items()}
    write_json(
        paths.metrics("evaluate", task),
        {
            **home.scores(),
            "versus": home.versus(approaches.baseline),
            "retained": home.retained(teachers),
            "transfer": transfer,
        },
    )
    folder = paths.plots("evaluate", task)
    roc, calibration, confusion = (list(f(home)) for f in (roc_points, calibration_points, confusion_cells))
    for name, points in (("roc", roc), ("calibration", calibration), ("confusion", confusion)):
        write_points(folder / f"{name}.csv", points)
    draw_roc(folder / "roc.png", roc, labels[-1])
    draw_calibration(folder / "calibration.png", calibration, labels[-1])
    draw_confusion(folder / "confusion.png", confusion, labels)
    sets = {"test": home.scores(), **{name: far.scores() for name, far in evaluations.items()}}
    draw_accuracy(folder / "accuracy.png", sets, settings.confidence)


def evaluation_of(task: str, split: str, labels: list[str], approaches: list[str], settings: Evaluate) -> Evaluation:
    """Gathers what every approach decided on one split.

    Raises:
        StageError: an approach decided on other rows than those of the corpus.
    """
    columns = read_columns(paths.corpus(task) / f"{split}.parquet", ["id", "label"])
    probability = {}
    for approach in approaches:
        folder = paths.decisions(task, approach)
        decided = read_decisions(folder, split, labels)
        if decided.ids != columns["id"]:
            raise StageError(
                f"{folder / split}.parquet is not about the rows of the corpus: run `dvc repro` to decide again"
            )
        probability[approach] = decided.probability
    truth = np.array([labels.index(label) for label in columns["label"]])
    return Evaluation.of(labels, truth, probability, settings)


def teachers_of(task: str, labels: list[str], approaches: list[str]) -> dict[str, str]:
    """Tells who taught each student among the approaches."""
    decided = {approach: read_decisions(paths.decisions(task, approach), "test", labels) for approach in approaches}
    return {approach: found.teacher for approach, found in decided.items() if found.teacher in decided}


def write_points(path: Path, points: Iterable[Point]) -> None:
    """Writes points as CSV, for `dvc plots`."""
    rows = [
        {name: f"{value:.6g}" if isinstance(value, float) else value for name, value in point.items()}
        for point in points
    ]
    with new_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0] if rows else [], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    run(evaluate)
