"""Open any model folder as the classifier that its manifest names."""

import pkgutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from decortique.core import paths
from decortique.core.files import progress
from decortique.core.measures import most_probable
from decortique.core.settings import Compute
from decortique.core.tables import read_columns, splits
from decortique.data.settings import TRAINED_ON
from decortique.models.folder import APPROACHES, Classifier, Manifest
from decortique.models.predictions import PredictionTable, write_predictions
from decortique.models.stacked import member_folders


def load_classifier(folder: Path, compute: Compute) -> tuple[Manifest, Classifier]:
    """Open a model folder, one of `data/models/<task>/`.

    Raises:
        StageError: the folder is missing or damaged.
    """
    manifest = Manifest.read(folder)
    # Only the class that is needed is imported: a bag of words should not wait for PyTorch.
    # imports: decortique.models.bag_of_words, decortique.models.encoder, decortique.models.heads
    # imports: decortique.models.onnx, decortique.models.static, decortique.models.vader
    kind: Any = pkgutil.resolve_name(APPROACHES[manifest.kind].classifier)
    members = [load_classifier(member, compute) for member in member_folders(folder)]  # other kinds have none
    return manifest, kind.load(folder, compute, manifest.labels, *members)


def predict_splits(task: str, approach: str, folder: Path, labels: Sequence[str], compute: Compute) -> None:
    """Write the predictions of one approach on every split of its task except those it was trained on."""
    manifest, classifier = load_classifier(paths.model(task, approach), compute)
    for split in splits(paths.corpus(task)):
        if split in TRAINED_ON:
            continue
        columns = read_columns(paths.corpus(task) / f"{split}.parquet", ["id", "text"])
        with progress(f"{approach} {split}", len(columns["id"]), "text") as bar:
            output = classifier.predict(columns["text"], bar.update)
        prediction = most_probable(output.probability)
        table = PredictionTable(columns["id"], prediction, output.probability, manifest.teacher, output.others)
        write_predictions(folder, split, approach, labels, table)


def prediction_lines(task: str, approaches: Sequence[str], texts: Sequence[str], compute: Compute) -> Iterator[str]:
    """Yield a heading, and a line per text: the label that each approach predicts, its probability, and the text."""
    columns = []
    for approach in approaches:
        manifest, classifier = load_classifier(paths.model(task, approach), compute)
        output = classifier.predict(texts, lambda _: None)
        cells = [f"{manifest.labels[row.argmax()]} {row.max():.2f}" for row in output.probability]
        for head, numbers in output.others.items():
            if numbers.ndim == 1:
                cells = [f"{cell} ({head} {one:+.1f})" for cell, one in zip(cells, numbers, strict=True)]
        columns.append([approach, *cells])
    widths = [max(map(len, column)) for column in columns]
    for row, text in zip(zip(*columns, strict=True), ["text", *texts], strict=True):
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=True)), text])
