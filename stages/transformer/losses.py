"""What a decision costs."""

import torch
from torch.nn import functional


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor, label_smoothing: float = 0.0) -> torch.Tensor:
    """Gives the mean over a batch of -log p(label), a scalar.

    Args:
        logits: (batch, classes).
        labels: (batch,), class numbers.
        label_smoothing: share of the target spread evenly over all classes (Szegedy et al., 2016).
    """
    return functional.cross_entropy(logits, labels, label_smoothing=label_smoothing)
