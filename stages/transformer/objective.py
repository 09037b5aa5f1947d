"""What the heads of a model should say of each training text, and what it costs that they do not."""

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import torch
from torch.nn import functional

from stages.errors import StageError
from stages.settings.heads import ClassificationHead, Head
from stages.transformer import losses
from stages.transformer.batches import Batch
from stages.transformer.examples import Examples
from stages.transformer.heads import Headed, Regression

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
                extras[WEIGHT.format(name)] = hard @ losses.balanced_weights(hard)
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
    return losses.mean_of_known(losses.LOSSES[head.loss](output, target, **head.options), known, weights)


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
    return losses.graded_targets(labels, torch.from_numpy(examples.scores), head.score_slope)


def _numbers(name: str, examples: Examples) -> torch.Tensor:
    """Gives (texts,) float32, NaN where a text has no score."""
    known = np.isfinite(examples.scores)
    if not known.any():
        raise StageError(
            f"catalogue/tasks: the head {name} learns from scores, but no training row has one: leave it out"
        )
    log.info("%s: learning from the scores of %d of %d texts", name, known.sum(), len(known))
    return torch.from_numpy(examples.scores)
