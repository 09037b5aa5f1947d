"""What every approach can do, whatever stands behind it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from stages.artifacts.predictions import Predictions

Done = Callable[[int], object]


class Classifier(Protocol):
    """An approach that is ready to decide."""

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Gives probabilities, and what further heads say; `done` is told how many texts each step took."""
