import numpy as np
import pytest
from scipy.stats import ttest_1samp

from experiments.several_seeds import difference, spread

RANDOM = np.random.default_rng(0)


def test_a_spread_is_the_mean_and_the_two_ends() -> None:
    assert spread([0.5, 0.9, 0.7]) == {"value": pytest.approx(0.7), "low": 0.5, "high": 0.9}


def test_the_interval_over_seeds_is_students() -> None:
    paired = RANDOM.normal(size=(3, 50))
    found = difference(paired)
    expected = ttest_1samp(paired.mean(axis=1), 0).confidence_interval(0.95)
    assert (found["seeds"]["low"], found["seeds"]["high"]) == pytest.approx((expected.low, expected.high))
    assert found["value"] == pytest.approx(paired.mean())


def test_seeds_that_all_say_the_same_leave_texts_uncertain() -> None:
    found = difference(np.tile(RANDOM.normal(size=50), (3, 1)))
    assert found["seeds"]["low"] == found["seeds"]["high"] == pytest.approx(found["value"])
    assert found["texts"]["low"] < found["value"] < found["texts"]["high"]


def test_texts_of_a_group_are_drawn_together() -> None:
    paired = np.repeat(RANDOM.normal(size=(3, 10)), 20, axis=1)  # the texts of a group all say the same
    alone, together = (difference(paired, groups)["texts"] for groups in (None, np.repeat(np.arange(10), 20)))
    assert together["high"] - together["low"] > 2 * (alone["high"] - alone["low"])
