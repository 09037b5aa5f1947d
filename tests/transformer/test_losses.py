import math

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from stages.transformer.losses import balanced_weights, cross_entropy

LOGITS = torch.tensor([[math.log(3), 0.0], [0.0, 0.0]], dtype=torch.double)  # probabilities 3/4 1/4, 1/2 1/2
LABELS = torch.tensor([0, 1])


def test_a_decision_costs_the_logarithm_of_what_it_left_out() -> None:
    assert cross_entropy(LOGITS, LABELS).item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)


def test_smoothing_spreads_part_of_the_target_over_all_classes() -> None:
    first = 0.9 * math.log(4 / 3) + 0.1 * (math.log(4 / 3) + math.log(4)) / 2
    assert cross_entropy(LOGITS, LABELS, 0.1).item() == pytest.approx((first + math.log(2)) / 2)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_its_gradient_is_that_of_its_value(smoothing: float) -> None:
    logits = torch.randn(3, 4, dtype=torch.double, generator=torch.manual_seed(0), requires_grad=True)
    labels = torch.tensor([0, 3, 1])
    assert torch.autograd.gradcheck(lambda values: cross_entropy(values, labels, smoothing), logits)


def test_a_mistake_on_a_class_counts_as_its_weight_says() -> None:
    weights = torch.tensor([1.0, 3.0], dtype=torch.double)
    expected = (1 * math.log(4 / 3) + 3 * math.log(2)) / (1 + 3)
    assert cross_entropy(LOGITS, LABELS, class_weights=weights).item() == pytest.approx(expected)


def test_graded_targets_are_weighted_class_by_class() -> None:
    weights = torch.tensor([1.0, 3.0], dtype=torch.double)
    targets = torch.tensor([[0.8, 0.2], [0.4, 0.6]], dtype=torch.double)
    first = 1 * 0.8 * math.log(4 / 3) + 3 * 0.2 * math.log(4)
    second = (1 * 0.4 + 3 * 0.6) * math.log(2)
    assert cross_entropy(LOGITS, targets, class_weights=weights).item() == pytest.approx((first + second) / 2)


def test_weights_of_one_change_nothing() -> None:
    targets = torch.tensor([[0.8, 0.2], [0.4, 0.6]], dtype=torch.double)
    ones = torch.ones(2, dtype=torch.double)
    for wanted in (LABELS, targets):
        for smoothing in (0.0, 0.1):
            expected = cross_entropy(LOGITS, wanted, smoothing).item()
            assert cross_entropy(LOGITS, wanted, smoothing, ones).item() == pytest.approx(expected)


@pytest.mark.parametrize("counts", [[5, 5], [90, 10], [7, 1, 12], [1, 1000]])
def test_balanced_weights_are_those_of_scikit_learn(counts: list[int]) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    expected = compute_class_weight("balanced", classes=np.arange(len(counts)), y=labels)
    found = balanced_weights(torch.from_numpy(labels), len(counts))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


def test_each_class_has_the_same_share_of_the_loss_once_balanced() -> None:
    labels = torch.tensor([0] * 9 + [1])
    weights = balanced_weights(labels, 2)
    assert (weights * torch.bincount(labels)).tolist() == pytest.approx([5, 5])
    even = cross_entropy(torch.zeros(10, 2), labels, class_weights=weights)
    assert even.item() == pytest.approx(math.log(2))


def test_a_class_without_texts_weighs_nothing_rather_than_infinitely() -> None:
    weights = balanced_weights(torch.tensor([0, 0, 2, 2, 2, 2]), 3)
    assert weights.tolist() == pytest.approx([1.0, 0.0, 0.5])
    assert balanced_weights(torch.tensor([], dtype=torch.long), 2).tolist() == [0.0, 0.0]
