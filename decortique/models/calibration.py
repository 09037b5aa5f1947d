"""Calibration and stacking: a logistic regression over the log-odds of one approach, or of several."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax

from decortique.core.files import StageError

SMALLEST = 1e-6  # a probability of 0 or 1 would be infinite evidence


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted logistic regression; of two classes it scores the last one only."""

    weights: np.ndarray  # (scored classes, approaches × (classes - 1)), of `log_odds`
    biases: np.ndarray  # (scored classes,)

    def __call__(self, probabilities: Sequence[np.ndarray]) -> np.ndarray:
        """Return calibrated (texts, classes) probabilities, given those of each approach."""
        scores = log_odds(probabilities) @ self.weights.T + self.biases
        if len(self.biases) > 1:
            return softmax(scores, axis=1)
        last = expit(scores[:, 0])
        return np.stack([1 - last, last], axis=1)


def fit_calibration(probabilities: Sequence[np.ndarray], truth: np.ndarray, labels: Sequence[str]) -> Calibration:
    """Fit on the validation set: (texts, classes) probabilities of one approach or several, and class numbers.

    With one approach and two classes this is Platt scaling (1999); with several it is stacking (Wolpert, 1992): each
    approach weighs as much as it adds to the others. Raise a `StageError` where a class is missing among the texts.
    """
    from sklearn.linear_model import LogisticRegression  # takes a while, and who only predicts does not need it

    if absent := sorted(set(range(len(labels))) - set(truth.tolist())):
        raise StageError(
            f"the validation set holds no {labels[absent[0]]!r}, so that nothing can be calibrated on it: "
            "enlarge split.validation, or choose another split.seed"
        )
    # Weakly regularised: a few coefficients on hundreds of texts.
    model = LogisticRegression(C=10.0, max_iter=1000).fit(log_odds(probabilities), truth)
    return Calibration(model.coef_, model.intercept_)


def log_odds(probabilities: Sequence[np.ndarray]) -> np.ndarray:
    """Return (texts, approaches × (classes - 1)) log-odds of each class against the first."""
    logs = [np.log(np.clip(values, SMALLEST, 1.0)) for values in probabilities]
    return np.concatenate([values[:, 1:] - values[:, :1] for values in logs], axis=1)
