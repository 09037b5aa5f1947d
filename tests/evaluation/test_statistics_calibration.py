import numpy as np
import pytest

from decortique.evaluation.scores import reliability


def test_probabilities_that_mean_what_they_say_have_no_error() -> None:
    probability = np.repeat([0.25, 0.75], 4)
    truth = np.array([True, False, False, False, True, True, True, False])
    found = reliability(truth, probability, bins=10)
    assert found.expected_error == 0.0
    assert found.predicted.tolist() == found.observed.tolist() == [0.25, 0.75]
    assert found.examples.tolist() == [4, 4]


def test_overconfidence_is_an_error_of_its_excess() -> None:
    # 6 texts said to be positive with .9 of which 3 are, 2 texts said to be with .2 of which 1 is.
    probability = np.array([0.9] * 6 + [0.2] * 2)
    truth = np.array([True, False] * 4)
    assert reliability(truth, probability, bins=5).expected_error == pytest.approx((6 * 0.4 + 2 * 0.3) / 8)


def test_errors_within_a_bin_can_hide_each_other() -> None:
    probability, truth = np.array([0.6, 0.9]), np.array([True, True])
    assert reliability(truth, probability, bins=2).expected_error == pytest.approx(0.25)
    assert reliability(np.array([True, False]), np.array([0.51, 0.49]), bins=1).expected_error == pytest.approx(0)


def test_certainties_have_their_bins_and_empty_bins_are_left_out() -> None:
    found = reliability(np.array([False, True, True]), np.array([0.0, 1.0, 0.95]), bins=10)
    assert found.examples.tolist() == [1, 2]
    assert found.predicted.tolist() == [0.0, pytest.approx(0.975)]
