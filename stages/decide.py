"""Stage `decide`: a model + texts → decisions, for the test examples or for texts of your own."""

import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from stages.artifacts import paths
from stages.artifacts.decisions import Decisions, write_decisions
from stages.artifacts.files import new_folder
from stages.artifacts.tables import count_rows, read_columns, splits
from stages.classifiers.loading import load_classifier
from stages.command import run
from stages.errors import StageError
from stages.progress import progress
from stages.settings.chain import Approaches, Compute
from stages.settings.decide import Decide
from stages.settings.task import LEARNT_FROM, TaskSection
from stages.statistics.measures import most_probable


def decide(
    task: Annotated[str, typer.Option(help="A task of params.yaml.")],
    approach: Annotated[str | None, typer.Option(help="One approach; all of params.yaml if left out.")] = None,
    text: Annotated[list[str] | None, typer.Option(help="A text to decide on; may be given several times.")] = None,
) -> None:
    """Sends decisions.

    With --approach and no --text, decides on every split of the task but those that are learnt from and writes the
    decisions under data/decisions (this is the stage that DVC runs).

    Otherwise answers for the texts given with --text, or for each line of standard input, with every approach side by
    side: the label it decides for and its probability.
    """
    if approach and not text:
        decide_on_examples(task, approach)
        return
    texts = text or [line.strip() for line in sys.stdin if line.strip()]
    if not texts:
        raise StageError("there is no text to decide on: give --text, or lines on standard input")
    for line in answers(task, [approach] if approach else Approaches.load().root, texts):
        typer.echo(line)


def decide_on_examples(task: str, approach: str) -> None:
    """Decides on every split of the task but those that weights are learnt from."""
    labels, corpus = TaskSection.named(task).labels, paths.corpus(task)
    manifest, classifier = load_classifier(paths.model(task, approach), Compute.load(), Decide.load().batch_size)
    with new_folder(paths.decisions(task, approach)) as folder:
        for split in splits(corpus):
            if split in LEARNT_FROM:
                continue
            path = corpus / f"{split}.parquet"
            columns = read_columns(path, ["id", "text"])
            with progress(f"{approach} {split}", count_rows(path), "text") as bar:
                said = classifier.predict(columns["text"], bar.update)
            decision = most_probable(said.probability)
            decided = Decisions(columns["id"], decision, said.probability, manifest.teacher, said.others)
            write_decisions(folder, split, approach, labels, decided)


def answers(task: str, approaches: list[str], texts: list[str]) -> Iterator[str]:
    """Yields a heading and a line per text, with the decision and probability of each approach in columns."""
    decided = []
    for approach in approaches:
        manifest, classifier = load_classifier(paths.model(task, approach), Compute.load(), Decide.load().batch_size)
        said = classifier.predict(texts, lambda _: None)
        decided.append([f"{manifest.labels[row.argmax()]} {row.max():.2f}" for row in said.probability])
        for head, numbers in said.others.items():
            if numbers.ndim == 1:
                decided[-1] = [f"{cell} ({head} {one:+.1f})" for cell, one in zip(decided[-1], numbers, strict=True)]
    columns = [[approach, *cells] for approach, cells in zip(approaches, decided, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    for cells, shown in zip(zip(*columns, strict=True), ["text", *texts], strict=True):
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), shown])


if __name__ == "__main__":
    run(decide)
