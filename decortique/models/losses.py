"""Losses of heads, and the objective that they add up to.

Each loss returns a value per text, of which a head takes the (weighted) mean. A new one is a function here, a line in
`LOSSES`, and one that names it and its options in `decortique/data/settings.py`.
"""

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import torch
from torch.nn import functional

from decortique.core.files import StageError
from decortique.data.settings import ClassificationHead, Head
from decortique.models.batches import Batch, Examples
from decortique.models.heads import Headed, Regression

log = logging.getLogger(__name__)


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor, *, label_smoothing: float = 0.0) -> torch.Tensor:
    """Return (batch,) -Σ target · log softmax(logits) of (batch, classes) logits and target probabilities.

    `label_smoothing` is the share of the target spread evenly over all classes (Szegedy et al., 2016).
    """
    return functional.cross_entropy(logits, targets, label_smoothing=label_smoothing, reduction="none")


def focal(logits: torch.Tensor, targets: torch.Tensor, *, gamma: float = 2.0) -> torch.Tensor:
    """Return (batch,) -Σ target · (1 - p)^gamma · log p: the focal loss of Lin et al. (2017), equation 4.

    Texts that are classified well count for little, the less the higher `gamma`; 0 gives the cross-entropy.
    """
    log_p = functional.log_softmax(logits, dim=-1)
    # Kept off 0 by the smallest step below 1: the derivative of 0^gamma is infinite for gamma < 1.
    rest = (1 - log_p.exp()).clamp(min=torch.finfo(log_p.dtype).eps)
    return -(targets * rest**gamma * log_p).sum(-1)


def binary(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return (batch,) sums over the classes of the binary cross-entropy of each against the rest.

    Each of the (batch, classes) logits is the log-odds of its class.
    """
    return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(-1)


def mse(values: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return (batch,) squared errors of (batch,) numbers."""
    return functional.mse_loss(values, targets, reduction="none")


def huber(values: torch.Tensor, targets: torch.Tensor, *, delta: float = 1.0) -> torch.Tensor:
    """Return (batch,) Huber losses (Huber, 1964): quadratic for errors below `delta`, linear above it.

    The gradient of a score that is far off is then no larger than that of one which is `delta` off.
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
    """Return the mean of (batch,) losses where the target is `known`, 0 where a batch has none.

    Weights multiply the losses but do not divide the mean, so that a batch of rare texts weighs more: balanced ones
    are 1 on average over the corpus. Losses without a target may be anything but infinite.
    """
    kept = torch.where(known, losses, 0.0)
    return (kept if weights is None else kept * weights).sum() / known.sum().clamp(min=1)


def balanced_weights(targets: torch.Tensor) -> torch.Tensor:
    """Return (classes,) weights by which classes count alike: texts / (classes · texts of the class).

    This is what scikit-learn calls `balanced` (King & Zeng, 2001). `targets` are (texts, classes) of 0 and 1; a class
    without texts has the weight 0.
    """
    count = targets.sum(0)
    return torch.where(count > 0, len(targets) / (targets.shape[1] * count.clamp(min=1)), 0.0)


def graded_targets(labels: torch.Tensor, scores: torch.Tensor, slope: float) -> torch.Tensor:
    """Return (texts, 2) target probabilities of (texts,) scores: P(last class) = sigmoid(slope · score).

    A text whose score is NaN keeps its label, 0 or 1.
    """
    last = torch.where(scores.isnan(), labels.to(scores.dtype), torch.sigmoid(slope * scores))
    return torch.stack([1 - last, last], dim=1)


Terms = dict[str, torch.Tensor]  # the parts of a loss by name, scalars, each with its weight
Model = TypeVar("Model")
Objective = Callable[[Model, Batch], Terms]  # the loss of a batch is the sum of the terms

TARGET, WEIGHT = "target of {}", "weight of {}"  # their names in a batch


def head_targets(model: Headed, heads: Mapping[str, Head], examples: Examples) -> dict[str, torch.Tensor]:
    """Return the target of each head for each text, and the weight of the text, named as in a batch.

    A regression head of `model` takes its scale from the examples.

    Raises:
        StageError: a head is trained on scores, but the texts have none, or they contradict the labels.
    """
    targets: dict[str, torch.Tensor] = {}
    classes = model.classifier.config.num_labels
    for name, head in heads.items():
        if isinstance(head, ClassificationHead):
            targets[TARGET.format(name)] = _class_targets(name, head, examples, classes)
            if head.class_weight:
                one_hot = functional.one_hot(torch.from_numpy(examples.labels), classes).float()
                targets[WEIGHT.format(name)] = one_hot @ balanced_weights(one_hot)
        else:
            known = np.isfinite(examples.scores)
            if not known.any():
                raise StageError(
                    f"catalogue/tasks: the head {name} is trained on scores, but no training row has one: leave it out"
                )
            log.info("%s: trained on the scores of %d of %d texts", name, known.sum(), len(known))
            targets[TARGET.format(name)] = torch.from_numpy(examples.scores)
            regression = model.extra_heads()[name]
            assert isinstance(regression, Regression)  # noqa: S101  (narrows the type: built from `heads`)
            regression.fit_scale(targets[TARGET.format(name)])
    return targets


def heads_objective(heads: Mapping[str, Head]) -> Objective[Headed]:
    """Return the objective whose terms are the weighted losses of the heads, by their names."""

    def objective(model: Headed, batch: Batch) -> Terms:
        targets = {name: batch.pop(TARGET.format(name)) for name in heads}
        weights = {name: batch.pop(WEIGHT.format(name), None) for name in heads}
        outputs, extra = model(**batch), model.extra_heads()
        terms = {}
        for name, head in heads.items():
            output, target, module = outputs[name], targets[name], extra.get(name)
            known = ~target.isnan().reshape(len(target), -1).any(1)
            target = target.nan_to_num()
            if isinstance(module, Regression):
                output, target = module.standardize(output), module.standardize(target)
            losses = LOSSES[head.loss](output, target, **head.options)
            terms[name] = head.weight * mean_of_known(losses, known, weights[name])
        return terms

    return objective


def _class_targets(name: str, head: ClassificationHead, examples: Examples, classes: int) -> torch.Tensor:
    """Return (texts, classes) probabilities: 0 and 1, or those of the scores."""
    labels = torch.from_numpy(examples.labels)
    if head.score_slope is None:
        return functional.one_hot(labels, classes).float()
    known = np.isfinite(examples.scores)
    where = f"catalogue/tasks: score_slope of the head {name}"
    if classes != 2 or not known.any():
        raise StageError(f"{where} needs two labels and rows with scores: set it to null to train on labels")
    if ((examples.scores > 0) != (examples.labels == 1))[known].any():
        raise StageError(
            f"{where} needs scores that are positive for the last label and negative for the first, as grades from "
            "-4 to +4 are: set it to null to train on labels only"
        )
    log.info("%s: trained on the scores of %d of %d texts", name, known.sum(), len(known))
    return graded_targets(labels, torch.from_numpy(examples.scores), head.score_slope)
