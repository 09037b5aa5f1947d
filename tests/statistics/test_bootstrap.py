import numpy as np
import pytest
from scipy.stats import binom

from stages.statistics.bootstrap import Resampled, resampled_measures


def examples(count: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.integers(2, size=count)
    positive = np.clip(0.5 + 0.2 * (2 * truth - 1) + random.normal(0, 0.3, count), 0.01, 0.99)
    return truth, np.column_stack([1 - positive, positive])


def test_every_interval_holds_its_value() -> None:
    for name, resampled in resampled_measures(*examples(), resamples=500, seed=0).items():
        interval = resampled.interval(0.95)
        assert interval["low"] < interval["value"] < interval["high"], name
        assert resampled.resamples.shape == (500,)


def test_the_interval_of_an_accuracy_is_that_of_the_binomial() -> None:
    truth = np.zeros(400, int)
    probability = np.tile([0.9, 0.1], (400, 1))
    probability[:80] = [0.1, 0.9]  # 320 of 400 are right
    interval = resampled_measures(truth, probability, resamples=4000, seed=0)["accuracy"].interval(0.95)
    assert interval["value"] == 0.8
    assert interval["low"] == pytest.approx(binom.ppf(0.025, 400, 0.8) / 400, abs=0.003)
    assert interval["high"] == pytest.approx(binom.ppf(0.975, 400, 0.8) / 400, abs=0.003)


def test_more_confidence_asks_for_a_wider_interval() -> None:
    accuracy = resampled_measures(*examples(), resamples=500, seed=0)["accuracy"]
    narrow, wide = accuracy.interval(0.5), accuracy.interval(0.99)
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


def test_the_same_seed_gives_the_same_resamples_and_another_seed_others() -> None:
    first, again, other = (resampled_measures(*examples(), resamples=300, seed=seed) for seed in (7, 7, 8))
    for name, resampled in first.items():
        np.testing.assert_array_equal(resampled.resamples, again[name].resamples)
    assert not np.array_equal(first["accuracy"].resamples, other["accuracy"].resamples)


def test_more_resamples_add_to_those_there_were() -> None:
    few, many = (resampled_measures(*examples(), resamples=count, seed=0)["accuracy"] for count in (250, 450))
    np.testing.assert_array_equal(few.resamples[:200], many.resamples[:200])
    assert len(many.resamples) == 450


def test_an_approach_does_not_differ_from_itself() -> None:
    one, same = (resampled_measures(*examples(), resamples=300, seed=0) for _ in range(2))
    for name in one:
        assert (one[name] - same[name]).interval(0.95) == {"value": 0.0, "low": 0.0, "high": 0.0}
        assert (one[name] / same[name]).interval(0.95) == {"value": 1.0, "low": 1.0, "high": 1.0}


def test_a_paired_difference_is_surer_than_two_intervals_apart() -> None:
    truth, probability = examples()
    slightly_worse = probability.copy()
    slightly_worse[:10] = slightly_worse[:10, ::-1]
    one, other = (resampled_measures(truth, each, resamples=500, seed=0) for each in (probability, slightly_worse))
    paired = (one["accuracy"] - other["accuracy"]).interval(0.95)
    alone = one["accuracy"].interval(0.95)
    assert paired["value"] == pytest.approx(one["accuracy"].value - other["accuracy"].value)
    assert paired["high"] - paired["low"] < alone["high"] - alone["low"]


def test_resamples_without_a_measure_are_left_out_of_the_interval() -> None:
    assert Resampled(0.5, np.array([np.nan, 0.4, np.inf, 0.6])).interval(0.5) == {
        "value": 0.5,
        "low": pytest.approx(0.45),
        "high": pytest.approx(0.55),
    }
    assert Resampled(0.5, np.array([np.nan])).interval(0.95) == {"value": 0.5, "low": 0.5, "high": 0.5}
