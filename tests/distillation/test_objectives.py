import math
from collections.abc import Callable

import pytest
import torch
from torch.nn import functional

from decortique.distillation.objectives import attention_kl, cosine, mse, similarity_mse, soft_target_kl

Distance = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
DISTANCES: list[Distance] = [cosine, mse]


def logits(*probabilities: float, temperature: float = 1.0) -> list[float]:
    """Return logits that give these probabilities at `temperature`."""
    return [temperature * math.log(value) for value in probabilities]


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.double, generator=torch.Generator().manual_seed(seed))


def maps(*shape: int, seed: int = 0) -> torch.Tensor:
    """Return attention maps: each row adds up to 1."""
    return random(*shape, seed=seed).softmax(-1)


def ones(*shape: int) -> torch.Tensor:
    return torch.ones(*shape, dtype=torch.long)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_soft_target_kl_is_the_divergence_times_the_squared_temperature(temperature: float) -> None:
    teacher = torch.tensor([logits(0.5, 0.25, 0.25, temperature=temperature)] * 2, dtype=torch.double)
    student = torch.tensor(
        [
            logits(0.25, 0.5, 0.25, temperature=temperature),
            logits(0.5, 0.25, 0.25, temperature=temperature),
        ],
        dtype=torch.double,
    )
    divergence = 0.5 * math.log(2) + 0.25 * math.log(0.5)  # of the first text; the second agrees
    assert soft_target_kl(student, teacher, temperature).item() == pytest.approx(temperature**2 * divergence / 2)


def test_the_divergence_is_weighted_by_the_teacher() -> None:
    """KL(teacher ‖ student) and KL(student ‖ teacher) differ."""
    teacher = torch.tensor([logits(0.9, 0.1)], dtype=torch.double)
    student = torch.tensor([logits(0.5, 0.5)], dtype=torch.double)
    assert soft_target_kl(student, teacher, 1.0).item() == pytest.approx(0.9 * math.log(1.8) + 0.1 * math.log(0.2))


def test_the_gradient_keeps_its_size_when_the_temperature_rises() -> None:
    """What T² is for (Hinton et al., 2015): at high T the gradient tends to (z - v) / classes."""
    student = torch.tensor([[1.0, -1.0]], dtype=torch.double, requires_grad=True)
    teacher = torch.zeros(1, 2, dtype=torch.double)
    (gradient,) = torch.autograd.grad(soft_target_kl(student, teacher, 1000.0), student)
    assert gradient.tolist() == [[pytest.approx(0.5, abs=1e-3), pytest.approx(-0.5, abs=1e-3)]]


def test_a_student_equal_to_its_teacher_has_no_loss() -> None:
    scores, states, looked = random(5, 3), random(5, 4, 6), maps(5, 2, 4, 4)
    assert soft_target_kl(scores, scores + 7.0, 2.0).item() == pytest.approx(0, abs=1e-12)
    assert cosine(states, 3 * states, ones(5, 4)).item() == pytest.approx(0, abs=1e-12)
    assert mse(states, states, ones(5, 4)).item() == 0
    assert attention_kl(looked, looked, ones(5, 4)).item() == pytest.approx(0, abs=1e-12)
    assert similarity_mse(scores, scores).item() == 0


def test_opposed_states_cost_4_and_orthogonal_ones_2() -> None:
    teacher = torch.tensor([[[2.0, 0.0]]])
    assert cosine(torch.tensor([[[0.1, 0.0]]]), teacher, ones(1, 1)).item() == pytest.approx(0)
    assert cosine(torch.tensor([[[-9.0, 0.0]]]), teacher, ones(1, 1)).item() == pytest.approx(4)
    assert cosine(torch.tensor([[[0.0, 3.0]]]), teacher, ones(1, 1)).item() == pytest.approx(2)


def test_the_squared_difference_is_the_mean_over_the_width() -> None:
    student, teacher = torch.tensor([[[1.0, -2.0, 0.5, 4.0]]]), torch.tensor([[[0.0, 0.0, 0.5, 1.0]]])
    assert mse(student, teacher, ones(1, 1)).item() == pytest.approx((1 + 4 + 0 + 9) / 4)


TEACHER = torch.tensor([[[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]])
STUDENT = torch.tensor([[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]], [[3.0, 4.0], [9.0, -9.0], [5.0, 5.0]]])
MASK = torch.tensor([[1, 1, 1], [1, 0, 0]])


@pytest.mark.parametrize(
    ("distance", "long", "short"),
    [(cosine, (0 + 4 + 2) / 3, 2 * (1 - 0.6)), (mse, (0 + 4 / 2 + 2 / 2) / 3, (4 + 16) / 2)],
    ids=["cosine", "mse"],
)
def test_a_long_text_counts_as_much_as_a_short_one_and_padding_not_at_all(
    distance: Distance, long: float, short: float
) -> None:
    assert distance(STUDENT, TEACHER, MASK).item() == pytest.approx((long + short) / 2)
    worse = torch.where(MASK[..., None].bool(), STUDENT, 1e3)
    assert distance(worse, TEACHER, MASK).item() == pytest.approx((long + short) / 2)


# What each of two tokens looks at: half and half, then the first alone.
LOOKED = torch.tensor([[[[0.5, 0.5], [1.0, 0.0]]]], dtype=torch.double)
ASKEW = torch.tensor([[[[0.25, 0.75], [0.5, 0.5]]]], dtype=torch.double)
FIRST, SECOND = 0.5 * math.log(2) + 0.5 * math.log(2 / 3), math.log(2)


def test_attention_kl_is_the_divergence_computed_by_hand() -> None:
    assert attention_kl(ASKEW, LOOKED, ones(1, 2)).item() == pytest.approx((FIRST + SECOND) / 2)


def test_the_attention_of_padding_costs_nothing() -> None:
    assert attention_kl(ASKEW, LOOKED, torch.tensor([[1, 0]])).item() == pytest.approx(FIRST)
    two, teacher_maps = torch.cat([ASKEW, ASKEW]), torch.cat([LOOKED, LOOKED])
    result = attention_kl(two, teacher_maps, torch.tensor([[1, 1], [1, 0]])).item()
    assert result == pytest.approx(((FIRST + SECOND) / 2 + FIRST) / 2)  # the texts count alike


def test_equally_many_heads_are_compared_one_by_one_others_by_their_mean() -> None:
    """Two heads that swap their indices are equal in the mean only."""
    one, other = LOOKED, 1 - LOOKED
    teacher, swapped = torch.cat([one, other], dim=1), torch.cat([other, one], dim=1)
    swapped = 0.5 * swapped + 0.25  # no zeros, where the divergence would be infinite
    assert attention_kl(swapped, teacher, ones(1, 2)).item() > 0.1
    mean = teacher.mean(1, keepdim=True)
    assert attention_kl(mean, teacher, ones(1, 2)).item() == pytest.approx(0, abs=1e-12)
    three = torch.cat([mean, ASKEW, 2 * mean - ASKEW], dim=1)  # their mean is the teacher's
    assert attention_kl(three, teacher, ones(1, 2)).item() == pytest.approx(0, abs=1e-12)


def test_attention_missing_in_a_student_costs_much_but_not_infinitely() -> None:
    student = torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]]], requires_grad=True)
    cost = attention_kl(student, LOOKED.float(), ones(1, 2))
    assert 10 < cost.item() < 100
    (gradient,) = torch.autograd.grad(cost, student)
    assert gradient.isfinite().all()


def test_relations_are_the_mean_squared_difference_of_similarities() -> None:
    student = torch.eye(2)  # two texts that have nothing in common
    teacher = torch.tensor([[1.0, 0.0], [1.0, 0.0]])  # to whom they are the same: rows of 1/√2
    assert similarity_mse(student, teacher).item() == pytest.approx(((1 - 0.5**0.5) ** 2 + 0.5) * 2 / 4)


def test_relations_do_not_depend_on_width_scale_or_direction() -> None:
    teacher = random(6, 4)
    wider = torch.cat([teacher, torch.zeros(6, 3, dtype=torch.double)], dim=1)
    turned, _ = torch.linalg.qr(random(7, 7, seed=1))
    assert similarity_mse(5 * wider @ turned, teacher).item() == pytest.approx(0, abs=1e-12)
    assert similarity_mse(random(6, 7, seed=2), teacher).item() > 0.01


@pytest.mark.parametrize(
    ("cost", "shape"),
    [
        (lambda one: soft_target_kl(one, random(3, 4, seed=1), 2.5), (3, 4)),
        (lambda one: cosine(one, random(2, 3, 4, seed=1), MASK), (2, 3, 4)),
        (lambda one: mse(one, random(2, 3, 4, seed=1), MASK), (2, 3, 4)),
        (lambda one: attention_kl(one.softmax(-1), maps(2, 2, 3, 3, seed=1), MASK), (2, 2, 3, 3)),
        (lambda one: attention_kl(one.softmax(-1), maps(2, 3, 3, 3, seed=1), MASK), (2, 2, 3, 3)),
        (lambda one: similarity_mse(one, random(3, 5, seed=1)), (3, 4)),
    ],
    ids=["softened", "cosine", "mse", "attention", "attention of the mean", "relations"],
)
def test_every_objective_has_a_correct_gradient(
    cost: Callable[[torch.Tensor], torch.Tensor], shape: tuple[int, ...]
) -> None:
    student = random(*shape).requires_grad_()
    assert torch.autograd.gradcheck(cost, student)
    (gradient,) = torch.autograd.grad(cost(student), student)
    assert gradient.abs().max() > 1e-3


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_cost_of_one_token_is_that_of_its_state_alone(distance: Distance) -> None:
    """The state of the first token, as cached outputs have it, is a text of one token."""
    student, teacher = random(3, 1, 4), random(3, 1, 4, seed=1)
    result = distance(student, teacher, ones(3, 1))
    if distance is mse:
        assert result.item() == pytest.approx(functional.mse_loss(student, teacher).item())
    else:
        cosines = functional.cosine_similarity(student, teacher, dim=-1)
        assert result.item() == pytest.approx(2 * (1 - cosines.mean().item()))
