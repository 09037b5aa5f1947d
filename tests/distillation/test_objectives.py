import math

import pytest
import torch

from stages.distillation.objectives import hidden_distance, softened


def logits(*probabilities: float, temperature: float = 1.0) -> list[float]:
    """Logits that are these probabilities once softened by `temperature`."""
    return [temperature * math.log(value) for value in probabilities]


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_the_softened_loss_is_the_divergence_by_hand_times_the_square_of_the_temperature(temperature: float) -> None:
    teacher = torch.tensor([logits(0.5, 0.25, 0.25, temperature=temperature)] * 2, dtype=torch.double)
    student = torch.tensor(
        [
            logits(0.25, 0.5, 0.25, temperature=temperature),
            logits(0.5, 0.25, 0.25, temperature=temperature),
        ],
        dtype=torch.double,
    )
    divergence = 0.5 * math.log(2) + 0.25 * math.log(0.5)  # of the first text; the second agrees
    assert softened(student, teacher, temperature).item() == pytest.approx(temperature**2 * divergence / 2)


def test_the_teacher_is_the_one_who_weighs() -> None:
    """KL(teacher ‖ student) and KL(student ‖ teacher) differ."""
    teacher = torch.tensor([logits(0.9, 0.1)], dtype=torch.double)
    student = torch.tensor([logits(0.5, 0.5)], dtype=torch.double)
    assert softened(student, teacher, 1.0).item() == pytest.approx(0.9 * math.log(1.8) + 0.1 * math.log(0.2))


def test_a_student_that_says_what_its_teacher_says_pays_nothing() -> None:
    values = torch.randn(5, 3, generator=torch.manual_seed(0))
    assert softened(values, values + 7.0, 2.0).item() == pytest.approx(0, abs=1e-6)
    assert hidden_distance(values[:, None], 3 * values[:, None]).item() == pytest.approx(0, abs=1e-6)


def test_the_gradient_of_the_softened_loss_is_that_of_its_value() -> None:
    student = torch.randn(3, 4, dtype=torch.double, generator=torch.manual_seed(0), requires_grad=True)
    teacher = torch.randn(3, 4, dtype=torch.double, generator=torch.manual_seed(1))
    assert torch.autograd.gradcheck(lambda values: softened(values, teacher, 2.5), student)


def test_the_gradient_keeps_its_size_when_the_temperature_rises() -> None:
    """What T² is for (Hinton et al., 2015): at high T the gradient tends to (z - v) / classes."""
    student = torch.tensor([[1.0, -1.0]], dtype=torch.double, requires_grad=True)
    teacher = torch.zeros(1, 2, dtype=torch.double)
    (gradient,) = torch.autograd.grad(softened(student, teacher, 1000.0), student)
    assert gradient.tolist() == [[pytest.approx(0.5, abs=1e-3), pytest.approx(-0.5, abs=1e-3)]]


def test_states_that_are_opposed_are_4_apart_and_those_at_right_angles_2() -> None:
    teacher = torch.tensor([[[2.0, 0.0]]])
    assert hidden_distance(torch.tensor([[[0.1, 0.0]]]), teacher).item() == pytest.approx(0)
    assert hidden_distance(torch.tensor([[[-9.0, 0.0]]]), teacher).item() == pytest.approx(4)
    assert hidden_distance(torch.tensor([[[0.0, 3.0]]]), teacher).item() == pytest.approx(2)


def test_the_distance_of_states_is_the_mean_over_texts_and_layers() -> None:
    teacher = torch.tensor([[[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]])
    student = torch.tensor([[[1.0, 0.0], [-1.0, 0.0]], [[0.0, 1.0], [3.0, 4.0]]])
    assert hidden_distance(student, teacher).item() == pytest.approx((0 + 4 + 2 + 2 * (1 - 0.6)) / 4)


def test_the_gradient_of_the_distance_is_that_of_its_value() -> None:
    student = torch.randn(2, 3, 4, dtype=torch.double, generator=torch.manual_seed(0), requires_grad=True)
    teacher = torch.randn(2, 3, 4, dtype=torch.double, generator=torch.manual_seed(1))
    assert torch.autograd.gradcheck(lambda values: hidden_distance(values, teacher), student)
