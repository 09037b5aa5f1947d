import inspect
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from decortique.data.settings import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from decortique.models.losses import (
    LOSSES,
    balanced_weights,
    binary,
    cross_entropy,
    focal,
    graded_targets,
    huber,
    mean_of_known,
    mse,
)

LOGITS = torch.tensor([[math.log(3), 0.0], [0.0, 0.0]], dtype=torch.double)  # probabilities 3/4 1/4, 1/2 1/2
LABELS = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.double)
GRADED = torch.tensor([[0.8, 0.2], [0.4, 0.6]], dtype=torch.double)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.double, generator=torch.manual_seed(seed))


def one_hot(labels: list[int], classes: int) -> torch.Tensor:
    return torch.eye(classes)[labels]


@pytest.mark.parametrize(("name", "options"), [*CLASSIFICATION_LOSSES.items(), *REGRESSION_LOSSES.items()])
def test_every_configurable_loss_takes_its_configurable_options(name: str, options: dict[str, object]) -> None:
    parameters = inspect.signature(LOSSES[name]).parameters.values()
    assert {one.name for one in parameters if one.kind is one.KEYWORD_ONLY} == set(options)
    assert all(one.default is not one.empty for one in parameters if one.kind is one.KEYWORD_ONLY)


def test_cross_entropy_is_minus_the_log_probability_of_the_label() -> None:
    assert cross_entropy(LOGITS, LABELS).tolist() == pytest.approx([math.log(4 / 3), math.log(2)])


def test_cross_entropy_of_soft_targets_weighs_each_class_by_its_share() -> None:
    first = 0.8 * math.log(4 / 3) + 0.2 * math.log(4)
    assert cross_entropy(LOGITS, GRADED).tolist() == pytest.approx([first, math.log(2)])


def test_smoothing_spreads_part_of_the_target_over_all_classes() -> None:
    first = 0.95 * math.log(4 / 3) + 0.05 * math.log(4)
    assert cross_entropy(LOGITS, LABELS, label_smoothing=0.1).tolist() == pytest.approx([first, math.log(2)])


def test_the_focal_loss_counts_well_predicted_texts_for_little() -> None:
    first, second = (1 / 4) ** 2 * math.log(4 / 3), (1 / 2) ** 2 * math.log(2)
    assert focal(LOGITS, LABELS, gamma=2.0).tolist() == pytest.approx([first, second])
    first = 0.8 * (1 / 4) ** 3 * math.log(4 / 3) + 0.2 * (3 / 4) ** 3 * math.log(4)
    assert focal(LOGITS, GRADED, gamma=3.0).tolist() == pytest.approx([first, (1 / 2) ** 3 * math.log(2)])


def test_a_focal_loss_with_gamma_zero_is_the_cross_entropy() -> None:
    logits, targets = random(7, 4, seed=1), torch.softmax(random(7, 4, seed=2), dim=-1)
    torch.testing.assert_close(focal(logits, targets, gamma=0.0), cross_entropy(logits, targets))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_a_prediction_of_probability_one_gives_finite_gradients(gamma: float, kind: torch.dtype) -> None:
    """At p = 1 the derivative of (1 - p)^gamma is infinite for gamma < 1."""
    logits = torch.tensor([[200.0, 0.0], [200.0, 0.0]], dtype=kind, requires_grad=True)
    costs = focal(logits, torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=kind), gamma=gamma)
    (gradient,) = torch.autograd.grad(costs.sum(), logits)
    assert costs.tolist() == pytest.approx([0.0, 200.0], abs=1e-3)
    assert gradient.tolist() == [pytest.approx([0.0, 0.0], abs=1e-3), pytest.approx([1.0, -1.0], abs=1e-3)]


def test_the_one_vs_rest_loss_is_the_binary_cross_entropy_of_each_class() -> None:
    first = math.log(4 / 3) + math.log(2)  # odds of 3:1 for the first class, of 1:1 for the other
    assert binary(LOGITS, LABELS).tolist() == pytest.approx([first, 2 * math.log(2)])
    first = 0.8 * math.log(4 / 3) + 0.2 * math.log(4) + math.log(2)
    assert binary(LOGITS, GRADED).tolist() == pytest.approx([first, 2 * math.log(2)])


def test_the_squared_loss_is_the_square_of_the_error() -> None:
    assert mse(torch.tensor([1.0, -2.0]), torch.tensor([0.5, 1.0])).tolist() == [0.25, 9.0]


def test_the_gradient_of_a_large_error_is_limited() -> None:
    values = torch.tensor([0.5, -1.0, 3.0, -10.0], requires_grad=True)
    costs = huber(values, torch.zeros(4), delta=2.0)
    assert costs.tolist() == pytest.approx([0.125, 0.5, 2 * (3 - 1), 2 * (10 - 1)])
    (pull,) = torch.autograd.grad(costs.sum(), values)
    assert pull.tolist() == pytest.approx([0.5, -1.0, 2.0, -2.0])


Loss = Callable[[torch.Tensor], torch.Tensor]
SOFT = torch.softmax(random(5, 4, seed=3), dim=-1)
HARD = one_hot([0, 3, 1, 1, 2], 4).double()


@pytest.mark.parametrize(
    "loss",
    [
        lambda logits: cross_entropy(logits, HARD),
        lambda logits: cross_entropy(logits, SOFT, label_smoothing=0.2),
        lambda logits: focal(logits, SOFT, gamma=0.5),
        lambda logits: focal(logits, HARD, gamma=2.0),
        lambda logits: binary(logits, SOFT),
        lambda logits: mse(logits[:, 0], SOFT[:, 0]),
        lambda logits: huber(logits[:, 0], SOFT[:, 0], delta=0.7),
    ],
    ids=["cross-entropy", "smoothed", "focal-half", "focal", "binary", "mse", "huber"],
)
def test_the_gradient_of_a_loss_is_that_of_its_value(loss: Loss) -> None:
    logits = random(5, 4).requires_grad_()
    assert loss(logits).shape == (5,)
    assert torch.autograd.gradcheck(loss, logits)


def test_texts_without_a_target_are_not_trained_on() -> None:
    values = torch.tensor([1.0, 5.0, 3.0], requires_grad=True)
    costs = values.square()
    result = mean_of_known(costs, torch.tensor([True, False, True]))
    assert result.item() == pytest.approx((1 + 9) / 2)
    (gradient,) = torch.autograd.grad(result, values)
    assert gradient.tolist() == pytest.approx([1.0, 0.0, 3.0])


def test_a_batch_without_any_target_costs_nothing_and_changes_nothing() -> None:
    values = torch.tensor([1.0, 5.0], requires_grad=True)
    for weights in (None, torch.tensor([2.0, 3.0])):
        result = mean_of_known(values.square(), torch.tensor([False, False]), weights)
        assert result.item() == 0.0
        (gradient,) = torch.autograd.grad(result, values)
        assert gradient.tolist() == [0.0, 0.0]


def test_a_text_counts_by_its_weight_and_a_batch_of_rare_ones_for_more() -> None:
    costs, known = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([True, True, False])
    assert mean_of_known(costs, known, torch.tensor([1.0, 3.0, 9.0])).item() == pytest.approx((1 + 6) / 2)
    assert mean_of_known(costs, known, torch.full((3,), 3.0)).item() == pytest.approx(3 * 1.5)


@pytest.mark.parametrize("counts", [[5, 5], [90, 10], [7, 1, 12], [1, 1000]])
def test_balanced_weights_are_those_of_scikit_learn(counts: list[int]) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    expected = compute_class_weight("balanced", classes=np.arange(len(counts)), y=labels)
    result = balanced_weights(one_hot(labels.tolist(), len(counts)))
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)


def test_each_class_has_the_same_share_of_the_loss_once_balanced() -> None:
    targets = one_hot([0] * 9 + [1], 2)
    weights = balanced_weights(targets)
    assert (weights * targets.sum(0)).tolist() == pytest.approx([5, 5])
    even = mean_of_known(
        cross_entropy(torch.zeros(10, 2), targets), torch.ones(10, dtype=torch.bool), targets @ weights
    )
    assert even.item() == pytest.approx(math.log(2))


def test_a_class_without_texts_weighs_nothing_rather_than_infinitely() -> None:
    assert balanced_weights(one_hot([0, 0, 2, 2, 2, 2], 3)).tolist() == pytest.approx([1.0, 0.0, 0.5])
    assert balanced_weights(torch.empty(0, 2)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("slope", [0.5, 1.0, 3.0])
def test_a_weakly_positive_sentence_has_a_soft_target(slope: float) -> None:
    scores = [-2.0, 0.5, 4.0]
    targets = graded_targets(torch.tensor([0, 1, 1]), torch.tensor(scores), slope)
    expected = [1 / (1 + math.exp(-slope * score)) for score in scores]
    assert targets[:, 1].tolist() == pytest.approx(expected)
    assert targets.sum(1).tolist() == pytest.approx([1, 1, 1])


def test_a_text_without_a_score_keeps_its_label() -> None:
    targets = graded_targets(torch.tensor([0, 1, 1]), torch.tensor([torch.nan, torch.nan, 0.0]), slope=1.0)
    assert targets.tolist() == [[1, 0], [0, 1], [0.5, 0.5]]
