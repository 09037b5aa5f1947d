"""A small corpus of two labels, and predictions for it."""

from collections.abc import Sequence

import numpy as np

from decortique.data.corpus import Row
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable
from tests.models.test_bag_of_words import settings as candidate

NAMES = ["negative", "positive"]
SETTINGS = Evaluate(resamples=100, confidence=0.95, calibration_bins=5, seed=0)
CANDIDATE = candidate(regularization=[1.0])


def row(name: str, text: str, label: str | None = "negative", score: float | None = None, group: str = "") -> Row:
    """Return a row of the corpus."""
    return Row(name, text, label, score, group or name, 0)


def predicted(probability: Sequence[float]) -> PredictionTable:
    """Return the predictions of an approach, from the probability of `positive`."""
    last = np.array(probability)
    return PredictionTable([], (last >= 0.5).astype(int), np.column_stack([1 - last, last]))
