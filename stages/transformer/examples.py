"""Labelled token rows of a task, ready to be trained or validated on."""

import logging
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
from stages.transformer.losses import balanced_weights, graded_targets

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Examples:
    """Token ids and class numbers of the texts of one split."""

    rows: TokenRows
    labels: np.ndarray  # (texts,) int64
    grades: np.ndarray  # (texts,) float32, the scores of the corpus; NaN where a text has none

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
        numbers = {label: number for number, label in enumerate(labels)}
        return cls(
            TokenRows.read(tokens),
            np.array([numbers[label] for label in columns["label"]], np.int64),
            np.array(columns["score"], np.float32),  # None becomes NaN
        )

    def targets(self, score_slope: float | None, classes: int) -> torch.Tensor:
        """Gives what a decision should be: (texts,) class numbers, or (texts, 2) probabilities that follow the grades.

        Raises:
            StageError: grades are asked for, but their signs contradict the labels.
        """
        labels = torch.from_numpy(self.labels)
        graded = np.isfinite(self.grades)
        if score_slope is None or classes != 2 or not graded.any():
            log.info("learning from labels")
            return labels
        if ((self.grades > 0) != (self.labels == 1))[graded].any():
            raise StageError(
                "params.yaml: finetune.score_slope needs scores that are positive for the last label and negative for "
                "the first, as grades from -4 to +4 are: set it to null to learn from labels only"
            )
        log.info("learning from the scores of %d of %d texts", graded.sum(), len(graded))
        return graded_targets(labels, torch.from_numpy(self.grades), score_slope)

    def class_weights(self, classes: int) -> torch.Tensor:
        """Gives (classes,) weights by which each class counts as much as the others."""
        return balanced_weights(torch.from_numpy(self.labels), classes)

    def batches(
        self, batch_size: int, seed: int, padding_id: int, extras: Mapping[str, torch.Tensor]
    ) -> "DataLoader[Batch]":
        """Gives a loader of shuffled training batches of near-equal length, each with its share of `extras`."""
        collate = Collate(padding_id, extras)
        sampler = LengthBuckets(self.rows.lengths, batch_size, seed)
        return DataLoader(self.rows, batch_sampler=sampler, collate_fn=collate)  # type: ignore[arg-type]

    def scores(self, model: PreTrainedModel, batch_size: int) -> dict[str, float]:
        """Scores a classifier on these examples."""
        return measure(self.labels, softmax(logits_of(model, self.rows, batch_size=batch_size)))
