import numpy as np

from decortique.core.measures import probabilities

EXTREME = np.array([[1000.0, 0.0], [-1000.0, -1000.0], [np.log(3), 0.0]], np.float32)


def test_probabilities_sum_to_one_whatever_the_logits() -> None:
    result = probabilities(EXTREME)
    np.testing.assert_allclose(result, [[1.0, 0.0], [0.5, 0.5], [0.75, 0.25]], atol=1e-7)
    assert result.dtype == np.float64


def test_one_vs_rest_probabilities_are_sigmoids_scaled_to_one() -> None:
    logits = np.array([[1000.0, 0.0], [np.log(3), 0.0], [np.log(3), np.log(3)], [-10.0, -30.0]], np.float32)
    result = probabilities(logits, binary=True)
    small = np.exp(-20)  # of a sigmoid far below zero, the exponential is left
    np.testing.assert_allclose(result, [[2 / 3, 1 / 3], [0.6, 0.4], [0.5, 0.5], [1, small]], rtol=1e-4)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result.sum(axis=1), 1)
