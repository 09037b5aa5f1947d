"""Predictions on disk: a table of probabilities, and the hand-in format, one prediction and one score per line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from decortique.core.errors import StageError
from decortique.core.files import new_file
from decortique.core.tables import predictions_schema, read_batches, read_metadata, write_table


@dataclass(frozen=True, slots=True)
class PredictionTable:
    """What one approach predicted one split."""

    ids: list[str]
    prediction: np.ndarray  # (texts,) class numbers
    probability: np.ndarray  # (texts, classes) float64
    teacher: str | None = None
    others: Mapping[str, np.ndarray] = field(default_factory=dict)  # as in `Predictions`


def write_predictions(
    folder: Path, split: str, approach: str, labels: Sequence[str], predicted: PredictionTable
) -> None:
    """Writes the predictions on a split, in the order of the corpus.

    `<split>.parquet` holds everything, `<split>.txt` a label per line, and `<split>.scores.txt` the probability of the
    last label per line.
    """
    chosen = [labels[place] for place in predicted.prediction]
    heads = {name: said.ndim == 2 for name, said in predicted.others.items()}
    schema = predictions_schema(labels, heads)
    kind = schema.field("probability").type
    metadata = {"labels": list(labels), "teacher": predicted.teacher, "heads": heads}
    with write_table(folder / f"{split}.parquet", schema, metadata) as append:
        append(
            {
                "id": predicted.ids,
                "approach": [approach] * len(chosen),
                "prediction": chosen,
                "probability": _struct(predicted.probability, kind),
                **{
                    f"head {name}": _struct(said, kind) if heads[name] else said
                    for name, said in predicted.others.items()
                },
            }
        )
    scores = (f"{score:.6g}" for score in predicted.probability[:, -1])
    for name, lines in ((f"{split}.txt", chosen), (f"{split}.scores.txt", scores)):
        with new_file(folder / name) as path:
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read_predictions(folder: Path, split: str, labels: Sequence[str], rows: Sequence[str]) -> PredictionTable:
    """Reads what `write_predictions` wrote.

    Args:
        folder: where it was written.
        split: of the corpus.
        labels: between which was predicted.
        rows: ids of the rows of the split, as the corpus has them now.

    Raises:
        StageError: the table is missing, damaged, of other labels, or of other rows.
    """
    path = folder / f"{split}.parquet"
    metadata = read_metadata(path)
    if metadata.get("labels") != list(labels):
        raise StageError(f"{path} predicts between {metadata.get('labels')}, not {list(labels)}: run `dvc repro`")
    ids: list[str] = []
    chosen: list[int] = []
    parts = [np.empty((0, len(labels)))]
    numbers = {label: number for number, label in enumerate(labels)}
    heads: dict[str, bool] = metadata.get("heads", {})
    said: dict[str, list[np.ndarray]] = {name: [] for name in heads}
    for batch in read_batches(path, ["id", "prediction", "probability", *(f"head {name}" for name in heads)]):
        ids += batch.column("id").to_pylist()
        chosen += [numbers[label] for label in batch.column("prediction").to_pylist()]
        parts.append(_matrix(batch.column("probability"), labels))
        for name, predicts in heads.items():
            column = batch.column(f"head {name}")
            said[name].append(_matrix(column, labels) if predicts else column.to_numpy())
    if ids != list(rows):
        raise StageError(f"{path} is not about the rows of the corpus: run `dvc repro` to predict again")
    others = {name: np.concatenate(found) for name, found in said.items() if found}
    return PredictionTable(ids, np.array(chosen, int), np.concatenate(parts), metadata.get("teacher"), others)


def _struct(values: np.ndarray, kind: pa.StructType) -> pa.StructArray:
    return pa.StructArray.from_arrays([pa.array(column) for column in values.T], fields=list(kind))


def _matrix(column: pa.StructArray, labels: Sequence[str]) -> np.ndarray:
    return np.column_stack([column.field(label).to_numpy() for label in labels])
