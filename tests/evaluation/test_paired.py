from itertools import product

import numpy as np
import pytest
from scipy.stats import bootstrap

from decortique.evaluation.paired_tests import mean_interval, paired


def p_of(differences: np.ndarray) -> float:
    """Return the share of all sign flips that leave a mean at least as far from 0."""
    signs = np.array(list(product([1, -1], repeat=len(differences))))
    return float((np.abs((signs * differences).mean(axis=1)) >= abs(differences.mean()) - 1e-12).mean())


def p(first: np.ndarray, second: np.ndarray, seed: int = 0) -> float:
    return float(paired(first, second, confidence=0.95, seed=seed)["p"])


def test_the_interval_matches_students_t_by_hand() -> None:
    # Mean 2, standard deviation 1, three groups; 4.3027 is the 97.5 % point of t with two degrees of freedom.
    reach = 4.3027 / 3**0.5
    assert mean_interval(np.array([1.0, 2, 3]), 0.95) == pytest.approx(
        {"value": 2, "low": 2 - reach, "high": 2 + reach}, abs=1e-4
    )
    reach = 6.3138 * (2 / 2**0.5) / 2**0.5  # 95 % point with one degree of freedom; two groups, 2 apart
    assert mean_interval(np.array([0.0, 2]), 0.9) == pytest.approx(
        {"value": 1, "low": 1 - reach, "high": 1 + reach}, abs=1e-3
    )


def test_equal_groups_have_a_zero_width_interval_and_a_single_one_none() -> None:
    assert mean_interval(np.array([0.5, 0.5, 0.5]), 0.95) == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert mean_interval(np.array([0.5]), 0.95) == {"value": 0.5}


def test_the_interval_of_many_groups_matches_the_bootstrap() -> None:
    values = np.random.default_rng(0).exponential(size=400)
    low, high = bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(0)).confidence_interval
    interval = mean_interval(values, 0.95)
    assert (interval["low"], interval["high"]) == pytest.approx((low, high), abs=0.01)


def test_the_interval_of_few_groups_has_its_nominal_coverage() -> None:
    samples = np.random.default_rng(0).normal(size=(2000, 5))
    covered = [one["low"] <= 0 <= one["high"] for one in (mean_interval(values, 0.9) for values in samples)]
    assert np.mean(covered) == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("groups", range(2, 10))
def test_the_p_of_few_groups_matches_all_sign_flips(groups: int) -> None:
    random = np.random.default_rng(groups)
    first, second = random.normal(0.5, 1, groups), random.normal(0, 1, groups)
    assert p(first, second) == pytest.approx(p_of(first - second))


def test_the_p_matches_a_calculation_by_hand() -> None:
    zeros = np.zeros(4)
    assert p(np.array([1.0, 2, 3, 4]), zeros) == pytest.approx(2 / 16)  # only equal signs come as far
    assert p(np.array([-1.0, 2, 3, 4]), zeros) == pytest.approx(4 / 16)  # 8 of 10, or all 10
    assert p(np.array([1.0, -1, 1, -1]), zeros) == 1
    assert p(np.array([0.0, 0, 0, 1]), zeros) == 1  # a single group proves nothing


def test_the_p_of_many_groups_is_near_that_of_all_sign_flips() -> None:
    random = np.random.default_rng(1)
    first, second = random.normal(0.4, 1, 16), random.normal(0, 1, 16)
    assert p(first, second) == pytest.approx(p_of(first - second), abs=0.015)
    assert p(first, second) == p(first, second)
    assert p(np.ones(50), np.zeros(50)) == pytest.approx(2 / 10_001)  # never 0: not all ways were tried


def test_swapping_the_approaches_changes_only_the_sign() -> None:
    random = np.random.default_rng(2)
    first, second = random.normal(size=8), random.normal(size=8)
    one, other = (paired(*both, confidence=0.95, seed=0) for both in ((first, second), (second, first)))
    assert one["p"] == pytest.approx(other["p"])
    assert one["difference"]["value"] == pytest.approx(-other["difference"]["value"])
    assert one["difference"]["low"] == pytest.approx(-other["difference"]["high"])


def test_the_difference_is_paired_by_group() -> None:
    level = np.random.default_rng(3).normal(0, 10, 12)  # groups differ much, the two approaches by 0.1 in each
    result = paired(level + 0.1, level, confidence=0.95, seed=0)
    assert result["difference"] == pytest.approx({"value": 0.1, "low": 0.1, "high": 0.1})
    assert result["p"] == pytest.approx(2 / 2**12)


@pytest.mark.parametrize("groups", [1, 2, 30])
def test_equal_approaches_do_not_differ(groups: int) -> None:
    values = np.random.default_rng(4).normal(size=groups)
    result = paired(values, values, confidence=0.95, seed=0)
    assert (result["p"], result["difference"]["value"]) == (1, 0)


def test_a_single_group_proves_nothing() -> None:
    assert paired(np.array([1.0]), np.array([0.0]), confidence=0.95, seed=0) == {"difference": {"value": 1.0}, "p": 1.0}


def test_p_values_of_equal_approaches_are_calibrated() -> None:
    random = np.random.default_rng(5)
    p_values = [p(random.normal(size=7), random.normal(size=7)) for _ in range(300)]
    assert np.mean(np.array(p_values) <= 0.1) <= 0.14
