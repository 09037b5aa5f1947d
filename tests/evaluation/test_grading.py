import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from decortique.core.files import read_json, write_json
from decortique.data.corpus import LabelledSplit
from decortique.evaluation.scores import grade_scores
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable

COUNT = 300
Heads = dict[str, dict[str, np.ndarray]]
GROUPS = np.repeat(np.arange(30), 10)


def evaluate(**changes: Any) -> Evaluate:
    return Evaluate(**{"resamples": 400, "confidence": 0.95, "calibration_bins": 10, "seed": 0, **changes})


@pytest.fixture
def truth() -> np.ndarray:
    """Return grades from -4 to +4, of which a fifth is missing."""
    grades = np.random.default_rng(0).integers(-4, 5, size=COUNT).astype(float)
    return np.where(np.arange(COUNT) % 5 == 2, np.nan, grades)


def graded(
    truth: np.ndarray,
    probability: dict[str, np.ndarray],
    heads: Heads,
    settings: Evaluate,
    groups: np.ndarray | None = None,
) -> dict[str, Any]:
    none = np.empty(0, int)
    predicted = {
        name: PredictionTable([], none, np.column_stack([1 - one, one]), others=heads.get(name, {}))
        for name, one in probability.items()
    }
    return grade_scores(LabelledSplit("test", ["low", "high"], [], none, [], [], truth, groups), predicted, settings)


def noisy(truth: np.ndarray, noise: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.nan_to_num(truth) + random.normal(0, noise, len(truth))


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


@pytest.fixture
def probability(truth: np.ndarray) -> dict[str, np.ndarray]:
    return {"bag-of-words": sigmoid(noisy(truth, 6, 1)), "transformer": sigmoid(noisy(truth, 4, 2))}


@pytest.fixture
def heads(truth: np.ndarray) -> Heads:
    return {"bag-of-words": {}, "transformer": {"intensity": noisy(truth, 1, 3)}}


def test_every_approach_and_head_is_measured_against_the_grades(
    truth: np.ndarray, probability: dict[str, np.ndarray], heads: Heads
) -> None:
    result, known = graded(truth, probability, heads, evaluate()), np.isfinite(truth)
    for name, numbers in probability.items():
        value = result[name]["probability"]["spearman"]["value"]
        assert value == pytest.approx(spearmanr(truth[known], numbers[known]).statistic)
    head = result["transformer"]["intensity"]
    numbers = heads["transformer"]["intensity"]
    assert head["spearman"]["value"] == pytest.approx(spearmanr(truth[known], numbers[known]).statistic)
    assert head["mae"]["value"] == pytest.approx(np.abs(truth - numbers)[known].mean())
    assert result.keys() == {"bag-of-words", "transformer", "constant"}
    assert result["bag-of-words"].keys() == {"probability"}
    for interval in (head["spearman"], head["mae"], result["bag-of-words"]["probability"]["spearman"]):
        assert interval["low"] < interval["value"] < interval["high"]


def test_a_head_is_compared_with_the_probability_of_its_own_approach(
    truth: np.ndarray, probability: dict[str, np.ndarray], heads: Heads
) -> None:
    result = graded(truth, probability, heads, evaluate())["transformer"]
    better = result["intensity"]["versus_probability"]["spearman_difference"]
    assert better["value"] == pytest.approx(
        result["intensity"]["spearman"]["value"] - result["probability"]["spearman"]["value"]
    )
    assert 0 < better["low"] < better["value"] < better["high"]
    same = graded(truth, probability, {"transformer": {"copy": probability["transformer"]}}, evaluate())
    nothing = same["transformer"]["copy"]["versus_probability"]["spearman_difference"]
    assert nothing == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_a_further_prediction_is_ranked_under_its_own_name(
    truth: np.ndarray, probability: dict[str, np.ndarray], heads: Heads
) -> None:
    """The stage names it `<approach>/<head>`."""
    plain = graded(truth, probability, heads, evaluate())
    probability["transformer/tone"], heads["transformer/tone"] = sigmoid(noisy(truth, 2, 4)), {}
    result = graded(truth, probability, heads, evaluate())
    tone = result["transformer"].pop("tone")
    assert tone["probability"]["spearman"]["value"] > result["transformer"]["probability"]["spearman"]["value"]
    assert result == plain


def test_a_head_no_better_than_the_median_is_scored_as_such(truth: np.ndarray) -> None:
    known = np.isfinite(truth)
    median = np.median(truth[known])
    result = graded(truth, {"a": truth}, {"a": {"flat": np.full(COUNT, median)}}, evaluate())
    assert result["constant"]["mae"]["value"] == pytest.approx(np.abs(truth[known] - median).mean())
    assert result["a"]["flat"]["mae"] == result["constant"]["mae"]


def test_a_constant_output_has_no_rank_and_the_rest_is_still_written(truth: np.ndarray, tmp_path: Path) -> None:
    result = graded(truth, {"a": np.full(COUNT, 0.5)}, {"a": {"intensity": noisy(truth, 1, 0)}}, evaluate())
    assert result["a"]["probability"]["spearman"] is None
    assert result["a"]["intensity"]["versus_probability"]["spearman_difference"] is None
    assert result["a"]["intensity"]["spearman"]["value"] > 0.8
    write_json(tmp_path / "graded.json", result)
    assert read_json(tmp_path / "graded.json")["a"]["probability"]["spearman"] is None


def test_a_corpus_without_grades_has_no_grading_scores(probability: dict[str, np.ndarray]) -> None:
    assert graded(np.full(COUNT, np.nan), probability, {"transformer": {}}, evaluate()) == {}


def test_predictions_for_texts_without_a_grade_do_not_matter(
    truth: np.ndarray, probability: dict[str, np.ndarray], heads: Heads
) -> None:
    known = np.isfinite(truth)
    other = {name: np.where(known, numbers, -99) for name, numbers in probability.items()}
    others = {
        name: {head: np.where(known, one, 99) for head, one in by_head.items()} for name, by_head in heads.items()
    }
    for groups in (None, GROUPS):
        expected = graded(truth, probability, heads, evaluate(), groups)
        assert graded(truth, other, others, evaluate(), groups) == expected


def test_whole_groups_are_resampled_where_there_are_groups(truth: np.ndarray) -> None:
    hard = np.repeat(np.random.default_rng(5).choice([0.1, 8.0], size=30), 10)
    numbers = np.nan_to_num(truth) + np.random.default_rng(6).normal(size=COUNT) * hard
    apart, together = (
        graded(truth, {"a": numbers}, {"a": {"head": numbers}}, evaluate(), groups)["a"]["head"]["mae"]
        for groups in (None, GROUPS)
    )
    assert apart["value"] == together["value"]
    assert together["high"] - together["low"] > 1.3 * (apart["high"] - apart["low"])


def test_groups_without_grades_are_not_resampled(truth: np.ndarray) -> None:
    """Else a resample would hold fewer graded texts, and perhaps none."""
    alone = GROUPS >= 22
    few = np.where(alone, truth, np.nan)
    result = graded(few, {"a": truth}, {"a": {"head": noisy(truth, 1, 0)}}, evaluate(), GROUPS)
    expected = graded(
        truth[alone], {"a": truth[alone]}, {"a": {"head": noisy(truth, 1, 0)[alone]}}, evaluate(), GROUPS[alone] - 22
    )
    assert result == expected
    assert "NaN" not in json.dumps(result)


@pytest.mark.parametrize("confidence", [0.5, 0.99])
def test_more_confidence_gives_a_wider_interval(truth: np.ndarray, confidence: float) -> None:
    numbers = noisy(truth, 2, 0)
    usual, other = (
        graded(truth, {"a": numbers}, {}, evaluate(confidence=one))["a"]["probability"]["spearman"]
        for one in (0.9, confidence)
    )
    assert (other["low"] < usual["low"]) == (other["high"] > usual["high"]) == (confidence > 0.9)


def test_intervals_depend_only_on_the_seed(truth: np.ndarray, probability: dict[str, np.ndarray], heads: Heads) -> None:
    first, again, other = (graded(truth, probability, heads, evaluate(seed=seed)) for seed in (0, 0, 1))
    assert first == again != other
