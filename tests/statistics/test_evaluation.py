import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts.files import read_json, write_json
from stages.settings.evaluate import Evaluate
from stages.statistics.curves import calibration_points, confusion_cells, roc_points
from stages.statistics.evaluation import Evaluation

SETTINGS = Evaluate(resamples=200, confidence=0.95, calibration_bins=5, seed=0)
TRUTH = np.array([0, 0, 1, 1, 1, 0, 1, 0])


def certain(*decisions: int, classes: int = 2, confidence: float = 0.9) -> np.ndarray:
    """Probabilities of someone who decides so."""
    rest = (1 - confidence) / (classes - 1)
    return np.where(np.eye(classes, dtype=bool)[list(decisions)], confidence, rest)


def evaluation(truth: np.ndarray = TRUTH, classes: int = 2, **probability: np.ndarray) -> Evaluation:
    return Evaluation.of(["low", "middle", "high"][:classes], truth, probability, SETTINGS)


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
    for measure in ("accuracy", "macro_f1", "roc_auc", "log_loss"):
        interval = scores["better"][measure]
        assert interval["low"] <= interval["value"] <= interval["high"]
    assert scores["better"]["calibration_error"] == pytest.approx((5 * (0.9 - 0.8) + 3 * 0.1) / 8)


def test_each_approach_is_tested_against_the_baseline() -> None:
    versus = evaluation(baseline=BASELINE, better=BETTER, same=BASELINE).versus("baseline")
    assert list(versus) == ["better", "same"]
    assert (versus["better"]["only_baseline_right"], versus["better"]["only_this_right"]) == (0, 2)
    assert versus["better"]["mcnemar_p"] == 0.5
    assert versus["better"]["accuracy_difference"]["value"] == pytest.approx(2 / 8)
    assert versus["better"]["accuracy_difference"]["low"] >= 0
    assert versus["same"]["mcnemar_p"] == 1.0
    assert versus["same"]["macro_f1_difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_a_student_is_weighed_against_its_own_teacher() -> None:
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
    found = evaluation(truth, classes=3, one=certain(0, 0, 1, 2, 2, 1, classes=3), other=certain(*[1] * 6, classes=3))
    metrics = {**found.scores(), "versus": found.versus("one")}
    write_json(tmp_path / "metrics.json", metrics)
    assert read_json(tmp_path / "metrics.json")["one"]["accuracy"]["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert all(math.isfinite(number) for number in numbers(metrics))
    assert "roc_auc" not in metrics["one"]


def test_a_class_missing_from_some_resamples_leaves_intervals_of_the_others(tmp_path: Path) -> None:
    truth = np.array([0, 0, 0, 0, 0, 1])
    scores = evaluation(truth, one=certain(0, 0, 0, 1, 0, 1)).scores()
    write_json(tmp_path / "metrics.json", scores)
    assert 0 <= scores["one"]["roc_auc"]["low"] <= scores["one"]["roc_auc"]["value"]


def test_a_teacher_that_is_always_wrong_does_not_stop_the_stage(tmp_path: Path) -> None:
    found = evaluation(teacher=certain(*(1 - TRUTH)), student=BETTER)
    write_json(tmp_path / "metrics.json", found.retained({"student": "teacher"}))


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
    found = evaluation(np.full(6, present), one=certain(0, 0, 1, 1, 1, 0))
    for points in (roc_points(found), calibration_points(found), confusion_cells(found)):
        assert all(math.isfinite(number) for point in points for number in numbers(point))


def test_calibration_is_shown_bin_by_bin() -> None:
    assert list(calibration_points(evaluation(better=BETTER))) == [
        {"approach": "better", "predicted": pytest.approx(0.1), "observed": 0.0, "count": 3},
        {"approach": "better", "predicted": pytest.approx(0.9), "observed": 0.8, "count": 5},
    ]


def test_confusions_are_counted_truth_by_decision() -> None:
    cells = {(cell["actual"], cell["predicted"]): cell["count"] for cell in confusion_cells(evaluation(one=BASELINE))}
    assert cells == {("low", "low"): 3, ("low", "middle"): 1, ("middle", "low"): 2, ("middle", "middle"): 2}
