import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from decortique.core.files import read_json, write_json
from decortique.evaluation.paired_tests import swap_test
from decortique.evaluation.scores import Evaluation, Examples, calibration_points, confusion_cells, roc_points
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable

SETTINGS = Evaluate(resamples=200, confidence=0.95, calibration_bins=5, seed=0)
TRUTH = np.array([0, 0, 1, 1, 1, 0, 1, 0])


def certain(*predictions: int, classes: int = 2, confidence: float = 0.9) -> np.ndarray:
    """Return probabilities that give these predictions."""
    rest = (1 - confidence) / (classes - 1)
    return np.where(np.eye(classes, dtype=bool)[list(predictions)], confidence, rest)


def evaluation(
    truth: np.ndarray = TRUTH, classes: int = 2, groups: np.ndarray | None = None, **probability: np.ndarray
) -> Evaluation:
    """Evaluate approaches that predict the most probable class."""
    ids = [f"row-{index}" for index in range(len(truth))]
    predicted = {name: PredictionTable(ids, values.argmax(axis=1), values) for name, values in probability.items()}
    return Evaluation.of(Examples(["low", "middle", "high"][:classes], truth, groups), predicted, SETTINGS)


BASELINE = certain(0, 0, 1, 0, 0, 1, 1, 0)  # 5 of 8 right
BETTER = certain(0, 0, 1, 1, 1, 1, 1, 0)  # 7 of 8, wherever the baseline is too


def numbers(content: Any) -> list[float]:
    if isinstance(content, dict):
        return [number for value in content.values() for number in numbers(value)]
    return [content] if isinstance(content, float) else []


def test_every_approach_has_every_measure_with_its_interval() -> None:
    scores = evaluation(baseline=BASELINE, better=BETTER).scores()
    assert list(scores) == ["baseline", "better"]
    assert scores["baseline"]["accuracy"]["value"] == 5 / 8
    assert scores["better"]["accuracy"]["value"] == 7 / 8
    assert list(scores["better"]["f1"]) == ["low", "middle"]
    for measure in ("accuracy", "macro_f1", "roc_auc", "average_precision", "log_loss"):
        interval = scores["better"][measure]
        assert interval["low"] <= interval["value"] <= interval["high"]
    expected = average_precision_score(TRUTH, BASELINE[:, 1])
    assert scores["baseline"]["average_precision"]["value"] == pytest.approx(expected)
    assert scores["better"]["calibration_error"] == pytest.approx((5 * (0.9 - 0.8) + 3 * 0.1) / 8)


def test_each_approach_is_tested_against_the_baseline() -> None:
    versus = evaluation(baseline=BASELINE, better=BETTER, same=BASELINE).versus("baseline")
    assert list(versus) == ["better", "same"]
    assert (versus["better"]["only_baseline_right"], versus["better"]["only_this_right"]) == (0, 2)
    assert versus["better"]["mcnemar_p"] == 0.5
    assert versus["better"]["accuracy_difference"]["value"] == pytest.approx(2 / 8)
    assert versus["better"]["accuracy_difference"]["low"] >= 0
    assert versus["better"]["f1_difference"]["value"] == pytest.approx(8 / 9 - 4 / 7)  # of `middle`, the last label
    assert versus["same"]["mcnemar_p"] == 1.0
    assert versus["same"]["macro_f1_difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_sentences_of_one_group_are_tested_together() -> None:
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    result = evaluation(groups=groups, baseline=BASELINE, better=BETTER).compared("better", "baseline")
    by_hand = swap_test(TRUTH, BASELINE.argmax(axis=1), BETTER.argmax(axis=1), groups=groups, last=1, seed=0)
    assert {name: result[name] for name in by_hand} == by_hand
    assert result["accuracy_p"] == pytest.approx(0.5, abs=0.02)  # better in two speeches, equal in two
    assert not {"accuracy_p", "f1_p"} & set(evaluation(baseline=BASELINE, better=BETTER).compared("better", "baseline"))


def test_intervals_resample_whole_groups_where_there_are_groups() -> None:
    truth, groups = np.tile(TRUTH, 10), np.repeat(np.arange(10), 8)
    right = np.where(groups < 6, truth, 1 - truth)  # six speeches all right, four all wrong
    by_speech, by_text = (evaluation(truth, groups=g, one=certain(*right)).scores()["one"] for g in (groups, None))
    assert by_speech["accuracy"]["value"] == by_text["accuracy"]["value"] == 0.6
    assert by_speech["accuracy"]["high"] - by_speech["accuracy"]["low"] > 0.5
    assert by_text["accuracy"]["high"] - by_text["accuracy"]["low"] < 0.3


def test_the_prediction_counts_even_if_another_class_is_more_probable() -> None:
    predicted = {
        "eager": PredictionTable([], np.ones(8, int), BETTER),
        "shy": PredictionTable([], np.zeros(8, int), BETTER),
    }
    result = Evaluation.of(Examples(["low", "high"], TRUTH), predicted, SETTINGS)
    scores = result.scores()
    assert scores["eager"]["f1"]["high"]["value"] == pytest.approx(2 / 3)
    assert scores["shy"]["f1"]["high"]["value"] == 0.0
    assert scores["eager"]["roc_auc"] == scores["shy"]["roc_auc"]
    assert (
        result.compared("eager", "shy")["only_this_right"]
        == result.compared("eager", "shy")["only_baseline_right"]
        == 4
    )
    cells = {(c["approach"], c["actual"], c["predicted"]): c["count"] for c in confusion_cells(result)}
    assert cells["eager", "low", "high"] == 4


def test_each_group_has_its_accuracy_and_single_texts_share_one() -> None:
    names = ["b", "b", "b", "a", "a", "b", "a", "a"]
    groups = np.unique(names, return_inverse=True)[1]
    rows = list(evaluation(groups=groups, baseline=BASELINE, better=BETTER).accuracy_by_group(names))
    assert rows[:2] == [
        {"approach": "baseline", "group": "b", "texts": 4, "accuracy": 0.75},
        {"approach": "baseline", "group": "a", "texts": 4, "accuracy": 0.5},
    ]
    assert [(row["approach"], row["group"]) for row in rows[2:]] == [("better", "b"), ("better", "a")]
    assert list(evaluation(baseline=BASELINE).accuracy_by_group(names)) == [
        {"approach": "baseline", "group": "all", "texts": 8, "accuracy": 5 / 8}
    ]


def test_a_student_is_compared_with_its_own_teacher() -> None:
    retained = evaluation(teacher=BETTER, student=BASELINE, twin=BETTER).retained(
        {"student": "teacher", "twin": "teacher"}
    )
    assert retained["student"]["teacher"] == "teacher"
    assert retained["student"]["accuracy_share"]["value"] == pytest.approx(5 / 7)
    assert retained["student"]["agreement"] == 6 / 8
    assert retained["twin"]["accuracy_share"] == {"value": 1.0, "low": 1.0, "high": 1.0}


@pytest.mark.parametrize("present", [0, 1, 2])
def test_a_set_with_one_class_only_can_be_written_as_metrics(tmp_path: Path, present: int) -> None:
    truth = np.full(6, present)
    result = evaluation(truth, classes=3, one=certain(0, 0, 1, 2, 2, 1, classes=3), other=certain(*[1] * 6, classes=3))
    metrics = {**result.scores(), "versus": result.versus("one")}
    write_json(tmp_path / "metrics.json", metrics)
    assert read_json(tmp_path / "metrics.json")["one"]["accuracy"]["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert all(math.isfinite(number) for number in numbers(metrics))
    assert not {"roc_auc", "average_precision"} & set(metrics["one"])


def test_a_class_missing_from_some_resamples_leaves_intervals_of_the_others(tmp_path: Path) -> None:
    truth = np.array([0, 0, 0, 0, 0, 1])
    scores = evaluation(truth, one=certain(0, 0, 0, 1, 0, 1)).scores()
    write_json(tmp_path / "metrics.json", scores)
    assert 0 <= scores["one"]["roc_auc"]["low"] <= scores["one"]["roc_auc"]["value"]


def test_a_teacher_that_is_always_wrong_does_not_stop_the_stage(tmp_path: Path) -> None:
    result = evaluation(teacher=certain(*(1 - TRUTH)), student=BETTER)
    write_json(tmp_path / "metrics.json", result.retained({"student": "teacher"}))


def test_the_roc_curve_goes_from_corner_to_corner_for_each_approach() -> None:
    points = list(roc_points(evaluation(one=BASELINE, other=BETTER)))
    for approach in ("one", "other"):
        curve = [
            (point["false_positive_rate"], point["true_positive_rate"])
            for point in points
            if point["approach"] == approach
        ]
        assert curve[0] == (0, 0)
        assert curve[-1] == (1, 1)
        assert curve == sorted(curve)
    assert (1 / 4, 1.0) in [(p["false_positive_rate"], p["true_positive_rate"]) for p in points]


@pytest.mark.parametrize("present", [0, 1])
def test_the_curves_of_a_set_with_one_class_only_hold_no_nan(present: int) -> None:
    result = evaluation(np.full(6, present), one=certain(0, 0, 1, 1, 1, 0))
    for points in (roc_points(result), calibration_points(result), confusion_cells(result)):
        assert all(math.isfinite(number) for point in points for number in numbers(point))


def test_calibration_is_shown_bin_by_bin() -> None:
    assert list(calibration_points(evaluation(better=BETTER))) == [
        {"approach": "better", "predicted": pytest.approx(0.1), "observed": 0.0, "count": 3},
        {"approach": "better", "predicted": pytest.approx(0.9), "observed": 0.8, "count": 5},
    ]


def test_confusions_are_counted_truth_by_prediction() -> None:
    cells = {(cell["actual"], cell["predicted"]): cell["count"] for cell in confusion_cells(evaluation(one=BASELINE))}
    assert cells == {("low", "low"): 3, ("low", "middle"): 1, ("middle", "low"): 2, ("middle", "middle"): 2}
