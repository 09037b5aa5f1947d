import math

import pytest
import torch

from stages.transformer.losses import cross_entropy

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
