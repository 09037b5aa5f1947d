"""Numbers as people read them, and Markdown of findings and tables."""

import pytest

from decortique.core.files import StageError
from decortique.core.findings import (
    Cell,
    Finding,
    Table,
    comparison,
    decimal,
    effect,
    format_p,
    interval,
    markdown,
    measured,
    p_equals,
    percent,
    signed,
    spread,
    thousands,
)
from tests.report.made_reporting import score


def test_numbers_show_no_more_digits_than_their_precision() -> None:
    assert interval(score(0.5)) == "0.500 [0.480, 0.520]"
    assert interval({"value": 0.5}) == "0.500"
    assert signed(score(-0.5)) == "-0.500 [-0.520, -0.480]"
    assert (format_p(0.0004), format_p(0.0123)) == ("< 0.001", "0.012")
    assert (p_equals(0.0004), p_equals(0.0123)) == ("p < 0.001", "p = 0.012")
    assert thousands(1234567) == "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567"
    assert (percent(0.1234), percent(0.5, 0), percent(score(0.5))) == ("12.3%", "50%", "50.0% [48.0%, 52.0%]")
    assert (decimal(0.12345), decimal(2, 1), spread(score(0.5))) == ("0.123", "2.0", "0.500 (0.480 to 0.520)")


@pytest.mark.parametrize(
    ("g", "word"), [(0.3, "large"), (-0.25, "large"), (0.2, "medium"), (-0.05, "small"), (0, "next to none")]
)
def test_effect_sizes_have_cohens_names(g: float, word: str) -> None:
    assert effect(g) == word


@pytest.mark.parametrize(
    ("difference", "p", "verdict"),
    [(0.1, 0.01, "better"), (-0.1, 0.01, "worse"), (0.1, 0.05, "no significant difference")],
)
def test_a_difference_is_claimed_only_when_significant(difference: float, p: float, verdict: str) -> None:
    finding = comparison("this", score(difference), p, 0.05, "Accuracy")
    assert (finding.verdict, finding.is_significant) == (verdict, verdict != "no significant difference")


def test_findings_are_a_list_and_tables_and_sentences_are_paragraphs() -> None:
    findings = [Finding("One", "holds", "It is so."), Finding("Is it?", "no", "It is not.")]
    table = Table(["a", "b"], [["x", Cell("1", strong=True)]], "What to see.")
    assert "\n".join(markdown([*findings, "A sentence.", table])).splitlines() == [
        "- **One: holds.** It is so.",
        "- **Is it? no.** It is not.",
        "",
        "A sentence.",
        "",
        "What to see.",
        "",
        "| a | b |",
        "| --- | --- |",
        "| x | **1** |",
    ]


def test_missing_results_are_named_with_the_remedy() -> None:
    with pytest.raises(
        StageError, match=r"data/results/evaluate/none/scores\.json is missing: .* `dvc checkout` to fetch it"
    ):
        measured("evaluate", "none", "scores")
