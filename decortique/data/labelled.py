"""Rows with labels that no approach has learnt from: what predictions are held against."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from decortique.core import paths
from decortique.core.tables import read_columns, splits

TRANSFER = "transfer-"


def held_out(task: str) -> dict[str, str]:
    """Gives the test split and those of other sources, by the name that reports give them: without `transfer-`.

    Raises:
        StageError: the task has no corpus yet.
    """
    names = ["test", *(name for name in splits(paths.corpus(task)) if name.startswith(TRANSFER))]
    return {name.removeprefix(TRANSFER): name for name in names}


@dataclass(frozen=True, slots=True)
class Labelled:
    """The rows of one split."""

    split: str
    labels: list[str]
    ids: list[str]
    truth: np.ndarray  # (texts,) class numbers
    groups: list[str]
    positions: list[int]
    scores: np.ndarray  # (texts,) float64, NaN where there is none
    together: np.ndarray | None  # (texts,) numbers of the groups to resample whole; None where each text stands alone

    @classmethod
    def read(cls, task: str, split: str, labels: Sequence[str], *, keep_groups: bool) -> "Labelled":
        """Reads a table of the corpus.

        Args:
            task: of the corpus.
            split: of which each row has a label.
            labels: in the order of their class numbers.
            keep_groups: whether the texts of a group are not independent.

        Raises:
            StageError: the table is missing or damaged.
        """
        columns = read_columns(paths.corpus(task) / f"{split}.parquet", ["id", "label", "group", "position", "score"])
        numbers = {label: number for number, label in enumerate(labels)}
        return cls(
            split,
            list(labels),
            columns["id"],
            np.array([numbers[label] for label in columns["label"]], int),
            columns["group"],
            columns["position"],
            np.array(columns["score"], np.float64),
            np.unique(columns["group"], return_inverse=True)[1] if keep_groups else None,
        )
