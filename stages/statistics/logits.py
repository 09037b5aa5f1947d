"""Logits of a model → probabilities, whatever computed them."""

import numpy as np
from scipy.special import log_expit, softmax


def probabilities(logits: np.ndarray, *, binary: bool = False) -> np.ndarray:
    """Gives (texts, classes) float64 probabilities.

    Args:
        logits: (texts, classes).
        binary: each logit was trained against the rest (`losses.binary`): their sigmoids are scaled to add up to 1;
            else the softmax.
    """
    values = logits.astype(np.float64)
    return softmax(log_expit(values) if binary else values, axis=1)
