import pytest

from decortique.evaluation.paired_tests import holm


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        ([0.04], [0.04]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # 3 × .01; 2 × .03; 1 × .04, but not below the one before
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
        ([], []),
    ],
)
def test_p_values_are_corrected_for_their_number(p_values: list[float], expected: list[float]) -> None:
    assert holm(p_values) == pytest.approx(expected)
