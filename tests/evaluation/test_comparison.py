from itertools import product

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import f1_score

from decortique.evaluation.paired_tests import SWAPS, mcnemar, swap_test


def right(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    one = [True] * (both + first) + [False] * (second + neither)
    other = [True] * both + [False] * first + [True] * second + [False] * neither
    return np.array(one), np.array(other)


def test_the_p_of_eight_against_two_matches_a_calculation_by_hand() -> None:
    # 2 · (1 + 10 + 45) / 2^10: at most 2 heads of 10 fair throws, or at least 8
    assert mcnemar(*right(50, 2, 8, 5)) == {
        "mcnemar_p": pytest.approx(112 / 1024),
        "only_baseline_right": 2,
        "only_this_right": 8,
        "cohens_g": pytest.approx(0.3),
    }


@pytest.mark.parametrize("cells", [(10, 0, 6, 1), (3, 12, 5, 0), (0, 7, 7, 0), (100, 1, 0, 3)])
def test_the_p_is_twice_the_smaller_tail_of_the_binomial(cells: tuple[int, int, int, int]) -> None:
    _, first, second, _ = cells
    tail = binom.cdf(min(first, second), first + second, 0.5)
    assert mcnemar(*right(*cells))["mcnemar_p"] == pytest.approx(min(2 * tail, 1.0))


def test_approaches_that_agree_everywhere_do_not_differ() -> None:
    result = mcnemar(*right(7, 0, 0, 3))
    assert result == {"mcnemar_p": 1.0, "only_baseline_right": 0, "only_this_right": 0, "cohens_g": 0.0}


def test_the_order_of_the_approaches_does_not_matter() -> None:
    first, second = right(5, 3, 9, 2)
    assert mcnemar(first, second)["mcnemar_p"] == mcnemar(second, first)["mcnemar_p"]
    assert mcnemar(first, second)["mcnemar_p"] == pytest.approx(2 * binom.cdf(3, 12, 0.5))
    assert mcnemar(first, second)["cohens_g"] == -mcnemar(second, first)["cohens_g"] == pytest.approx(9 / 12 - 1 / 2)


Answers = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def answers(groups: int, size: int, seed: int, first: float = 0.7, second: float = 0.8) -> Answers:
    """Return truth, the predictions of two approaches with these accuracies, and the groups."""
    random = np.random.default_rng(seed)
    truth = random.integers(2, size=groups * size)
    one, other = (np.where(random.random(len(truth)) < rate, truth, 1 - truth) for rate in (first, second))
    return truth, one, other, np.repeat(np.arange(groups), size)


def swapped(truth: np.ndarray, one: np.ndarray, other: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    return swap_test(truth, one, other, groups=groups, last=1, seed=0)


@pytest.mark.parametrize("seed", range(6))
def test_the_p_of_random_swaps_matches_all_swaps_of_whole_groups(seed: int) -> None:
    truth, one, other, groups = answers(7, 6, seed)
    differences = []
    for way in product([False, True], repeat=7):
        change = np.array(way)[groups]
        here, there = np.where(change, other, one), np.where(change, one, other)
        accuracy = (here == truth).mean() - (there == truth).mean()
        differences.append((accuracy, f1_score(truth, here) - f1_score(truth, there)))
    size = np.abs(differences)
    exact = (size >= size[0] - 1e-9).mean(axis=0)
    result = swapped(truth, one, other, groups)
    assert [result["accuracy_p"], result["f1_p"]] == pytest.approx(exact, abs=4 * 0.5 / np.sqrt(SWAPS))


def test_approaches_with_equal_predictions_do_not_differ_by_group_either() -> None:
    truth, one, _, groups = answers(10, 20, seed=0)
    assert swapped(truth, one, one, groups) == {"accuracy_p": 1.0, "f1_p": 1.0}


def test_approaches_that_are_equally_good_in_different_groups_do_not_differ() -> None:
    truth, groups = np.tile([0, 1], 40), np.repeat(np.arange(8), 10)
    one, other = (np.where(groups % 2 == odd, truth, 1 - truth) for odd in (0, 1))
    assert swapped(truth, one, other, groups) == {"accuracy_p": 1.0, "f1_p": 1.0}


def test_an_approach_that_is_better_in_every_group_is_better() -> None:
    truth, groups = np.tile([0, 1], 60), np.repeat(np.arange(12), 10)
    worse = truth.copy()
    worse[::10], worse[1::10] = 1, 0  # one of each class in each group
    result = swapped(truth, worse, truth, groups)
    assert 1 / SWAPS <= result["accuracy_p"] < 0.003  # 2 / 2^12 is 0.0005
    assert 1 / SWAPS <= result["f1_p"] < 0.003


@pytest.mark.parametrize("groups", [1, 2, 3, 4])
def test_few_groups_prove_little_even_with_many_sentences(groups: int) -> None:
    truth = np.tile([0, 1], 200 * groups)
    result = swapped(truth, 1 - truth, truth, np.repeat(np.arange(groups), 400))
    for p in result.values():
        assert p == pytest.approx(2 / 2**groups, abs=0.02)
    assert mcnemar(np.zeros(400 * groups, bool), np.ones(400 * groups, bool))["mcnemar_p"] < 1e-9


def test_swaps_give_the_same_p_in_either_order_of_approaches() -> None:
    truth, one, other, groups = answers(15, 12, seed=3)
    assert swapped(truth, one, other, groups) == swapped(truth, other, one, groups)
    assert 0 < swapped(truth, one, other, groups)["accuracy_p"] < 1


def test_swaps_give_the_same_p_in_any_order_of_rows() -> None:
    given = answers(15, 12, seed=4)
    order = np.random.default_rng(0).permutation(180)
    assert swapped(*given) == swapped(*(part[order] for part in given))


def test_f1_is_that_of_the_last_class() -> None:
    truth, one, other, groups = answers(12, 10, seed=5, second=0.75)
    two_of_three = swap_test(truth + 1, one + 1, other + 1, groups=groups, last=2, seed=0)
    assert two_of_three == swapped(truth, one, other, groups)
    assert two_of_three["f1_p"] != swapped(1 - truth, 1 - one, 1 - other, groups)["f1_p"]


def test_equal_approaches_rarely_differ_significantly_by_group_but_often_by_mcnemar() -> None:
    random = np.random.default_rng(0)
    by_group, by_text = 0, 0
    for _ in range(100):
        truth = random.integers(2, size=300)
        groups = np.repeat(np.arange(15), 20)
        # Each approach is right or wrong about most of a speech at once.
        one, other = (
            np.where(random.random(300) < random.choice([0.2, 0.95], size=15)[groups], truth, 1 - truth)
            for _ in range(2)
        )
        by_group += swapped(truth, one, other, groups)["accuracy_p"] < 0.05
        by_text += mcnemar(one == truth, other == truth)["mcnemar_p"] < 0.05
    assert by_group <= 10
    assert by_text > 40
