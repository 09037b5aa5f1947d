import numpy as np
import pytest

from decortique.words.senses import best_threshold, cluster_scores, jaccard, nearest
from decortique.words.similarity import cosines

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("values", "same", "right"),
    [
        ([0.1, 0.2, 0.8, 0.9], [False, False, True, True], 4),
        ([0.1, 0.8, 0.2, 0.9], [False, False, True, True], 3),
        ([0.5, 0.5, 0.5, 0.5], [False, True, False, True], 2),
        ([0.9, 0.8, 0.2, 0.1], [False, False, True, True], 2),
        ([0.3, 0.3, 0.7], [False, True, True], 2),
    ],
)
def test_the_threshold_is_the_most_accurate_one(values: list[float], same: list[bool], right: int) -> None:
    similarity, truth = np.array(values), np.array(same)
    threshold = best_threshold(similarity, truth)
    assert ((similarity >= threshold) == truth).sum() == right
    assert max(((similarity >= edge) == truth).sum() for edge in [-1, *values, 2]) == right


def test_cosines_and_overlap_match_a_calculation_by_hand() -> None:
    assert cosines(np.array([[3.0, 0], [1, 1]]), np.array([[1.0, 1], [2, 2]])) == pytest.approx([0.5**0.5, 1])
    assert jaccard(["a", "bank", "of"], ["a", "bank"]) == pytest.approx(2 / 3)
    assert jaccard([], []) == 0.0


def test_separate_senses_are_detected_and_noise_is_not() -> None:
    senses = ["money"] * 8 + ["river"] * 8
    apart = RANDOM.normal(size=(16, 10)) + 4 * np.repeat([[1, -1], [-1, 1]], 8, axis=0) @ RANDOM.normal(size=(2, 10))
    assert cluster_scores(apart, senses, seed=0) == [1.0, 1.0]
    noise = np.mean([cluster_scores(RANDOM.normal(size=(16, 10)), senses, seed=0)[0] for _ in range(50)])
    assert abs(noise) < 0.08


def test_nearest_neighbours_are_sorted_regardless_of_length() -> None:
    candidates = np.array([[1.0, 0], [10, 1], [0, 1], [-1, 0]])
    assert nearest(np.array([2.0, 0]), candidates, ["a", "b", "c", "d"], 3) == ["a", "b", "c"]
