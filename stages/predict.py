"""Stage `predict`: the models of a task + texts → predictions, for the test examples or for texts of your own."""

import sys
from typing import Annotated

import typer

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import StageError, new_folder
from decortique.core.settings import Approaches, Compute
from decortique.data.settings import TaskSection
from decortique.distillation.settings import Rounds
from decortique.models.loading import predict_splits, prediction_lines


def predict(
    task: TaskName,
    approach: Annotated[str | None, typer.Option(help="One approach only; without it, all of params.yaml.")] = None,
    text: Annotated[list[str] | None, typer.Option(help="A text to classify; may be given several times.")] = None,
    *,
    examples: Annotated[
        bool, typer.Option("--examples", help="Classify the task's own examples instead, as `dvc repro` does.")
    ] = False,
) -> None:
    """Classify texts of your own: those given with --text, or each line of standard input.

    Each text gets a line, with the label that each approach predicts and its probability.

    With --examples, the predictions of every approach, and of every round of distillation, on the validation, test and
    transfer examples of the task are written to data/predictions.
    """
    approaches, compute = Approaches.load().root, Compute.load()
    if examples:
        if approach or text:
            raise StageError("--examples classifies the task's own texts by all approaches: omit --approach and --text")
        with new_folder(paths.DATA / "predictions" / task) as folder:
            for name in [*approaches, *Rounds.load().of(task)]:
                predict_splits(task, name, folder / name, TaskSection.named(task).labels, compute)
        return
    texts = text or [line.strip() for line in sys.stdin if line.strip()]
    if not texts:
        raise StageError("there is no text to predict: give --text, or lines on standard input")
    for line in prediction_lines(task, [approach] if approach else approaches, texts, compute):
        typer.echo(line)


if __name__ == "__main__":
    run(predict, compute=Compute.load)
