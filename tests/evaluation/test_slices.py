from typing import Any

import numpy as np
import pytest

from decortique.evaluation.paired_tests import holm, mcnemar
from decortique.evaluation.scores import Examples
from decortique.evaluation.settings import Evaluate
from decortique.evaluation.slices import Part, part_scores, parts_of

SETTINGS = Evaluate(resamples=400, confidence=0.95, calibration_bins=5, seed=0)
RANDOM = np.random.default_rng(0)


def test_parts_are_of_equal_size_and_hold_each_text_once() -> None:
    values = RANDOM.permutation(np.arange(40.0))
    parts = parts_of(values, 4, 1)
    assert [part.inside.sum() for part in parts] == [10, 10, 10, 10]
    assert (np.sum([part.inside for part in parts], axis=0) == 1).all()
    assert [(part.low, part.high) for part in parts] == [(0, 9), (10, 19), (20, 29), (30, 39)]


def test_equal_values_stay_together() -> None:
    values = np.array([0.0] * 30 + [1.0] * 10)
    assert [(part.low, part.inside.sum()) for part in parts_of(values, 4, 1)] == [(0, 30), (1, 10)]
    assert len(parts_of(np.zeros(5), 4, 1)) == 1


def test_small_parts_and_unknown_values_are_left_out() -> None:
    values = np.array([0.0] * 30 + [1.0] * 3 + [np.nan] * 9)
    (part,) = parts_of(values, 4, 5)
    assert part.inside.sum() == 30
    assert parts_of(np.full(4, np.nan), 4, 1) == []


def scored(truth: np.ndarray, parts: list[Part], groups: np.ndarray | None = None, **predicted: Any) -> dict[str, Any]:
    return part_scores(Examples(["low", "high"], truth, groups), predicted, parts, SETTINGS)


def sliced(parts: list[Part]) -> dict[str, Any]:
    """Score a baseline that is right on the second half, and an approach that is right everywhere."""
    truth = RANDOM.integers(2, size=200)
    return scored(truth, parts, words=np.where(np.arange(200) >= 100, truth, 1 - truth), model=truth)


HALVES = parts_of(np.arange(200.0), 2, 1)


def test_accuracy_is_measured_on_the_part() -> None:
    first, second = sliced(HALVES)["parts"]
    assert (first["texts"], second["texts"]) == (100, 100)
    assert [first["accuracy"][name]["value"] for name in ("words", "model")] == [0, 1]
    assert second["versus"]["model"]["accuracy_difference"]["value"] == 0
    assert first["versus"]["model"]["accuracy_difference"] == {"value": 1, "low": 1, "high": 1}


def test_p_values_are_corrected_over_all_parts() -> None:
    tests = [part["versus"]["model"] for part in sliced(HALVES)["parts"]]
    alone = [mcnemar(np.zeros(100, bool), np.ones(100, bool))["mcnemar_p"], 1.0]
    assert [test["mcnemar_p"] for test in tests] == pytest.approx(alone)
    assert [test["holm_p"] for test in tests] == pytest.approx(holm(alone))


def test_the_last_part_is_compared_with_the_first() -> None:
    difference = sliced(HALVES)["last_minus_first"]
    assert difference["words"] == {"value": 1, "low": 1, "high": 1}
    assert difference["model"]["value"] == 0
    assert sliced(parts_of(np.zeros(200), 2, 1))["last_minus_first"] == {}


def test_texts_of_a_group_are_resampled_and_swapped_together() -> None:
    groups = np.repeat(np.arange(20), 10)
    random = np.random.default_rng(1)
    truth = np.zeros(200, int)
    words = np.repeat(random.integers(2, size=20), 10)  # right or wrong on a whole group
    wide, narrow = (
        scored(truth, parts_of(np.arange(200.0), 1, 1), one, words=words, model=truth)["parts"][0]
        for one in (groups, None)
    )
    spread = [one["accuracy"]["words"]["high"] - one["accuracy"]["words"]["low"] for one in (wide, narrow)]
    assert spread[0] > 2 * spread[1]
    assert "accuracy_p" in wide["versus"]["model"]
    assert wide["versus"]["model"]["holm_p"] == wide["versus"]["model"]["accuracy_p"]


def test_a_baseline_alone_needs_no_test() -> None:
    alone = scored(np.zeros(20, int), parts_of(np.arange(20.0), 2, 1), words=np.zeros(20, int))
    assert alone["parts"][0]["versus"] == {}
