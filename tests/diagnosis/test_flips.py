from typing import Any

import numpy as np
import pytest

from decortique.diagnosis.robustness import BeforeAfter, Rewritten, flip_points, measure_flips, should_flip
from tests.diagnosis.made_rewriting import EVALUATE, all_rewritten, outputs, rows

STEADY = outputs((0.9, 0.8), (0.2, 0.1), (0.7, 0.6), (0.6, 0.9))
SHAKEN = outputs((0.9, 0.2), (0.2, 0.7), (0.7, 0.6), (0.6, 0.4))


def measured(*names: str, texts: int = 4, graded: bool = False, groups: list[int] | None = None) -> dict[str, Any]:
    by_approach = {"steady": STEADY, "shaken": SHAKEN}
    made = {name: all_rewritten(4) for name in names or ("typos",)}
    split = rows([1, 0, 1, 0], groups, graded=graded)
    return measure_flips(made, dict.fromkeys(made, by_approach), split, texts, EVALUATE)


def test_flips_and_accuracy_match_a_count_by_hand() -> None:
    result = measured(texts=9)["typos"]
    assert (result["should"], result["changed"], result["unchanged"]) == ("stay", 4, 5)
    steady, shaken = result["approaches"]["steady"], result["approaches"]["shaken"]
    assert steady["flips"] == {"value": 0, "low": 0, "high": 0}
    assert shaken["flips"]["value"] == 3 / 4
    assert shaken["flips"]["low"] < 3 / 4 < shaken["flips"]["high"]
    assert (shaken["accuracy_before"]["value"], shaken["accuracy_after"]["value"]) == (3 / 4, 2 / 4)
    assert shaken["accuracy_difference"]["value"] == -1 / 4
    # for the original prediction: .9 to .2, .8 to .3, .7 to .6, .6 to .4
    assert shaken["probability_change"]["value"] == pytest.approx((-0.7 - 0.5 - 0.1 - 0.2) / 4)


def test_accuracy_is_not_measured_where_a_rewrite_negates_the_claim() -> None:
    result = measured("negation", graded=True)["negation"]
    assert result["should"] == "flip"
    assert set(result["approaches"]["shaken"]) == {"flips", "probability_change"}


def test_only_graded_opinions_should_flip_and_only_when_they_are_negated() -> None:
    grades, none = np.array([np.nan, 1.5]), np.array([np.nan, np.nan])
    assert should_flip("negation", grades) == "flip"
    assert should_flip("negation", none) == "stay"
    assert should_flip("typos", grades) == "stay"


def test_flips_are_tested_against_those_of_the_baseline() -> None:
    test = measured()["typos"]["versus"]["shaken"]
    assert (test["only_baseline_flips"], test["only_this_flips"]) == (0, 3)
    assert test["mcnemar_p"] == pytest.approx(2 / 2**3)
    assert test["flips_difference"]["value"] == 3 / 4
    assert "swap_p" not in test


def test_p_values_are_corrected_for_all_rewrites_and_approaches() -> None:
    result = measured("typos", "lower_case")
    for name in ("typos", "lower_case"):
        test = result[name]["versus"]["shaken"]
        assert test["holm_p"] == pytest.approx(2 * test["mcnemar_p"])


def test_texts_of_a_group_are_tested_together() -> None:
    # All flips are in one group of two: both signs are equally likely.
    test = measured(groups=[3, 3, 7, 7])["typos"]["versus"]["shaken"]
    assert test["swap_p"] == test["holm_p"]
    assert test["swap_p"] >= 0.4


def only(made: Rewritten, output: BeforeAfter, truth: list[int], groups: list[int] | None = None) -> dict[str, Any]:
    return measure_flips({"typos": made}, {"typos": {"one": output}}, rows(truth, groups), 4, EVALUATE)["typos"]


def test_labels_and_groups_are_taken_from_the_changed_texts() -> None:
    output = BeforeAfter(SHAKEN.before[:2], SHAKEN.after[:2])
    result = only(all_rewritten(2, first=2), output, [0, 0, 1, 0], [0, 1, 5, 6])["approaches"]["one"]
    assert result["accuracy_before"] == {"value": 1, "low": 1, "high": 1}


def test_a_run_of_one_approach_has_no_tests() -> None:
    assert only(all_rewritten(4), STEADY, [1, 0, 1, 0])["versus"] == {}


def test_plotted_points_are_the_flips_of_the_report() -> None:
    result = list(flip_points(measured()))
    assert [(point["rewrite"], point["approach"], point["flips"]) for point in result] == [
        ("typos", "steady", 0.0),
        ("typos", "shaken", 0.75),
    ]
