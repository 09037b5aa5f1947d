"""Labelled token rows of a task, ready to be trained or validated on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.artifacts import paths
from stages.artifacts.tables import read_columns
from stages.errors import StageError
from stages.statistics.grades import measure_grades
from stages.statistics.measures import measure
from stages.transformer.batches import TokenRows
from stages.transformer.trainable import Trainable

UNKNOWN = -1  # the class number of a text without a label


@dataclass(frozen=True, slots=True)
class Examples:
    """Token ids, class numbers and scores of the texts of one split."""

    rows: TokenRows
    labels: np.ndarray  # (texts,) int64, UNKNOWN where there is none
    scores: np.ndarray  # (texts,) float32, of the corpus; NaN where a text has none

    @classmethod
    def read(cls, task: str, split: str, labels: Sequence[str]) -> "Examples":
        """Reads one split of a task.

        Raises:
            StageError: tokens and corpus are not of the same rows.
        """
        corpus, tokens = paths.corpus(task) / f"{split}.parquet", paths.tokens(task) / f"{split}.parquet"
        columns = read_columns(corpus, ["id", "label", "score"])
        if columns["id"] != read_columns(tokens, ["id"])["id"]:
            raise StageError(f"{tokens} does not hold the rows of {corpus}: run `dvc repro` to tokenize them again")
        numbers: dict[str | None, int] = {None: UNKNOWN, **{label: number for number, label in enumerate(labels)}}
        return cls(
            TokenRows.read(tokens),
            np.array([numbers[label] for label in columns["label"]], np.int64),
            np.array(columns["score"], np.float32),  # None becomes NaN
        )

    def measured(self, model: Trainable, batch_size: int) -> dict[str, float]:
        """Scores a model on these examples: the primary head by the plain measures, others as `<head>/<measure>`."""
        predicted = model.predict(self.rows, batch_size=batch_size)
        found = measure(self.labels, predicted.probability)
        for name, said in predicted.others.items():
            scores = measure_grades(self.scores, said) if said.ndim == 1 else measure(self.labels, said)
            # Nothing is known of a number where no text has a grade, nor of ranks where all are said to be the same.
            found |= {f"{name}/{measured}": value for measured, value in scores.items() if np.isfinite(value)}
        return found
