"""What a model says of texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class Predictions:
    """The probability of each label, and what further heads say."""

    probability: np.ndarray  # (texts, classes) float64
    others: Mapping[str, np.ndarray] = field(default_factory=dict)  # (texts, classes) probabilities or (texts,) numbers
