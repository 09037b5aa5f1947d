from functools import partial
from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from decortique.core.measures import measures
from decortique.evaluation.bootstrap import Resampled, resampled


def examples(count: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.integers(2, size=count)
    positive = np.clip(0.5 + 0.2 * (2 * truth - 1) + random.normal(0, 0.3, count), 0.01, 0.99)
    return truth, np.column_stack([1 - positive, positive])


def resampled_of(
    truth: np.ndarray,
    probability: np.ndarray,
    *,
    resamples: int,
    seed: int,
    groups: np.ndarray | None = None,
) -> dict[str, Resampled]:
    """Resample the measures of an approach that predicts the most probable class."""
    prediction = probability.argmax(axis=1)
    statistic = partial(measures, truth, prediction, probability)
    return resampled(statistic, len(truth), resamples=resamples, seed=seed, groups=groups)


def width(interval: dict[str, float]) -> float:
    return interval["high"] - interval["low"]


def test_every_interval_holds_its_value() -> None:
    for name, measured in resampled_of(*examples(), resamples=500, seed=0).items():
        interval = measured.interval(0.95)
        assert interval["low"] < interval["value"] < interval["high"], name
        assert measured.resamples.shape == (500,)


def test_the_interval_of_an_accuracy_matches_the_binomial() -> None:
    truth = np.zeros(400, int)
    probability = np.tile([0.9, 0.1], (400, 1))
    probability[:80] = [0.1, 0.9]  # 320 of 400 are right
    interval = resampled_of(truth, probability, resamples=4000, seed=0)["accuracy"].interval(0.95)
    assert interval["value"] == 0.8
    assert interval["low"] == pytest.approx(binom.ppf(0.025, 400, 0.8) / 400, abs=0.003)
    assert interval["high"] == pytest.approx(binom.ppf(0.975, 400, 0.8) / 400, abs=0.003)


def test_more_confidence_gives_a_wider_interval() -> None:
    accuracy = resampled_of(*examples(), resamples=500, seed=0)["accuracy"]
    narrow, wide = accuracy.interval(0.5), accuracy.interval(0.99)
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


def test_resamples_depend_only_on_the_seed() -> None:
    first, again, other = (resampled_of(*examples(), resamples=300, seed=seed) for seed in (7, 7, 8))
    for name, measured in first.items():
        np.testing.assert_array_equal(measured.resamples, again[name].resamples)
    assert not np.array_equal(first["accuracy"].resamples, other["accuracy"].resamples)


def test_more_resamples_extend_the_earlier_ones() -> None:
    few, many = (resampled_of(*examples(), resamples=count, seed=0)["accuracy"] for count in (250, 450))
    np.testing.assert_array_equal(few.resamples[:200], many.resamples[:200])
    assert len(many.resamples) == 450


def test_an_approach_does_not_differ_from_itself() -> None:
    one, same = (resampled_of(*examples(), resamples=300, seed=0) for _ in range(2))
    for name in one:
        assert (one[name] - same[name]).interval(0.95) == {"value": 0.0, "low": 0.0, "high": 0.0}
        assert (one[name] / same[name]).interval(0.95) == {"value": 1.0, "low": 1.0, "high": 1.0}


def test_a_paired_difference_is_more_precise_than_two_separate_intervals() -> None:
    truth, probability = examples()
    slightly_worse = probability.copy()
    slightly_worse[:10] = slightly_worse[:10, ::-1]
    one, other = (resampled_of(truth, each, resamples=500, seed=0) for each in (probability, slightly_worse))
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


def test_the_prediction_is_measured_and_not_the_most_probable_class() -> None:
    truth, probability = examples()
    never = np.zeros(len(truth), int)
    accuracy = resampled(partial(measures, truth, never, probability), len(truth), resamples=300, seed=0)["accuracy"]
    assert accuracy.value == (truth == 0).mean()
    np.testing.assert_array_equal(
        accuracy.resamples, resampled_of(truth, np.eye(2)[never], resamples=300, seed=0)["accuracy"].resamples
    )


def test_any_measure_can_be_resampled_like_those_of_a_classifier() -> None:
    """Use the same resamples, so that measures of different kinds can be compared text by text."""
    truth, probability = examples()
    hits = probability.argmax(axis=1) == truth
    groups = np.repeat(np.arange(40), 5)

    def accuracy(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {"mine": weights @ hits / weights.sum(axis=1)}

    for chosen in (None, groups):
        result = resampled(accuracy, 200, resamples=450, seed=3, groups=chosen)
        expected = resampled_of(truth, probability, resamples=450, seed=3, groups=chosen)["accuracy"]
        assert list(result) == ["mine"]
        assert result["mine"].value == pytest.approx(expected.value)
        np.testing.assert_allclose(result["mine"].resamples, expected.resamples)


def test_repeating_each_sentence_in_a_group_does_not_narrow_the_interval() -> None:
    truth, probability = examples(60)
    once = resampled_of(truth, probability, resamples=400, seed=0)
    groups = np.repeat(np.arange(60), 5)
    many = resampled_of(np.repeat(truth, 5), np.repeat(probability, 5, axis=0), resamples=400, seed=0, groups=groups)
    for name, measured in once.items():
        assert many[name].interval(0.95) == pytest.approx(measured.interval(0.95)), name
    apart = resampled_of(np.repeat(truth, 5), np.repeat(probability, 5, axis=0), resamples=400, seed=0)
    assert width(apart["accuracy"].interval(0.95)) < 0.6 * width(once["accuracy"].interval(0.95))


def test_the_interval_is_wider_by_group_where_groups_differ_in_difficulty() -> None:
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 30)
    right = random.random(600) < random.choice([0.6, 0.95], size=20)[groups]
    truth = random.integers(2, size=600)
    probability = np.eye(2)[np.where(right, truth, 1 - truth)] * 0.8 + 0.1
    apart, together = (resampled_of(truth, probability, resamples=1000, seed=0, groups=g) for g in (None, groups))
    for name in ("accuracy", "macro_f1", "average_precision", "log_loss"):
        assert apart[name].value == together[name].value
        assert width(together[name].interval(0.95)) > 1.5 * width(apart[name].interval(0.95)), name


def test_one_group_per_text_is_the_same_as_no_groups() -> None:
    truth, probability = examples(50)
    alone, grouped = (resampled_of(truth, probability, resamples=300, seed=0, groups=g) for g in (None, np.arange(50)))
    for name, measured in alone.items():
        np.testing.assert_array_equal(measured.resamples, grouped[name].resamples)


def test_groups_of_any_size_are_resampled_whole_and_equally_often() -> None:
    # Of 1, 2 and 4 texts, of which 1, 1 and 1 are right: each of the 27 ways to sample three of them.
    groups, right = np.array([2, 0, 2, 1, 2, 1, 2]), np.array([1, 1, 0, 1, 0, 0, 0])
    sizes, hits = np.array([1, 2, 4]), np.array([1, 1, 1])
    ways = [round(hits[list(way)].sum() / sizes[list(way)].sum(), 9) for way in product(range(3), repeat=3)]
    probability = np.eye(2)[1 - right] * 0.8 + 0.1
    sampled = resampled_of(np.zeros(7, int), probability, resamples=20_000, seed=0, groups=groups)["accuracy"].resamples
    seen = dict(zip(*np.unique(sampled.round(9), return_counts=True), strict=True))
    assert {float(value) for value in seen} == set(ways)
    for value, count in seen.items():
        assert count / 20_000 == pytest.approx(ways.count(float(value)) / 27, abs=0.015)


def test_independent_sets_have_different_resamples() -> None:
    """Two sets of one size and seed would draw the same indices: their difference would seem too precise."""
    truth, probability = examples(400)
    one = resampled_of(truth, probability, resamples=2000, seed=0)["accuracy"]
    spread = one.resamples.std() * np.sqrt(2)  # of two independent sets
    assert (one - one).resamples.std() == 0
    assert one.independent_difference(one).value == 0
    assert one.independent_difference(one).resamples.std() == pytest.approx(spread, rel=0.06)
