"""Stage `evaluate`: predictions + labels → scores with intervals, paired tests, parts of the test set, generations."""

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import new_folder, progress, write_json, write_points
from decortique.core.headlines import headline_of_evaluation, write_metrics
from decortique.core.settings import Approaches, Compute
from decortique.data.corpus import LabelledSplit, held_out
from decortique.data.settings import TaskSection
from decortique.distillation.settings import Rounds
from decortique.evaluation import plots
from decortique.evaluation.generations import trace_families, traced
from decortique.evaluation.scores import evaluate_rows, evaluate_streams, grade_scores, read_predicted, teachers_of
from decortique.evaluation.settings import Evaluate, Slices
from decortique.evaluation.slices import task_slices


def evaluate(task: TaskName) -> None:
    """Score the predictions of every approach on a task's test and transfer examples, with intervals and paired tests.

    Texts are predicted singly and over streams; scores are also by parts of the test set, and by generations.
    """
    settings, described, approaches = Evaluate.load(), TaskSection.named(task), Approaches.load()
    methods, baseline, keep_groups = described.decoding.methods, approaches.baseline, described.split.keep_groups
    sets = {
        name: LabelledSplit.read(task, split, described.labels, keep_groups=keep_groups)
        for name, split in {**held_out(task), "validation": "validation"}.items()
    }
    folders = {name: paths.predictions(task, name) for name in approaches.root}
    predicted = {name: read_predicted(rows, folders) for name, rows in sets.items()}
    evaluations = {}
    with progress("evaluate", len(sets) + 1, "set") as bar:
        for name, rows in sets.items():
            evaluations[name] = evaluate_rows(rows, predicted[name], settings)
            bar.update()
        decoded, streams = evaluate_streams(sets["test"], paths.decoded(task), methods, approaches.root, settings)
        bar.update()
    del sets["validation"]
    test, validation = evaluations.pop("test"), evaluations.pop("validation").scores()
    grades = {name: grade_scores(rows, predicted[name], settings) for name, rows in sets.items()}
    scores = {
        **test.scores(),
        "versus": test.versus(baseline),
        "retained": test.retained(teachers_of(predicted["test"])),
        "graded": {name: one for name, one in grades.items() if one},
        "transfer": {name: {**one.scores(), "versus": one.versus(baseline)} for name, one in evaluations.items()},
        "decoded": streams,
    }
    own = {name: predicted["test"][name] for name in approaches.root}
    slices = task_slices(task, described, sets, own, Slices.load(), settings)
    family, generations = trace_families(task, [*approaches.root, *Rounds.load().of(task)], sets, settings)
    write_json(paths.results("evaluate", task, "scores"), scores)
    write_json(paths.results("evaluate", task, "validation"), validation)
    write_json(paths.results("evaluate", task, "slices"), slices)
    write_json(paths.results("evaluate", task, "generations"), {"members": traced(generations)})
    write_metrics("evaluate", task, headline_of_evaluation(scores, validation, described.decoding.measure))
    groups, positions = sets["test"].groups, sets["test"].positions
    with new_folder(paths.plots("evaluate", task)) as folder:
        plots.write_score_plots(folder, test, evaluations, settings.confidence)
        write_points(folder / "groups.csv", decoded.accuracy_by_group(groups))
        write_points(folder / "slices.csv", plots.slice_points(slices["slices"]))
        plots.draw_slices(folder / "slices.png", slices["slices"], settings.confidence)
        plots.draw_decoding(folder / "streams" / "decoding.png", decoded, methods, described.decoding.measure)
        if keep_groups:
            plots.draw_streams(folder / "streams" / "streams.png", decoded, groups, positions, methods)
        plots.write_generation_plots(folder / "generations", family, generations, settings.confidence)


if __name__ == "__main__":
    run(evaluate, compute=Compute.load)
