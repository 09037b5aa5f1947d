"""Decisions on disk: a table of probabilities, and the hand-in format, one decision and one score per line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from stages.artifacts.files import new_file
from stages.artifacts.tables import decisions_schema, read_batches, read_metadata, write_table
from stages.errors import StageError


@dataclass(frozen=True, slots=True)
class Decisions:
    """What one approach decided on one split."""

    ids: list[str]
    decision: np.ndarray  # (texts,) class numbers
    probability: np.ndarray  # (texts, classes) float64
    teacher: str | None = None


def write_decisions(folder: Path, split: str, approach: str, labels: Sequence[str], decided: Decisions) -> None:
    """Writes the decisions on a split, in the order of the corpus.

    `<split>.parquet` holds everything, `<split>.txt` a label per line, and `<split>.scores.txt` the probability of the
    last label per line.
    """
    chosen = [labels[place] for place in decided.decision]
    columns = [pa.array(values) for values in decided.probability.T]
    metadata = {"labels": list(labels), "teacher": decided.teacher}
    with write_table(folder / f"{split}.parquet", decisions_schema(labels), metadata) as append:
        append(
            {
                "id": decided.ids,
                "approach": [approach] * len(chosen),
                "decision": chosen,
                "probability": pa.StructArray.from_arrays(
                    columns, fields=list(decisions_schema(labels).field("probability").type)
                ),
            }
        )
    scores = (f"{score:.6g}" for score in decided.probability[:, -1])
    for name, lines in ((f"{split}.txt", chosen), (f"{split}.scores.txt", scores)):
        with new_file(folder / name) as path:
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read_decisions(folder: Path, split: str, labels: Sequence[str], rows: Sequence[str]) -> Decisions:
    """Reads what `write_decisions` wrote.

    Args:
        folder: where it was written.
        split: of the corpus.
        labels: between which was decided.
        rows: ids of the rows of the split, as the corpus has them now.

    Raises:
        StageError: the table is missing, damaged, of other labels, or of other rows.
    """
    path = folder / f"{split}.parquet"
    metadata = read_metadata(path)
    if metadata.get("labels") != list(labels):
        raise StageError(f"{path} decides between {metadata.get('labels')}, not {list(labels)}: run `dvc repro`")
    ids: list[str] = []
    chosen: list[int] = []
    parts = [np.empty((0, len(labels)))]
    numbers = {label: number for number, label in enumerate(labels)}
    for batch in read_batches(path, ["id", "decision", "probability"]):
        ids += batch.column("id").to_pylist()
        chosen += [numbers[label] for label in batch.column("decision").to_pylist()]
        probability = batch.column("probability")
        parts.append(np.column_stack([probability.field(label).to_numpy() for label in labels]))
    if ids != list(rows):
        raise StageError(f"{path} is not about the rows of the corpus: run `dvc repro` to decide again")
    return Decisions(ids, np.array(chosen, int), np.concatenate(parts), metadata.get("teacher"))
