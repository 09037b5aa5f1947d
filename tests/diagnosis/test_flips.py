import numpy as np
import pytest

from decortique.diagnosis.flips import Measured, points, report, should
from decortique.diagnosis.rewriting import Answers
from tests.diagnosis.made_rewriting import EVALUATE, all_rewritten, answers, rows

STEADY = answers((0.9, 0.8), (0.2, 0.1), (0.7, 0.6), (0.6, 0.9))
SHAKEN = answers((0.9, 0.2), (0.2, 0.7), (0.7, 0.6), (0.6, 0.4))


def measured(name: str = "typos", *, graded: bool = False, groups: list[int] | None = None) -> Measured:
    said = {"steady": STEADY, "shaken": SHAKEN}
    return Measured.of(name, all_rewritten(4), said, rows([1, 0, 1, 0], groups, graded=graded), EVALUATE)


def test_flips_and_accuracy_are_those_counted_by_hand() -> None:
    found = report({"typos": measured()}, texts=9)["typos"]
    assert (found["should"], found["changed"], found["unchanged"]) == ("stay", 4, 5)
    steady, shaken = found["approaches"]["steady"], found["approaches"]["shaken"]
    assert steady["flips"] == {"value": 0, "low": 0, "high": 0}
    assert shaken["flips"]["value"] == 3 / 4
    assert shaken["flips"]["low"] < 3 / 4 < shaken["flips"]["high"]
    assert (shaken["accuracy_before"]["value"], shaken["accuracy_after"]["value"]) == (3 / 4, 2 / 4)
    assert shaken["accuracy_difference"]["value"] == -1 / 4
    # of the label first predicted: .9 to .2, .8 to .3, .7 to .6, .6 to .4
    assert shaken["probability_change"]["value"] == pytest.approx((-0.7 - 0.5 - 0.1 - 0.2) / 4)


def test_where_the_claim_is_turned_labels_no_longer_hold() -> None:
    found = report({"negation": measured("negation", graded=True)}, texts=4)["negation"]
    assert found["should"] == "turn"
    assert set(found["approaches"]["shaken"]) == {"flips", "probability_change"}


def test_only_graded_opinions_should_turn_and_only_when_they_are_negated() -> None:
    grades, none = np.array([np.nan, 1.5]), np.array([np.nan, np.nan])
    assert should("negation", grades) == "turn"
    assert should("negation", none) == "stay"
    assert should("typos", grades) == "stay"


def test_flips_are_tested_against_those_of_the_baseline() -> None:
    test = report({"typos": measured()}, texts=4)["typos"]["versus"]["shaken"]
    assert (test["only_baseline_flips"], test["only_this_flips"]) == (0, 3)
    assert test["mcnemar_p"] == pytest.approx(2 / 2**3)
    assert test["flips_difference"]["value"] == 3 / 4
    assert "swap_p" not in test


def test_p_values_are_corrected_for_all_rewrites_and_approaches() -> None:
    found = report({"typos": measured(), "lower_case": measured()}, texts=4)
    for name in ("typos", "lower_case"):
        test = found[name]["versus"]["shaken"]
        assert test["holm_p"] == pytest.approx(2 * test["mcnemar_p"])


def test_texts_of_a_group_are_tested_together() -> None:
    # All that flips is in one group of two: either sign is as likely.
    grouped = measured(groups=[3, 3, 7, 7])
    test = report({"typos": grouped}, texts=4)["typos"]["versus"]["shaken"]
    assert test["swap_p"] == test["holm_p"]
    assert test["swap_p"] >= 0.4
    assert grouped.groups is not None
    assert grouped.groups.tolist() == [0, 0, 1, 1]


def test_labels_and_groups_are_those_of_the_texts_that_change() -> None:
    made, said = all_rewritten(2, first=2), {"shaken": Answers(SHAKEN.before[:2], SHAKEN.after[:2])}
    found = Measured.of("typos", made, said, rows([0, 0, 1, 0], [0, 1, 5, 6]), EVALUATE)
    assert found.truth.tolist() == [1, 0]
    assert found.groups is not None
    assert found.groups.tolist() == [0, 1]


def test_a_run_of_one_approach_has_no_tests() -> None:
    one = Measured.of("typos", all_rewritten(4), {"steady": STEADY}, rows([1, 0, 1, 0]), EVALUATE)
    assert report({"typos": one}, texts=4)["typos"]["versus"] == {}


def test_points_are_the_flips_of_the_report() -> None:
    found = list(points({"typos": measured()}))
    assert [(point["rewrite"], point["approach"], point["flips"]) for point in found] == [
        ("typos", "steady", 0.0),
        ("typos", "shaken", 0.75),
    ]
