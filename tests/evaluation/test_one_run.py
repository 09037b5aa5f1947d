from itertools import combinations

import numpy as np
import pytest

from decortique.evaluation.decoding import best_run, run_posterior


def enumerated(odds: np.ndarray, length: np.ndarray, present: float) -> np.ndarray:
    """Return the probability that each text lies in the run, by enumerating every run, and none."""
    texts = len(odds)
    fitting = sum(length[:texts])
    total, inside = 1 - present, np.zeros(texts)
    for start, stop in combinations(range(texts + 1), 2):
        size = stop - start
        if size <= len(length):
            starts = texts - size + 1
            weight = present * length[size - 1] / fitting / starts * np.exp(odds[start:stop].sum())
            total += weight
            inside[start:stop] += weight
    return inside / total


@pytest.mark.parametrize("texts", [1, 2, 5, 12])
@pytest.mark.parametrize("longest", [1, 2, 5, 30])
@pytest.mark.parametrize("present", [0.02, 0.5, 0.97])
def test_the_probability_of_a_text_is_the_share_of_the_runs_over_it(texts: int, longest: int, present: float) -> None:
    random = np.random.default_rng(texts * 100 + longest)
    odds, length = random.normal(0, 1.5, texts), random.dirichlet(np.ones(longest))
    np.testing.assert_allclose(
        run_posterior(odds, length, present), enumerated(odds, length, present), atol=1e-12, rtol=1e-9
    )


def test_without_evidence_the_probabilities_follow_from_the_run_lengths() -> None:
    # Runs of two texts in a stream of three: (0, 1) and (1, 2), equally likely.
    np.testing.assert_allclose(run_posterior(np.zeros(3), np.array([0.0, 1.0]) + 1e-15, 0.6), [0.3, 0.6, 0.3])


def test_a_stream_shorter_than_every_known_run_has_probabilities() -> None:
    length = np.array([0.01, 0.01, 0.01, 0.97])
    np.testing.assert_allclose(
        run_posterior(np.array([2.0, 2.0]), length, 0.5), enumerated(np.array([2.0, 2.0]), length, 0.5)
    )


def test_a_stream_of_one_text_uses_its_odds_and_the_prior_of_a_run() -> None:
    expected = 0.2 * np.exp(1.5) / (0.2 * np.exp(1.5) + 0.8)
    assert run_posterior(np.array([1.5]), np.array([0.1, 0.9]), 0.2).tolist() == [pytest.approx(expected)]


def test_a_long_stream_with_strong_evidence_does_not_overflow() -> None:
    odds = np.full(3000, -4.0)
    odds[1000:1060] = 4.0
    inside = run_posterior(odds, np.full(120, 1 / 120), 0.5)
    assert np.isfinite(inside).all()
    assert (inside >= 0).all()
    assert (inside <= 1).all()
    assert np.flatnonzero(inside > 0.5).tolist() == list(range(1000, 1060))
    assert inside[1030] == pytest.approx(1)


@pytest.mark.parametrize("seed", range(20))
def test_the_best_run_has_the_largest_gain(seed: int) -> None:
    random = np.random.default_rng(seed)
    gain = random.integers(-4, 4, size=9) / 4
    result = best_run(gain)
    most = max(gain[start:stop].sum() for start, stop in combinations(range(10), 2))
    assert gain[result].sum() == max(most, 0.0)
    if most <= 0:
        assert result == slice(0, 0)


@pytest.mark.parametrize("gain", [[], [-0.1], [0.0], [-0.5, 0.0, -0.2]])
def test_without_a_positive_gain_there_is_no_run(gain: list[float]) -> None:
    assert best_run(np.array(gain)) == slice(0, 0)


@pytest.mark.parametrize(
    ("gain", "run"),
    [
        ([0.5], (0, 1)),
        ([1, 1, 1], (0, 3)),
        ([1, -0.5, 1], (0, 3)),
        ([1, -2, 1.5], (2, 3)),
        ([-1, 2, -1, 2.5, -9], (1, 4)),
    ],
)
def test_a_gap_is_bridged_where_the_gain_beyond_is_larger(gain: list[float], run: tuple[int, int]) -> None:
    assert best_run(np.array(gain)) == slice(*run)
