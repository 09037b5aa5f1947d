from typing import Any

import pytest

from decortique.core.findings import Cell
from decortique.diagnosis.findings import (
    audit_findings,
    explanation_findings,
    flip_findings,
    flips_table,
    rewritten_examples,
    suspected_examples,
)
from tests.report.made_reporting import score


def leaks(texts: int = 0, change: float = 0.0, reach: float = 0.02) -> dict[str, Any]:
    difference = {"value": change, "low": change - reach, "high": change + reach}
    worth = {"model": {"all": score(0.8), "without": score(0.8 - change), "difference": difference}} if texts else {}
    return {
        "near_duplicates": {
            "overlap": {"test": {"texts": 100, "train": {"exact": texts, "near": 0}}},
            "leaks": {"texts": texts, "accuracy": worth},
        },
        "labels": {
            "suspected": {"count": 7, "share": score(0.07)},
            "second_opinion": {"best": "model", "predicts_against": {}},
            "control": {"flipped": 5},
        },
    }


@pytest.mark.parametrize(
    ("result", "verdict", "significant"),
    [
        (leaks(), "0 test texts have a near duplicate in training", True),
        (
            leaks(5, 0.01),
            "5 test texts have a near duplicate in training, which changes no score significantly",
            False,
        ),
        (
            leaks(5, 0.1),
            "5 test texts have a near duplicate in training, which changes model +0.100 [+0.080, +0.120]",
            True,
        ),
    ],
)
def test_a_leak_is_reported_with_its_effect(result: dict[str, Any], verdict: str, *, significant: bool) -> None:
    first, _ = audit_findings(result)
    assert (first.verdict, first.is_significant) == (verdict, significant)


def test_the_report_says_that_a_suspicion_is_no_proof() -> None:
    _, labels = audit_findings(leaks())
    assert labels.verdict == "7 of them are suspected"
    assert labels.evidence.endswith("A suspicion is no proof.")


def flips(should: str = "stay", difference: float = -0.1, p: float = 0.01) -> dict[str, Any]:
    approaches = {"words": {"flips": score(0.3)}, "model": {"flips": score(0.3 + difference)}}
    versus = {"model": {"holm_p": p, "flips_difference": score(difference)}}
    return {
        "left_out": {"synonyms": "there is no WordNet"},
        "rewrites": {"typos": {"should": should, "changed": 50, "approaches": approaches, "versus": versus}},
    }


@pytest.mark.parametrize(
    ("result", "bold"),
    [
        (flips(), True),
        (flips(difference=0.1), False),
        (flips(p=0.2), False),
        (flips("flip"), False),
        (flips("flip", difference=0.1), True),
    ],
)
def test_significantly_better_approaches_are_bold_in_either_direction(result: dict[str, Any], *, bold: bool) -> None:
    ((*_, model),) = flips_table(result, 0.05).rows
    assert isinstance(model, Cell)
    assert model.strong == bold


def test_skipped_rewrites_are_reported_with_the_reason() -> None:
    is_significant, left_out = flip_findings(flips(), 0.05)
    assert is_significant.verdict == "20% to 30% flip"
    assert "model fewer than words" in is_significant.evidence
    assert (left_out.verdict, left_out.evidence, left_out.is_significant) == ("left out", "there is no WordNet.", False)


def explained(p: float, apart: float) -> dict[str, Any]:
    one = {"top": score(0.2), "random": score(0.1), "difference": score(0.1), "holm_p": p}
    same = {"texts": 9, "same_top": score(0.4), "same_top_by_chance": score(0.1), "spearman": score(0.3)}
    return {"deletion": {"model": {"1": one, "3": one}}, "agreement": {**same, "difference": score(apart)}}


def test_an_explanation_is_faithful_only_if_its_words_matter_more_than_others() -> None:
    assert [one.is_significant for one in explanation_findings(explained(0.01, 0.3), 0.05)] == [True, True]
    assert [one.is_significant for one in explanation_findings(explained(0.06, 0.01), 0.05)] == [False, False]
    assert list(explanation_findings({"deletion": {}, "agreement": {}}, 0.05)) == []


def test_as_many_examples_are_shown_as_requested() -> None:
    example = {"before": {"prediction": "a", "probability": 0.9}, "after": {"prediction": "b", "probability": 0.8}}
    lines = [
        {"rewrite": name, "label": "a", "text": f"text {number}", "rewritten": "Text", "approaches": {"words": example}}
        for name in ("typos", "negation")
        for number in range(5)
    ]
    shown = rewritten_examples(lines, 2).texts
    assert [one.title for one in shown] == ["typos: a", "typos: a", "negation: a", "negation: a"]
    assert shown[0].text == "text 0 → Text — words a 0.90 → b 0.80"
    doubted = {"label": "a", "score": None, "text": "x", "probability": 0.1, "approaches": {"model": 0.2}}
    (one,) = suspected_examples([doubted, doubted], 1).texts
    assert one.title == "labelled a"
    assert "bag of words 0.10, model 0.20" in one.text
