"""Stage `evaluate`: predictions + labels → scores with intervals, paired tests, parts of the test set, generations."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from decortique.core import paths
from decortique.core.command import run
from decortique.core.errors import StageError
from decortique.core.files import new_folder, write_json, write_points
from decortique.core.measures import most_probable
from decortique.core.progress import progress
from decortique.core.run_settings import Approaches
from decortique.core.tables import read_metadata
from decortique.data.labelled import Labelled, held_out
from decortique.data.task_settings import TaskSection
from decortique.distillation.settings import Rounds
from decortique.evaluation.generations import Generations, Member, families, generation_points, lineages, traced
from decortique.evaluation.grading import graded
from decortique.evaluation.paired_tests import with_corrected
from decortique.evaluation.plots import (
    draw_accuracy,
    draw_calibration,
    draw_confusion,
    draw_decoding,
    draw_generations,
    draw_roc,
    draw_slices,
    draw_streams,
    slice_points,
)
from decortique.evaluation.scores import Evaluation, Examples, calibration_points, confusion_cells, roc_points
from decortique.evaluation.settings import Evaluate, Slices
from decortique.evaluation.slices import task_slices
from decortique.models.predictions import PredictionTable, read_predictions
from decortique.report.headlines import headline_of_evaluation, write_metrics


def evaluate(task: str) -> None:
    """Scores what every approach predicted a task's test and transfer examples, text by text and over streams.

    Then part by part of the test set, and generation by generation of teachers and students.
    """
    settings, described, approaches = Evaluate.load(), TaskSection.named(task), Approaches.load()
    methods, baseline, keep_groups = described.decoding.methods, approaches.baseline, described.split.keep_groups
    sets = {
        name: Labelled.read(task, split, described.labels, keep_groups=keep_groups)
        for name, split in held_out(task).items()
    }
    raw = {approach: paths.predictions(task, approach) for approach in approaches.root}
    streams = {method: folders_of(paths.decoded(task) / method, approaches.root) for method in methods}
    folders = {f"{path.name}/{method}": path for method, found in streams.items() for path in found}
    chosen_on = Labelled.read(task, "validation", described.labels, keep_groups=keep_groups)
    with progress("evaluate", len(sets) + 2, "set") as bar:
        predicted = {name: predicted_on(rows, raw) for name, rows in sets.items()}
        found = {name: evaluated(rows, predicted[name], settings, bar.update) for name, rows in sets.items()}
        validation = evaluated(chosen_on, predicted_on(chosen_on, raw), settings, bar.update).scores()
        decoded = evaluated(sets["test"], predicted_on(sets["test"], folders), settings, bar.update)
    family, generations = traced_generations(task)
    home = found.pop("test")
    grades = {name: graded_on(rows, predicted[name], settings) for name, rows in sets.items()}
    scores = {
        **home.scores(),
        "versus": home.versus(baseline),
        "retained": home.retained(teachers_of(home)),
        "graded": {name: scores for name, scores in grades.items() if scores},
        "transfer": {name: {**far.scores(), "versus": far.versus(baseline)} for name, far in found.items()},
        "decoded": {
            method: decoded_scores(decoded, [path.name for path in lines], method, baseline)
            for method, lines in streams.items()
        },
    }
    own = {approach: predicted["test"][approach] for approach in approaches.root}
    slices = task_slices(task, described, sets, own, Slices.load(), settings)
    write_json(paths.results("evaluate", task, "scores"), scores)
    write_json(paths.results("evaluate", task, "validation"), validation)
    write_json(paths.results("evaluate", task, "slices"), slices)
    write_json(paths.results("evaluate", task, "generations"), {"members": traced(generations)})
    write_metrics("evaluate", task, headline_of_evaluation(scores, validation, described.decoding.measure))
    test = sets["test"]
    with new_folder(paths.plots("evaluate", task)) as folder:
        write_pictures(folder, home, found, settings.confidence)
        write_points(folder / "groups.csv", decoded.accuracy_by_group(test.groups))
        write_points(folder / "slices.csv", slice_points(slices["slices"]))
        draw_slices(folder / "slices.png", slices["slices"], settings.confidence)
        draw_decoding(folder / "streams" / "decoding.png", decoded, methods, described.decoding.measure)
        if keep_groups:
            draw_streams(folder / "streams" / "streams.png", decoded, test.groups, test.positions, methods)
        draw_family(folder / "generations", family, generations)


def traced_generations(task: str) -> tuple[dict[str, Member], dict[str, Generations]]:
    """Follows every student of a task back to the first of its teachers, and compares its predictions with theirs.

    Returns:
        The members of the families by name, and what they predicted by set.
    """
    settings, described = Evaluate.load(), TaskSection.named(task)
    names = [*Approaches.load().root, *Rounds.load().of(task)]
    taught = {name: read_metadata(paths.predictions(task, name) / "test.parquet").get("teacher") for name in names}
    family, found = families(taught), dict[str, Generations]()
    for name, split in held_out(task).items():
        rows = Labelled.read(task, split, described.labels, keep_groups=described.split.keep_groups)
        predicted = {
            one: read_predictions(paths.predictions(task, one), split, rows.labels, rows.ids) for one in family
        }
        found[name] = Generations.of(Examples(rows.labels, rows.truth, rows.together), predicted, family, settings)
    return family, found


def draw_family(folder: Path, family: Mapping[str, Member], generations: Mapping[str, Generations]) -> None:
    """Writes the points of the generations, and draws them; without students, there are none."""
    points = list(generation_points(generations))
    write_points(folder / "generations.csv", points)
    if family:
        title = f"{Evaluate.load().confidence:.0%} intervals"
        draw_generations(folder / "generations.png", points, lineages(family), title)


def predicted_on(rows: Labelled, folders: Mapping[str, Path]) -> dict[str, PredictionTable]:
    """Reads what was predicted, from folders by name; a further head that predicts counts as `<name>/<head>`."""
    found: dict[str, PredictionTable] = {}
    for name, folder in folders.items():
        found[name] = read_predictions(folder, rows.split, rows.labels, rows.ids)
        for head, said in found[name].others.items():
            if said.ndim == 2:
                found[f"{name}/{head}"] = PredictionTable(rows.ids, most_probable(said), said)
    return found


def evaluated(
    rows: Labelled, predicted: Mapping[str, PredictionTable], settings: Evaluate, done: Callable[[], object]
) -> Evaluation:
    """Evaluates predictions on the labels."""
    evaluation = Evaluation.of(Examples(rows.labels, rows.truth, rows.together), predicted, settings)
    done()
    return evaluation


def graded_on(rows: Labelled, predicted: Mapping[str, PredictionTable], settings: Evaluate) -> dict[str, Any]:
    """Scores probabilities, and heads that say numbers, by the grades of the texts."""
    probability = {name: found.probability[:, -1] for name, found in predicted.items()}
    said = {
        name: {head: numbers for head, numbers in found.others.items() if numbers.ndim == 1}
        for name, found in predicted.items()
    }
    return graded(rows.scores, probability, said, settings, rows.together)


def folders_of(folder: Path, approaches: list[str]) -> list[Path]:
    """Lists the approaches whose predictions lie in a folder: those of the run in their order, then what combines them.

    Raises:
        StageError: there is none.
    """
    found = {path.name: path for path in sorted(folder.glob("*")) if path.is_dir()}
    if not found:
        raise StageError(f"{folder} holds no predictions: run `dvc repro` to make them")
    return [found[name] for name in [*approaches, *(name for name in found if name not in approaches)] if name in found]


def teachers_of(evaluation: Evaluation) -> dict[str, str]:
    """Tells who taught each student among the approaches."""
    teachers = {
        name: found.teacher for name, found in evaluation.predicted.items() if isinstance(found, PredictionTable)
    }
    return {name: teacher for name, teacher in teachers.items() if teacher in teachers}


def decoded_scores(decoded: Evaluation, lines: list[str], method: str, baseline: str) -> dict[str, Any]:
    """Gives the scores of a method, tested against no decoding, and against the baseline decoded in the same way."""
    scores: dict[str, Any] = {line: decoded.scores_of(f"{line}/{method}") for line in lines}
    families = {
        "versus_none": {line: f"{line}/none" for line in lines if method != "none"},
        "versus_baseline": {line: f"{baseline}/{method}" for line in lines if line != baseline},
    }
    for test, against in families.items():
        found = with_corrected({line: decoded.compared(f"{line}/{method}", other) for line, other in against.items()})
        for line, one in found.items():
            scores[line][test] = one
    return scores


def write_pictures(folder: Path, home: Evaluation, transfer: Mapping[str, Evaluation], confidence: float) -> None:
    """Draws the predictions text by text, and writes the points of the curves for `dvc plots`."""
    labels = home.examples.labels
    roc, calibration, confusion = (list(f(home)) for f in (roc_points, calibration_points, confusion_cells))
    for name, points in (("roc", roc), ("calibration", calibration), ("confusion", confusion)):
        write_points(folder / f"{name}.csv", points)
    draw_roc(folder / "roc.png", roc, labels[-1])
    draw_calibration(folder / "calibration.png", calibration, labels[-1])
    draw_confusion(folder / "confusion.png", confusion, list(labels))
    sets = {"test": home.scores(), **{name: far.scores() for name, far in transfer.items()}}
    draw_accuracy(folder / "accuracy.png", sets, confidence)


if __name__ == "__main__":
    run(evaluate)
