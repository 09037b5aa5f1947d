"""Stage `predict`: the models of a task + texts → predictions, for the test examples or for texts of your own."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from decortique.core import paths
from decortique.core.command import run
from decortique.core.errors import StageError
from decortique.core.files import new_folder
from decortique.core.measures import most_probable
from decortique.core.progress import progress
from decortique.core.run_settings import Approaches, Compute
from decortique.core.tables import read_columns, splits
from decortique.data.task_settings import LEARNT_FROM, TaskSection
from decortique.distillation.settings import Rounds
from decortique.models.loading import load_classifier
from decortique.models.predictions import PredictionTable, write_predictions


def predict(
    task: Annotated[str, typer.Argument(help="A task of the catalogue.")],
    approach: Annotated[str | None, typer.Option(help="One approach; all of params.yaml if left out.")] = None,
    text: Annotated[list[str] | None, typer.Option(help="A text to predict; may be given several times.")] = None,
    *,
    examples: Annotated[
        bool, typer.Option("--examples", help="Predict on the task's own examples instead: what DVC runs.")
    ] = False,
) -> None:
    """Sends predictions on texts of your own: those given with --text, or each line of standard input.

    Every approach answers, side by side: the label it predicts for and its probability.

    With --examples, every approach and every round of distillation predicts each split of the task but those that
    are learnt from, and the predictions are written under data/predictions.
    """
    if examples:
        if approach or text:
            raise StageError(
                "--examples has every approach predict the task's own texts: leave --approach and --text out"
            )
        with new_folder(paths.DATA / "predictions" / task) as folder:
            for name in [*Approaches.load().root, *Rounds.load().of(task)]:
                predict_examples(task, name, folder / name)
        return
    texts = text or [line.strip() for line in sys.stdin if line.strip()]
    if not texts:
        raise StageError("there is no text to predict: give --text, or lines on standard input")
    for line in answers(task, [approach] if approach else Approaches.load().root, texts):
        typer.echo(line)


def predict_examples(task: str, approach: str, folder: Path) -> None:
    """Writes the predictions of one model on every split of its task but those it learnt from."""
    labels, corpus = TaskSection.named(task).labels, paths.corpus(task)
    manifest, classifier = load_classifier(paths.model(task, approach), Compute.load())
    for split in splits(corpus):
        if split in LEARNT_FROM:
            continue
        columns = read_columns(corpus / f"{split}.parquet", ["id", "text"])
        with progress(f"{approach} {split}", len(columns["id"]), "text") as bar:
            said = classifier.predict(columns["text"], bar.update)
        prediction = most_probable(said.probability)
        predicted = PredictionTable(columns["id"], prediction, said.probability, manifest.teacher, said.others)
        write_predictions(folder, split, approach, labels, predicted)


def answers(task: str, approaches: list[str], texts: list[str]) -> Iterator[str]:
    """Yields a heading and a line per text, with the prediction and probability of each approach in columns."""
    predicted = []
    for approach in approaches:
        manifest, classifier = load_classifier(paths.model(task, approach), Compute.load())
        said = classifier.predict(texts, lambda _: None)
        predicted.append([f"{manifest.labels[row.argmax()]} {row.max():.2f}" for row in said.probability])
        for head, numbers in said.others.items():
            if numbers.ndim == 1:
                predicted[-1] = [
                    f"{cell} ({head} {one:+.1f})" for cell, one in zip(predicted[-1], numbers, strict=True)
                ]
    columns = [[approach, *cells] for approach, cells in zip(approaches, predicted, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    for cells, shown in zip(zip(*columns, strict=True), ["text", *texts], strict=True):
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), shown])


if __name__ == "__main__":
    run(predict)
