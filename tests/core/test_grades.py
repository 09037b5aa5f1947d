import numpy as np
import pytest
from scipy.stats import spearmanr

from decortique.core.measures import grade_measures, measure_grades, spearman


def random_grades(count: int, seed: int, values: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return two correlated samples; with few `values`, if given, so that many are tied."""
    random = np.random.default_rng(seed)
    first = random.normal(size=count)
    second = first + random.normal(size=count)
    return (first, second) if values is None else (np.round(first * values), np.round(second * values))


@pytest.mark.parametrize("values", [None, 1, 3])
@pytest.mark.parametrize("count", [3, 10, 501])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_rank_correlation_agrees_with_scipy(count: int, values: int | None, seed: int) -> None:
    first, second = random_grades(count, seed, values)
    result = spearman(first, second, np.ones((1, count)))
    assert result == pytest.approx([spearmanr(first, second).statistic])


@pytest.mark.parametrize("values", [None, 2])
def test_a_weight_is_how_often_an_example_was_sampled(values: int | None) -> None:
    first, second = random_grades(40, 0, values)
    weights = np.random.default_rng(1).multinomial(40, np.full(40, 1 / 40), size=30).astype(float)
    often = weights.astype(int)
    expected = [spearmanr(np.repeat(first, row), np.repeat(second, row)).statistic for row in often]
    np.testing.assert_allclose(spearman(first, second, weights), expected, rtol=1e-9)
    errors = [np.abs(np.repeat(first - second, row)).mean() for row in often]
    np.testing.assert_allclose(grade_measures(first, second, weights)["mae"], errors)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_rank_correlation_depends_on_the_order_only(sign: int) -> None:
    first = np.array([-3.0, -1.0, 0.5, 2.0, 9.0])
    result = spearman(first, sign * np.exp(first) * 1e6, np.ones((1, 5)))
    assert result == pytest.approx([sign])


def test_constant_predictions_have_an_error_but_no_rank_correlation() -> None:
    truth, same = np.array([1.0, 2.0, 4.0]), np.full(3, 2.0)
    for first, second in ((truth, same), (same, truth), (same, same)):
        assert np.isnan(spearman(first, second, np.ones((1, 3)))).all()
    result = measure_grades(truth, same)
    assert np.isnan(result["spearman"])
    assert result["mae"] == pytest.approx(1.0)


def test_without_any_grade_every_measure_is_nan() -> None:
    result = measure_grades(np.full(4, np.nan), np.arange(4.0))
    assert list(result) == ["spearman", "mae"]
    assert np.isnan(list(result.values())).all()


def test_a_resample_of_a_single_text_has_no_rank_correlation_but_others_do() -> None:
    first, second = random_grades(3, 0, None)
    weights = np.array([[3.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 7.0]])
    result = spearman(first, second, weights)
    assert np.isnan(result).tolist() == [True, False, True]
    assert result[1] == pytest.approx(spearmanr(first, second).statistic)


def test_ungraded_texts_do_not_count() -> None:
    first, second = random_grades(30, 0, 2)
    gaps = np.where(np.arange(30) % 3 == 0, np.nan, first)
    known = np.isfinite(gaps)
    result = measure_grades(gaps, second)
    assert result["spearman"] == pytest.approx(spearmanr(first[known], second[known]).statistic)
    assert result["mae"] == pytest.approx(np.abs(first - second)[known].mean())
    assert list(result) == ["spearman", "mae"]
