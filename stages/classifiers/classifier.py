"""What every approach can do, whatever stands behind it."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

Done = Callable[[int], object]


class Classifier(Protocol):
    """An approach that is ready to decide."""

    def probabilities(self, texts: Sequence[str], done: Done) -> np.ndarray:
        """Gives (texts, classes) float64 probabilities; `done` is told how many texts each step took."""
