"""The texts of a collection, with what an encoder makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.artifacts import paths
from stages.artifacts.tables import read_batches, read_columns, read_metadata
from stages.errors import StageError


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts in groups, in the order of the groups and of their positions."""

    language: str
    ids: list[str]
    texts: list[str]
    groups: list[str]
    labels: list[str | None]
    embedded: np.ndarray  # (texts, width) float32

    @classmethod
    def of(cls, texts: list[str], language: str, embedded: np.ndarray) -> "Texts":
        """Takes texts of one group without marks."""
        ids = [str(number) for number in range(len(texts))]
        return cls(language, ids, texts, ["text"] * len(texts), [None] * len(texts), embedded)

    @classmethod
    def read(cls, name: str, parts: Sequence[str]) -> "Texts":
        """Reads tables of a collection, and their vectors.

        Raises:
            StageError: a table is missing or damaged, or its vectors are not of the same texts.
        """
        columns: dict[str, list[Any]] = {"id": [], "text": [], "group": [], "label": []}
        vectors, embedded_ids = [], list[str]()
        for part in parts:
            found = read_columns(paths.collection(name) / f"{part}.parquet", columns)
            for column, values in found.items():
                columns[column] += values
            for batch in read_batches(paths.embeddings(name) / f"{part}.parquet"):
                embedded_ids += batch.column("id").to_pylist()
                flat = batch.column("embedding").flatten().to_numpy()
                vectors.append(flat.reshape(batch.num_rows, -1))
        if embedded_ids != columns["id"]:
            raise StageError(
                f"{paths.embeddings(name)} holds vectors of other texts: run `dvc repro` to make them anew"
            )
        language = read_metadata(paths.collection(name) / f"{parts[0]}.parquet")["language"]
        embedded = np.concatenate(vectors) if vectors else np.empty((0, 0), np.float32)
        return cls(language, columns["id"], columns["text"], columns["group"], columns["label"], embedded)
