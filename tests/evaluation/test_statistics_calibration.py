import numpy as np
import pytest

from decortique.evaluation.scores import reliability


def test_calibrated_probabilities_have_no_error() -> None:
    probability = np.repeat([0.25, 0.75], 4)
    truth = np.array([True, False, False, False, True, True, True, False])
    result = reliability(truth, probability, bins=10)
    assert result.expected_error == 0.0
    assert result.predicted.tolist() == result.observed.tolist() == [0.25, 0.75]
    assert result.examples.tolist() == [4, 4]


def test_the_error_of_overconfidence_is_its_excess() -> None:
    # 6 texts have a probability of .9, and 3 of them are positive; 2 texts have .2, and 1 is positive.
    probability = np.array([0.9] * 6 + [0.2] * 2)
    truth = np.array([True, False] * 4)
    assert reliability(truth, probability, bins=5).expected_error == pytest.approx((6 * 0.4 + 2 * 0.3) / 8)


def test_errors_within_a_bin_can_hide_each_other() -> None:
    probability, truth = np.array([0.6, 0.9]), np.array([True, True])
    assert reliability(truth, probability, bins=2).expected_error == pytest.approx(0.25)
    assert reliability(np.array([True, False]), np.array([0.51, 0.49]), bins=1).expected_error == pytest.approx(0)


def test_probabilities_of_zero_and_one_have_bins_and_empty_bins_are_left_out() -> None:
    result = reliability(np.array([False, True, True]), np.array([0.0, 1.0, 0.95]), bins=10)
    assert result.examples.tolist() == [1, 2]
    assert result.predicted.tolist() == [0.0, pytest.approx(0.975)]
