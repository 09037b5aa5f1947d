"""Predictions on disk: a table of probabilities, and the hand-in format, one prediction and one score per line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from decortique.core.files import StageError, new_file
from decortique.core.tables import predictions_schema, read_batches, read_metadata, write_table


@dataclass(frozen=True, slots=True)
class PredictionTable:
    """The predictions of one approach on one split."""

    ids: list[str]
    prediction: np.ndarray  # (texts,) class numbers
    probability: np.ndarray  # (texts, classes) float64
    teacher: str | None = None
    others: Mapping[str, np.ndarray] = field(default_factory=dict)  # of further heads, as in `Predictions`


def write_predictions(folder: Path, split: str, approach: str, labels: Sequence[str], table: PredictionTable) -> None:
    """Write the predictions on a split, in the order of the corpus.

    `<split>.parquet` holds everything, `<split>.txt` a label per line, and `<split>.scores.txt` the probability of the
    last label per line.
    """
    predicted = [labels[number] for number in table.prediction]
    heads = {name: values.ndim == 2 for name, values in table.others.items()}
    schema = predictions_schema(labels, heads)
    struct = schema.field("probability").type
    metadata = {"labels": list(labels), "teacher": table.teacher, "heads": heads}
    with write_table(folder / f"{split}.parquet", schema, metadata) as append:
        append(
            {
                "id": table.ids,
                "approach": [approach] * len(predicted),
                "prediction": predicted,
                "probability": _struct(table.probability, struct),
                **{
                    f"head {name}": _struct(values, struct) if heads[name] else values
                    for name, values in table.others.items()
                },
            }
        )
    scores = (f"{score:.6g}" for score in table.probability[:, -1])
    for name, lines in ((f"{split}.txt", predicted), (f"{split}.scores.txt", scores)):
        with new_file(folder / name) as path:
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read_predictions(folder: Path, split: str, labels: Sequence[str], rows: Sequence[str]) -> PredictionTable:
    """Read the table that `write_predictions` wrote; `rows` are the ids of the split in the corpus as it is now.

    Raises:
        StageError: the table is missing, damaged, of other labels, or of other rows.
    """
    path = folder / f"{split}.parquet"
    metadata = read_metadata(path)
    if metadata.get("labels") != list(labels):
        raise StageError(f"{path} predicts between {metadata.get('labels')}, not {list(labels)}: run `dvc repro`")
    ids: list[str] = []
    prediction: list[int] = []
    probability = [np.empty((0, len(labels)))]
    numbers = {label: number for number, label in enumerate(labels)}
    heads: dict[str, bool] = metadata.get("heads", {})
    others: dict[str, list[np.ndarray]] = {name: [] for name in heads}
    for batch in read_batches(path, ["id", "prediction", "probability", *(f"head {name}" for name in heads)]):
        ids += batch.column("id").to_pylist()
        prediction += [numbers[label] for label in batch.column("prediction").to_pylist()]
        probability.append(_matrix(batch.column("probability"), labels))
        for name, classifies in heads.items():
            column = batch.column(f"head {name}")
            others[name].append(_matrix(column, labels) if classifies else column.to_numpy())
    if ids != list(rows):
        raise StageError(f"{path} is not about the rows of the corpus: run `dvc repro` to predict again")
    return PredictionTable(
        ids,
        np.array(prediction, int),
        np.concatenate(probability),
        metadata.get("teacher"),
        {name: np.concatenate(parts) for name, parts in others.items() if parts},
    )


def _struct(values: np.ndarray, kind: pa.StructType) -> pa.StructArray:
    return pa.StructArray.from_arrays([pa.array(column) for column in values.T], fields=list(kind))


def _matrix(column: pa.StructArray, labels: Sequence[str]) -> np.ndarray:
    return np.column_stack([column.field(label).to_numpy() for label in labels])
