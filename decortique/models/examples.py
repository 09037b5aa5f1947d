"""What a model is trained on and validated on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.core.measures import measure, measure_grades
from decortique.core.tables import read_columns
from decortique.models.batches import TokenRows
from decortique.models.folder import Predictions


class Trainable(nn.Module):
    """A model that the loop can train, whatever its build."""

    @property
    def title(self) -> str:
        """What it is, for the progress bar: `3 layers`."""
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        raise NotImplementedError

    def heights(self) -> dict[int, int]:
        """Tells how high weights stand, by their `id`; those it leaves out are predictions, above all others."""
        raise NotImplementedError

    def predict(
        self, rows: TokenRows, *, batch_size: int, done: Callable[[int], object] = lambda _: None
    ) -> Predictions:
        """Runs texts through the model, without training it, on its device.

        Args:
            rows: the texts.
            batch_size: texts at once.
            done: told how many texts each batch held.
        """
        raise NotImplementedError

    def compute_again(self) -> bool:
        """Has it compute activations twice instead of keeping them; tells whether it can."""
        return False


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
