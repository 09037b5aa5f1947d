import numpy as np

from decortique.core.measures import probabilities

EXTREME = np.array([[1000.0, 0.0], [-1000.0, -1000.0], [np.log(3), 0.0]], np.float32)


def test_probabilities_sum_to_one_whatever_the_logits() -> None:
    found = probabilities(EXTREME)
    np.testing.assert_allclose(found, [[1.0, 0.0], [0.5, 0.5], [0.75, 0.25]], atol=1e-7)
    assert found.dtype == np.float64


def test_probabilities_of_classes_against_the_rest_are_their_sigmoids_scaled_to_one() -> None:
    logits = np.array([[1000.0, 0.0], [np.log(3), 0.0], [np.log(3), np.log(3)], [-10.0, -30.0]], np.float32)
    found = probabilities(logits, binary=True)
    small = np.exp(-20)  # of a sigmoid far below zero, the exponential is left
    np.testing.assert_allclose(found, [[2 / 3, 1 / 3], [0.6, 0.4], [0.5, 0.5], [1, small]], rtol=1e-4)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found.sum(axis=1), 1)
