"""What a decision costs, and what it should have been.

Each loss gives a value per text, of which a head takes the (weighted) mean. A new one is a function here, a
line in `LOSSES`, and one that names it and its options in `stages/settings/heads.py`.
"""

from collections.abc import Callable

import torch
from torch.nn import functional


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor, *, label_smoothing: float = 0.0) -> torch.Tensor:
    """Gives (batch,) -Σ target · log p, where p is the softmax of the logits.

    Args:
        logits: (batch, classes).
        targets: (batch, classes) probabilities; 0 and 1 for a label.
        label_smoothing: share of the target spread evenly over all classes (Szegedy et al., 2016).
    """
    return functional.cross_entropy(logits, targets, label_smoothing=label_smoothing, reduction="none")


def focal(logits: torch.Tensor, targets: torch.Tensor, *, gamma: float = 2.0) -> torch.Tensor:
    """Gives (batch,) -Σ target · (1 - p)^gamma · log p: what is decided well already counts for little.

    Lin et al. (2017), equation 4; with gamma = 0 it is the cross-entropy.

    Args:
        logits: (batch, classes).
        targets: (batch, classes) probabilities.
        gamma: how soon an easy text stops to count.
    """
    log_p = functional.log_softmax(logits, dim=-1)
    # Kept off 0 by the smallest step below 1: the derivative of 0^gamma is infinite for gamma < 1.
    rest = (1 - log_p.exp()).clamp(min=torch.finfo(log_p.dtype).eps)
    return -(targets * rest**gamma * log_p).sum(-1)


def binary(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Gives (batch,) Σ over the classes of the binary cross-entropy of each against the rest.

    Args:
        logits: (batch, classes), each the log-odds of its class.
        targets: (batch, classes) probabilities.
    """
    return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(-1)


def mse(values: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Gives (batch,) squared errors of (batch,) numbers."""
    return functional.mse_loss(values, targets, reduction="none")


def huber(values: torch.Tensor, targets: torch.Tensor, *, delta: float = 1.0) -> torch.Tensor:
    """Gives (batch,) errors: half the square of those below `delta`, above it in proportion (Huber, 1964).

    A grade that is far off then pulls no harder than one that is `delta` off.

    Args:
        values: (batch,).
        targets: (batch,).
        delta: where the square ends.
    """
    return functional.huber_loss(values, targets, delta=delta, reduction="none")


LOSSES: dict[str, Callable[..., torch.Tensor]] = {
    "cross_entropy": cross_entropy,
    "focal": focal,
    "binary": binary,
    "mse": mse,
    "huber": huber,
}


def mean_of_known(losses: torch.Tensor, known: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """Gives the mean loss of the texts whose target is known, 0 where a batch has none.

    Weights multiply the losses but do not divide the mean, so that a batch of rare texts weighs more: balanced ones
    are 1 on average over the corpus.

    Args:
        losses: (batch,); where nothing is known, they may be anything but infinite.
        known: (batch,) bool.
        weights: (batch,); None for 1.
    """
    kept = torch.where(known, losses, 0.0)
    return (kept if weights is None else kept * weights).sum() / known.sum().clamp(min=1)


def balanced_weights(targets: torch.Tensor) -> torch.Tensor:
    """Gives (classes,) weights by which each class counts as much as the others: texts / (classes · texts of it).

    This is what scikit-learn calls `balanced` (King & Zeng, 2001).

    Args:
        targets: (texts, classes) of 0 and 1; a class without texts weighs nothing.
    """
    count = targets.sum(0)
    return torch.where(count > 0, len(targets) / (targets.shape[1] * count.clamp(min=1)), 0.0)


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
