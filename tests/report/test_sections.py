import pytest

from decortique.core.findings import Finding, Part, compared, effect, format_p, interval, many, p_equals, signed
from decortique.report.page import sections_of
from tests.report.made_reporting import described, score


def test_what_a_run_does_not_have_is_no_section() -> None:
    part = Part("x", [Finding("a", "b", "c"), Finding("d", "e", "f")])
    found = sections_of({"words": [], "opinion": [part], "validity": [part, part]}, {"opinion": described()})
    assert [section.key for section in found] == ["short", "opinion", "validity"]
    short = found[0]
    assert [(one.title, len(one.findings)) for one in short.parts] == [("D3 · Opinion", 1), (found[2].title, 2)]
    assert short.parts[0].findings[0].claim == "a"


def test_a_task_of_ones_own_has_a_section_too() -> None:
    (_, section) = sections_of({"reviews": [Part("x")]}, {"reviews": described()})
    assert section.title == "Reviews"
    assert "negative or positive?" in section.question


def test_numbers_have_no_more_digits_than_they_are_known_to() -> None:
    assert interval(score(0.5)) == "0.500 [0.480, 0.520]"
    assert interval({"value": 0.5}) == "0.500"
    assert signed(score(-0.5)) == "-0.500 [-0.520, -0.480]"
    assert (format_p(0.0004), format_p(0.0123)) == ("< 0.001", "0.012")
    assert (p_equals(0.0004), p_equals(0.0123)) == ("p < 0.001", "p = 0.012")
    assert many(1234567) == "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567"


@pytest.mark.parametrize(
    ("g", "word"), [(0.3, "large"), (-0.25, "large"), (0.2, "medium"), (-0.05, "small"), (0, "next to none")]
)
def test_effects_are_called_what_cohen_calls_them(g: float, word: str) -> None:
    assert effect(g) == word


@pytest.mark.parametrize(
    ("difference", "p", "verdict"),
    [(0.1, 0.01, "better"), (-0.1, 0.01, "worse"), (0.1, 0.05, "no significant difference")],
)
def test_a_difference_is_one_only_with_its_test(difference: float, p: float, verdict: str) -> None:
    found = compared("this", score(difference), p, 0.05, "Accuracy")
    assert (found.verdict, found.is_significant) == (verdict, verdict != "no significant difference")
