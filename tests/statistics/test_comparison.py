import numpy as np
import pytest
from scipy.stats import binom

from stages.statistics.comparison import mcnemar


def right(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    one = [True] * (both + first) + [False] * (second + neither)
    other = [True] * both + [False] * first + [True] * second + [False] * neither
    return np.array(one), np.array(other)


def test_eight_against_two_is_the_p_of_the_binomial_by_hand() -> None:
    # 2 · (1 + 10 + 45) / 2^10: at most 2 heads of 10 fair throws, or at least 8
    assert mcnemar(*right(50, 2, 8, 5)) == {
        "mcnemar_p": pytest.approx(112 / 1024),
        "only_baseline_right": 2,
        "only_this_right": 8,
    }


@pytest.mark.parametrize("cells", [(10, 0, 6, 1), (3, 12, 5, 0), (0, 7, 7, 0), (100, 1, 0, 3)])
def test_the_p_is_twice_the_smaller_tail_of_the_binomial(cells: tuple[int, int, int, int]) -> None:
    _, first, second, _ = cells
    tail = binom.cdf(min(first, second), first + second, 0.5)
    assert mcnemar(*right(*cells))["mcnemar_p"] == pytest.approx(min(2 * tail, 1.0))


def test_approaches_that_agree_everywhere_do_not_differ() -> None:
    assert mcnemar(*right(7, 0, 0, 3)) == {"mcnemar_p": 1.0, "only_baseline_right": 0, "only_this_right": 0}


def test_it_does_not_matter_who_is_first() -> None:
    first, second = right(5, 3, 9, 2)
    assert mcnemar(first, second)["mcnemar_p"] == mcnemar(second, first)["mcnemar_p"]
    assert mcnemar(first, second)["mcnemar_p"] == pytest.approx(2 * binom.cdf(3, 12, 0.5))
