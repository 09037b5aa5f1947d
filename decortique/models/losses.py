"""Losses of heads, and the objective that they add up to.

Each loss gives a value per text, of which a head takes the (weighted) mean. A new one is a function here, a line in
`LOSSES`, and one that names it and its options in `decortique/data/task_settings.py`.
"""

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import torch
from torch.nn import functional

from decortique.core.errors import StageError
from decortique.data.task_settings import ClassificationHead, Head
from decortique.models.batches import Batch
from decortique.models.examples import Examples
from decortique.models.heads import Headed, Regression


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


log = logging.getLogger(__name__)

Terms = dict[str, torch.Tensor]  # the parts of a loss by name, scalars, each with its weight
Model = TypeVar("Model")
Objective = Callable[[Model, Batch], Terms]

TARGET, WEIGHT = "target of {}", "weight of {}"  # as they arrive in a batch


def supervision(model: Headed, heads: Mapping[str, Head], examples: Examples) -> dict[str, torch.Tensor]:
    """Gives what each head should say of each text, and how much the text counts, named as in a batch.

    A head of `model` that says numbers takes their scale from the examples.

    Raises:
        StageError: a head learns from numbers, but the texts have none; or they contradict the labels.
    """
    extras: dict[str, torch.Tensor] = {}
    classes = model.classifier.config.num_labels
    for name, head in heads.items():
        if isinstance(head, ClassificationHead):
            extras[TARGET.format(name)] = _classes(name, head, examples, classes)
            if head.class_weight:
                hard = functional.one_hot(torch.from_numpy(examples.labels), classes).float()
                extras[WEIGHT.format(name)] = hard @ balanced_weights(hard)
        else:
            extras[TARGET.format(name)] = _numbers(name, examples)
            module = model.further()[name]
            assert isinstance(module, Regression)  # noqa: S101  (narrows the type; `new_headed` built it from `heads`)
            module.fit(extras[TARGET.format(name)])
    return extras


def heads_objective(heads: Mapping[str, Head]) -> Objective[Headed]:
    """Gives the loss of a batch: that of each head, weighted, under its name."""

    def objective(model: Headed, batch: Batch) -> Terms:
        targets = {name: batch.pop(TARGET.format(name)) for name in heads}
        weights = {name: batch.pop(WEIGHT.format(name), None) for name in heads}
        outputs = model(**batch)
        return {
            name: head.weight * _cost(head, model, name, outputs[name], targets[name], weights[name])
            for name, head in heads.items()
        }

    return objective


def _cost(
    head: Head, model: Headed, name: str, output: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None
) -> torch.Tensor:
    """Gives the mean loss of the texts that have a target; the others have NaN there."""
    known = ~target.isnan().reshape(len(target), -1).any(1)
    target = target.nan_to_num()
    module = model.further().get(name)
    if isinstance(module, Regression):
        output, target = module.standard(output), module.standard(target)
    return mean_of_known(LOSSES[head.loss](output, target, **head.options), known, weights)


def _classes(name: str, head: ClassificationHead, examples: Examples, classes: int) -> torch.Tensor:
    """Gives (texts, classes) probabilities: 0 and 1, or those that follow the scores."""
    labels = torch.from_numpy(examples.labels)
    if head.score_slope is None:
        return functional.one_hot(labels, classes).float()
    graded = np.isfinite(examples.scores)
    where = f"catalogue/tasks: score_slope of the head {name}"
    if classes != 2 or not graded.any():
        raise StageError(f"{where} needs two labels and rows with scores: set it to null to learn from labels")
    if ((examples.scores > 0) != (examples.labels == 1))[graded].any():
        raise StageError(
            f"{where} needs scores that are positive for the last label and negative for the first, as grades from "
            "-4 to +4 are: set it to null to learn from labels only"
        )
    log.info("%s: learning from the scores of %d of %d texts", name, graded.sum(), len(graded))
    return graded_targets(labels, torch.from_numpy(examples.scores), head.score_slope)


def _numbers(name: str, examples: Examples) -> torch.Tensor:
    """Gives (texts,) float32, NaN where a text has no score."""
    known = np.isfinite(examples.scores)
    if not known.any():
        raise StageError(
            f"catalogue/tasks: the head {name} learns from scores, but no training row has one: leave it out"
        )
    log.info("%s: learning from the scores of %d of %d texts", name, known.sum(), len(known))
    return torch.from_numpy(examples.scores)
