import numpy as np
import pytest
from scipy.stats import norm

from decortique.evaluation.published import agreement, mean_agreement, one_against_the_others
from decortique.evaluation.settings import Evaluate

SETTINGS = Evaluate(resamples=200, confidence=0.95, calibration_bins=5, seed=0)


def shares(*grades: float) -> dict[str, float]:
    """Return how far raters with these grades agree."""
    return {name: values[0] for name, values in agreement([np.array(grades, float)], n_splits=50, seed=0).items()}


def test_identical_grades_agree_perfectly() -> None:
    assert shares(2, 2, 2, 2) == {"raters": 4, "person": 1, "halves": 1, "ceiling": 1}


def test_a_rater_is_compared_with_the_mean_of_the_other_raters() -> None:
    # The mean of all and the last grade are positive; the others are negative.
    assert shares(-1, -1, 4)["person"] == 0
    assert shares(1, 1, 1, -1)["person"] == pytest.approx(3 / 4)


def test_a_grade_of_zero_counts_as_half_an_agreement() -> None:
    assert shares(0, 1, 1)["person"] == pytest.approx((0.5 + 1 + 1) / 3)
    assert shares(1, -1, 0, 2)["person"] == pytest.approx((1 + 0 + 0.5 + 0.5) / 4)  # 2 against 1 - 1 + 0, a zero


def test_split_halves_are_compared_by_the_sign_of_their_means() -> None:
    # Of the three ways to halve them, two set 3 and -1 against 3 and -1, and one sets 3 and 3 against -1 and -1.
    assert shares(3, 3, -1, -1)["halves"] == pytest.approx(2 / 3, abs=0.15)


def test_the_ceiling_is_the_probability_that_the_sign_of_the_mean_is_right() -> None:
    grades = np.array([1.0, 2.0, -1.0, 1.0])
    assert shares(*grades)["ceiling"] == pytest.approx(norm.cdf(grades.mean() / (grades.std(ddof=1) / 2)))


def test_the_ceiling_is_calibrated() -> None:
    """Panels are sampled from people whose true mean is known: how often has the mean of a panel its sign?"""
    random = np.random.default_rng(0)
    true = random.uniform(-1, 1, size=4000)  # as flat as the ceiling assumes
    panels = true[:, None] + random.normal(0, 1.5, size=(4000, 20))
    ceiling = agreement(list(panels), n_splits=1, seed=0)["ceiling"].mean()
    assert ceiling == pytest.approx((np.sign(panels.mean(axis=1)) == np.sign(true)).mean(), abs=0.015)


def test_texts_with_fewer_than_two_raters_are_left_out() -> None:
    result = agreement([np.empty(0), np.array([1.0]), np.array([1.0, 2.0])], n_splits=5, seed=0)
    assert np.isnan(result["person"]).tolist() == [True, True, False]
    means = mean_agreement(result, np.ones(3, bool), SETTINGS)
    assert means["texts"] == 1
    assert means["raters"] == 2
    assert mean_agreement(result, np.array([True, True, False]), SETTINGS) == {}


def test_each_share_has_an_interval() -> None:
    random = np.random.default_rng(0)
    result = agreement([random.integers(-2, 4, size=9).astype(float) for _ in range(40)], n_splits=20, seed=0)
    means = mean_agreement(result, np.ones(40, bool), SETTINGS)
    for name in ("person", "halves", "ceiling"):
        assert means[name]["low"] < means[name]["value"] < means[name]["high"]
    assert means["person"]["value"] < means["ceiling"]["value"]


def test_each_rater_is_counted_once_against_the_others() -> None:
    (counts,) = one_against_the_others([np.array([1.0, 1.0, 0.0, -1.0])])
    # Others' sign, own sign: 1 → (0, +), 1 → (0, +), 0 → (+, 0), -1 → (+, -).
    assert counts.tolist() == [[0, 0, 0], [0, 0, 2], [1, 1, 0]]
