"""Labelled token rows of a task, ready to be trained or validated on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import DataLoader
from transformers import PreTrainedModel

from stages.artifacts import paths
from stages.artifacts.tables import read_columns
from stages.errors import StageError
from stages.statistics.measures import measure
from stages.transformer.batches import Batch, Collate, LengthBuckets, TokenRows
from stages.transformer.classifier import logits_of, softmax


@dataclass(frozen=True, slots=True)
class Examples:
    """Token ids and class numbers of the texts of one split."""

    rows: TokenRows
    labels: np.ndarray  # (texts,) int64

    @classmethod
    def read(cls, task: str, split: str, labels: Sequence[str]) -> "Examples":
        """Reads one split of a task.

        Raises:
            StageError: tokens and corpus are not of the same rows.
        """
        corpus, tokens = paths.corpus(task) / f"{split}.parquet", paths.tokens(task) / f"{split}.parquet"
        columns = read_columns(corpus, ["id", "label"])
        if columns["id"] != read_columns(tokens, ["id"])["id"]:
            raise StageError(f"{tokens} does not hold the rows of {corpus}: run `dvc repro` to tokenize them again")
        numbers = {label: number for number, label in enumerate(labels)}
        return cls(TokenRows.read(tokens), np.array([numbers[label] for label in columns["label"]], np.int64))

    def batches(
        self, batch_size: int, seed: int, padding_id: int, extras: Mapping[str, torch.Tensor] | None = None
    ) -> "DataLoader[Batch]":
        """Gives a loader of shuffled training batches of near-equal length, with `labels` and any `extras`."""
        collate = Collate(padding_id, {"labels": torch.from_numpy(self.labels), **(extras or {})})
        sampler = LengthBuckets(self.rows.lengths, batch_size, seed)
        return DataLoader(self.rows, batch_sampler=sampler, collate_fn=collate)  # type: ignore[arg-type]

    def scores(self, model: PreTrainedModel, batch_size: int) -> dict[str, float]:
        """Scores a classifier on these examples."""
        return measure(self.labels, softmax(logits_of(model, self.rows, batch_size=batch_size)))
