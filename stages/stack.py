"""Stage `stack`: a student and another approach → one model folder that combines what both predict."""

from functools import partial
from typing import Annotated

import typer

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import progress
from decortique.core.settings import Compute
from decortique.core.tables import read_columns
from decortique.data.corpus import LabelledSplit
from decortique.data.settings import TaskSection
from decortique.models.calibration import fit_calibration
from decortique.models.folder import write_model
from decortique.models.loading import load_classifier
from decortique.models.settings import STACKED, Stack
from decortique.models.stacked import Combination, require_labels, write_stack


def stack(
    task: TaskName,
    student: Annotated[str, typer.Argument(help="A student of stack.students in params.yaml.")],
) -> None:
    """Fit a logistic regression over what a student and its partner predict for a task's validation rows."""
    partner, described, compute = Stack.load().partner, TaskSection.named(task), Compute.load()
    members = {name: paths.model(task, name) for name in (partner, student)}
    truth = LabelledSplit.read(task, "validation", described.labels, keep_groups=False).truth
    texts = read_columns(paths.corpus(task) / "validation.parquet", ["text"])["text"]
    teacher, probabilities = None, []
    with progress("stack", len(members) * len(texts), "text") as bar:
        for folder in members.values():
            manifest, classifier = load_classifier(folder, compute)
            require_labels(manifest, described.labels, folder)
            teacher = manifest.teacher or teacher
            probabilities.append(classifier.predict(texts, bar.update).probability)
    calibration = fit_calibration(probabilities, truth, described.labels)
    combination = Combination.of(calibration, list(members), described.labels)
    write_model(
        task,
        STACKED,
        "stacked",
        partial(write_stack, members=members, combination=combination),
        described=described,
        settings=combination.model_dump(),
        scores={},
        made=f"The outputs of `{partner}` and `{student}`, combined by a logistic regression that was fitted on "
        "validation.",
        made_from="the model folders of both, complete in `members/`, where each also loads alone",
        limits="It takes the time of all its members; scores on validation would flatter it, as it was fitted there.",
        teacher=teacher,
    )


if __name__ == "__main__":
    run(stack, compute=Compute.load)
