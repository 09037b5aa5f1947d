"""What a decision costs, and what it should have been."""

import torch
from torch.nn import functional


def cross_entropy(
    logits: torch.Tensor,
    targets: torch.Tensor,
    label_smoothing: float = 0.0,
    class_weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """Gives the mean over a batch of -Σ weight · target · log p, a scalar.

    With class numbers and weights the mean is weighted, as torch has it: the sum is divided by that of the weights of
    the batch. With probabilities it is divided by the number of texts.

    Args:
        logits: (batch, classes).
        targets: (batch,) class numbers, or (batch, classes) probabilities.
        label_smoothing: share of the target spread evenly over all classes (Szegedy et al., 2016).
        class_weights: (classes,) what a mistake on each class counts; None for 1.
    """
    return functional.cross_entropy(logits, targets, weight=class_weights, label_smoothing=label_smoothing)


def balanced_weights(labels: torch.Tensor, classes: int) -> torch.Tensor:
    """Gives (classes,) weights by which each class counts as much as the others: texts / (classes · texts of it).

    This is what scikit-learn calls `balanced` (King & Zeng, 2001).

    Args:
        labels: (texts,) class numbers.
        classes: how many there are; one without texts weighs nothing.
    """
    count = torch.bincount(labels, minlength=classes).float()
    return torch.where(count > 0, len(labels) / (classes * count.clamp(min=1)), 0.0)


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
