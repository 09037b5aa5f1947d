import numpy as np
import pytest

from decortique.words.contextuality import anisotropy, explained_variance, self_similarity
from decortique.words.similarity import means, unit
from tests.words.made_representations import BOOTSTRAP

RANDOM = np.random.default_rng(0)
STATES = RANDOM.normal(size=(3, 8, 5))


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_self_similarity_is_the_mean_cosine_of_all_pairs() -> None:
    for states, value in zip(STATES, self_similarity(STATES), strict=True):
        pairs = [cosine(states[i], states[j]) for i in range(8) for j in range(8) if i != j]
        assert value == pytest.approx(np.mean(pairs))


def test_self_similarity_of_constant_vectors_is_one() -> None:
    assert self_similarity(np.tile(STATES[:, :1], (1, 8, 1))) == pytest.approx(1.0)


def test_explained_variance_is_the_share_of_the_first_singular_value() -> None:
    for states, value in zip(STATES, explained_variance(STATES), strict=True):
        squares = np.linalg.svd(states, compute_uv=False) ** 2
        assert value == pytest.approx(squares[0] / squares.sum())
    assert explained_variance(np.tile(STATES[:, :1], (1, 8, 1))) == pytest.approx(1.0)


def test_anisotropy_is_the_self_similarity_of_random_words() -> None:
    result = anisotropy(STATES, BOOTSTRAP)
    assert [one.value for one in result] == pytest.approx(self_similarity(STATES).tolist())
    # A word that is sampled twice is not compared with itself: no resample reaches the 1 / 8 that would add.
    narrow = unit(RANDOM.normal(size=(1, 200, 400)))
    assert np.abs(anisotropy(narrow, BOOTSTRAP)[0].resamples).max() < 0.01


def test_means_are_taken_by_column_and_groups_are_resampled_whole() -> None:
    values = np.stack([np.arange(20.0), np.repeat([0.0, 1.0], 10)], axis=1)
    result = means(values, BOOTSTRAP)
    assert [one.value for one in result] == [9.5, 0.5]
    grouped = means(values, BOOTSTRAP, groups=np.repeat([0, 1], 10))[1]
    assert set(grouped.resamples) == {0.0, 0.5, 1.0}
    again, other = means(values, BOOTSTRAP), means(values, BOOTSTRAP, seed_offset=1)
    assert again[0].resamples.tolist() == result[0].resamples.tolist()
    assert other[0].resamples.tolist() != result[0].resamples.tolist()
