"""What a decision costs, and what it should have been."""

import torch
from torch.nn import functional


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor, label_smoothing: float = 0.0) -> torch.Tensor:
    """Gives the mean over a batch of -Σ target · log p, a scalar.

    Args:
        logits: (batch, classes).
        targets: (batch,) class numbers, or (batch, classes) probabilities.
        label_smoothing: share of the target spread evenly over all classes (Szegedy et al., 2016).
    """
    return functional.cross_entropy(logits, targets, label_smoothing=label_smoothing)


def graded_targets(labels: torch.Tensor, scores: torch.Tensor, slope: float) -> torch.Tensor:
    """Turns scores into probabilities of two classes: P(last class) = sigmoid(slope · score).

    Args:
        labels: (texts,) class numbers, 0 or 1.
        scores: (texts,) graded targets, positive for class 1; NaN where a text has none, which keeps its label.
        slope: how soon a score counts as certain.

    Returns:
        (texts, 2) probabilities.
    """
    last = torch.where(scores.isnan(), labels.to(scores.dtype), torch.sigmoid(slope * scores))
    return torch.stack([1 - last, last], dim=1)
