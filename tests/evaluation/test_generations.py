import math
from typing import Any

import numpy as np
import pytest

from decortique.evaluation.generations import Generations, families, generation_points, hidden, traced
from decortique.evaluation.scores import Evaluation, Examples
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable

SETTINGS = Evaluate(resamples=300, confidence=0.95, calibration_bins=5, seed=0)
FAMILY = families({"teacher": None, "student": "teacher", "grandstudent": "student"})
TRUTH = np.array([1, 1, 1, 1, 0, 0, 0, 0])


def predicted(prediction: np.ndarray, confidence: float = 0.9) -> PredictionTable:
    """Return these predictions, with constant confidence."""
    inside = np.where(np.eye(2, dtype=bool)[prediction], confidence, 1 - confidence)
    return PredictionTable([], prediction, inside)


def wrong(*indices: int, truth: np.ndarray = TRUTH) -> np.ndarray:
    """Return the truth, flipped at some indices."""
    return np.where(np.isin(np.arange(len(truth)), indices), 1 - truth, truth)


def generations(*outputs: PredictionTable, truth: np.ndarray = TRUTH, groups: np.ndarray | None = None) -> Generations:
    """Return the outputs of teacher, student and grandstudent."""
    by_name = dict(zip(FAMILY, outputs, strict=True))
    return Generations.of(Examples(["low", "high"], truth, groups), by_name, FAMILY, SETTINGS)


def drifting(count: int, errors: tuple[float, float, float], seed: int = 0) -> Generations:
    """Return a chain in which each generation changes a share of its teacher's predictions."""
    random = np.random.default_rng(seed)
    truth = random.integers(2, size=count)
    chain, outputs = truth, []
    for share in errors:
        chain = np.where(random.random(count) < share, 1 - chain, chain)
        sure = np.clip(random.normal(0.8, 0.1, count), 0.51, 0.99)
        outputs.append(
            PredictionTable([], chain, np.where(np.eye(2, dtype=bool)[chain], sure[:, None], 1 - sure[:, None]))
        )
    return generations(*outputs, truth=truth)


def intervals(content: Any) -> list[dict[str, float]]:
    if not isinstance(content, dict):
        return []
    return [content] if "value" in content else [one for inside in content.values() for one in intervals(inside)]


def test_a_student_is_compared_with_its_ancestor_and_with_its_own_teacher() -> None:
    scores = generations(predicted(wrong(7)), predicted(wrong(0)), predicted(wrong(0, 1))).scores_of("grandstudent")
    assert scores["accuracy"]["value"] == 6 / 8
    assert scores["agreement_with_ancestor"]["value"] == 5 / 8  # they differ on 0, 1 and 7
    assert scores["agreement_with_teacher"]["value"] == 7 / 8
    assert scores["versus_ancestor"]["accuracy_difference"]["value"] == -1 / 8
    assert scores["versus_teacher"]["accuracy_difference"]["value"] == -1 / 8


def test_a_member_without_teacher_agrees_with_itself_and_is_not_compared() -> None:
    scores = generations(predicted(TRUTH), predicted(TRUTH), predicted(TRUTH)).scores_of("teacher")
    assert scores["agreement_with_ancestor"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert not {"agreement_with_teacher", "versus_ancestor", "versus_teacher"} & set(scores)


def test_entropy_is_in_nats() -> None:
    result = generations(predicted(TRUTH, 1.0), predicted(TRUTH, 0.9), predicted(TRUTH, 0.5))
    entropies = [result.scores_of(name)["entropy"]["value"] for name in FAMILY]
    by_hand = -0.9 * math.log(0.9) - 0.1 * math.log(0.1)
    assert entropies == pytest.approx([0, by_hand, math.log(2)])
    drift = result.scores_of("grandstudent")["versus_teacher"]["entropy_difference"]["value"]
    assert drift == pytest.approx(math.log(2) - by_hand)


def test_probabilities_are_compared_with_the_truth() -> None:
    result = generations(predicted(wrong(0, 1), 0.9), predicted(wrong(0, 1), 0.6), predicted(wrong(0, 1), 1.0))
    sure, unsure, certain = (result.scores_of(name) for name in FAMILY)
    assert sure["log_loss"]["value"] == pytest.approx(-(6 * math.log(0.9) + 2 * math.log(0.1)) / 8)
    assert sure["overconfidence"]["value"] == pytest.approx(0.9 - 6 / 8)
    assert unsure["overconfidence"]["value"] == pytest.approx(0.6 - 6 / 8)
    # All of four predicted as high with .9 are high, and two of four with .1.
    assert generations(*[predicted(wrong(0, 1), 0.9)] * 3).scores_of("teacher")["calibration_error"] == pytest.approx(
        (2 * (1 - 0.9) + 6 * abs(2 / 6 - 0.1)) / 8
    )
    assert math.isfinite(certain["log_loss"]["value"])


def test_every_interval_holds_its_value() -> None:
    home, far = drifting(300, (0.1, 0.05, 0.05)), drifting(500, (0.2, 0.1, 0.1), seed=1)
    result = intervals(traced({"test": home, "tweets": far}))
    assert len(result) > 50
    for one in result:
        assert one["low"] <= one["value"] <= one["high"]


def test_accuracy_has_the_same_interval_as_in_evaluate() -> None:
    outputs = {name: predicted(wrong(*indices)) for name, indices in zip(FAMILY, [(0,), (0, 1), (1, 2)], strict=True)}
    examples = Examples(["low", "high"], TRUTH)
    evaluated = Evaluation.of(examples, outputs, SETTINGS).scores()
    traced_here = Generations.of(examples, outputs, FAMILY, SETTINGS)
    for name in FAMILY:
        assert traced_here.scores_of(name)["accuracy"] == evaluated[name]["accuracy"]
        assert traced_here.scores_of(name)["log_loss"] == pytest.approx(evaluated[name]["log_loss"])


def test_drift_is_paired_and_an_identical_student_does_not_drift() -> None:
    scores = generations(*[predicted(wrong(0, 5))] * 3).scores_of("grandstudent")
    assert scores["accuracy"]["low"] < scores["accuracy"]["high"]
    for compared in ("versus_ancestor", "versus_teacher"):
        assert all(one == {"value": 0.0, "low": 0.0, "high": 0.0} for one in scores[compared].values())


def test_intervals_resample_whole_groups_where_there_are_groups() -> None:
    truth, groups = np.tile(TRUTH, 10), np.repeat(np.arange(10), 8)
    astray = predicted(np.where(groups < 6, truth, 1 - truth))  # four whole groups are predicted differently
    by_speech, by_text = (
        generations(predicted(truth), astray, astray, truth=truth, groups=chosen).scores_of("student")[
            "agreement_with_ancestor"
        ]
        for chosen in (groups, None)
    )
    assert by_speech["value"] == by_text["value"] == 0.6
    assert by_speech["high"] - by_speech["low"] > 0.5
    assert by_text["high"] - by_text["low"] < 0.3


def test_drift_that_the_test_set_does_not_show_is_above_zero() -> None:
    home = generations(predicted(TRUTH), predicted(wrong(0)), predicted(wrong(0)))
    far = generations(predicted(wrong(7)), predicted(wrong(0, 1, 2, 7)), predicted(wrong(7)))
    result = hidden(home, far, "student")
    assert result["accuracy"]["value"] == pytest.approx(3 / 8 - 1 / 8)
    assert result["agreement"]["value"] == pytest.approx(3 / 8 - 1 / 8)
    assert hidden(home, far, "grandstudent")["accuracy"]["value"] == pytest.approx(-1 / 8)
    assert hidden(far, home, "student")["agreement"]["value"] == pytest.approx(-2 / 8)


def test_losing_and_gaining_accuracy_at_equal_agreement_are_different() -> None:
    home = generations(*[predicted(TRUTH)] * 3)
    far = generations(predicted(wrong(0, 1)), predicted(TRUTH), predicted(wrong(0, 1)))
    result = hidden(home, far, "student")
    assert (result["agreement"]["value"], result["accuracy"]["value"]) == (2 / 8, -2 / 8)


def test_hidden_drift_of_large_sets_is_precise_and_sets_are_independent() -> None:
    home, far = drifting(1000, (0.1, 0.02, 0.02)), drifting(1000, (0.1, 0.2, 0.02))
    assert hidden(home, far, "student")["agreement"]["low"] > 0
    itself = hidden(home, home, "grandstudent")["agreement"]
    assert itself["value"] == 0
    assert itself["low"] < -0.005
    assert itself["high"] > 0.005


def test_the_report_has_the_teacher_and_scores_of_each_member_by_set() -> None:
    result = traced({"test": drifting(60, (0.1, 0.1, 0.1)), "tweets": drifting(80, (0.1, 0.1, 0.1))})
    assert list(result) == ["teacher", "student", "grandstudent"]
    assert [(one["teacher"], one["generation"]) for one in result.values()] == [
        (None, 0),
        ("teacher", 1),
        ("student", 2),
    ]
    assert {one["ancestor"] for one in result.values()} == {"teacher"}
    assert all(set(one["sets"]) == {"test", "tweets"} for one in result.values())
    assert "hidden" not in result["teacher"]
    assert set(result["student"]["hidden"]) == {"tweets"}


def test_plotted_points_are_the_numbers_of_the_report() -> None:
    sets = {"test": drifting(60, (0.1, 0.1, 0.1)), "tweets": drifting(80, (0.1, 0.1, 0.1))}
    members, points = traced(sets), list(generation_points(sets))
    assert len(points) == 2 * (5 + 6 + 6)
    for point in points:
        expected = members[str(point["member"])]["sets"][point["set"]][point["measure"]]
        assert {key: point[key] for key in ("value", "low", "high")} == expected
        assert point["teacher"] == (members[str(point["member"])]["teacher"] or "")


def test_without_a_family_the_report_is_empty() -> None:
    result = Generations.of(Examples(["low", "high"], TRUTH), {}, {}, SETTINGS)
    assert traced({"test": result}) == {}
    assert list(generation_points({"test": result})) == []
