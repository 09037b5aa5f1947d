"""Scores that mean what they say: probabilities re-estimated on texts that were not learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from stages.errors import StageError

SMALLEST = 1e-6  # a probability of 0 or 1 would be evidence without end


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression on the log-odds of one approach, or of several at once.

    With one approach and two classes this is Platt's scaling (1999); with several it is stacking (Wolpert, 1992), and
    each approach counts as far as the others leave something to say.
    """

    model: LogisticRegression

    @classmethod
    def fit(cls, probabilities: Sequence[np.ndarray], truth: np.ndarray, labels: Sequence[str]) -> "Calibration":
        """Fits on the validation set.

        Args:
            probabilities: of each approach, (texts, classes).
            truth: (texts,) class numbers.
            labels: names of the classes.

        Raises:
            StageError: a class is missing among the texts.
        """
        if absent := sorted(set(range(len(labels))) - set(truth.tolist())):
            raise StageError(
                f"the validation set holds no {labels[absent[0]]!r}, so that nothing can be calibrated on it: "
                "enlarge split.validation, or choose another split.seed"
            )
        # Weakly regularised: a few coefficients on hundreds of texts.
        return cls(LogisticRegression(C=10.0, max_iter=1000).fit(log_odds(probabilities), truth))

    def __call__(self, probabilities: Sequence[np.ndarray]) -> np.ndarray:
        """Gives (texts, classes) calibrated probabilities of texts whose approaches gave `probabilities`."""
        return self.model.predict_proba(log_odds(probabilities))


def log_odds(probabilities: Sequence[np.ndarray]) -> np.ndarray:
    """Gives (texts, approaches × (classes - 1)) log-odds of each class against the first."""
    logs = [np.log(np.clip(values, SMALLEST, 1.0)) for values in probabilities]
    return np.concatenate([values[:, 1:] - values[:, :1] for values in logs], axis=1)
