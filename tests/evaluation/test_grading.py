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
    """Grades from -4 to +4, of which a fifth is missing."""
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


def test_every_approach_is_ranked_by_the_grades_and_a_head_measured_too(
    truth: np.ndarray, probability: dict[str, np.ndarray], heads: Heads
) -> None:
    found, known = graded(truth, probability, heads, evaluate()), np.isfinite(truth)
    for name, numbers in probability.items():
        value = found[name]["probability"]["spearman"]["value"]
        assert value == pytest.approx(spearmanr(truth[known], numbers[known]).statistic)
    head = found["transformer"]["intensity"]
    numbers = heads["transformer"]["intensity"]
    assert head["spearman"]["value"] == pytest.approx(spearmanr(truth[known], numbers[known]).statistic)
    assert head["mae"]["value"] == pytest.approx(np.abs(truth - numbers)[known].mean())
    assert found.keys() == {"bag-of-words", "transformer", "constant"}
    assert found["bag-of-words"].keys() == {"probability"}
    for interval in (head["spearman"], head["mae"], found["bag-of-words"]["probability"]["spearman"]):
        assert interval["low"] < interval["value"] < interval["high"]


def test_a_head_is_compared_with_the_probability_of_its_own_approach(
    truth: np.ndarray, probability: dict[str, np.ndarray], heads: Heads
) -> None:
    found = graded(truth, probability, heads, evaluate())["transformer"]
    better = found["intensity"]["versus_probability"]["spearman_difference"]
    assert better["value"] == pytest.approx(
        found["intensity"]["spearman"]["value"] - found["probability"]["spearman"]["value"]
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
    found = graded(truth, probability, heads, evaluate())
    tone = found["transformer"].pop("tone")
    assert tone["probability"]["spearman"]["value"] > found["transformer"]["probability"]["spearman"]["value"]
    assert found == plain


def test_a_head_that_is_no_nearer_than_the_median_shows_it(truth: np.ndarray) -> None:
    known = np.isfinite(truth)
    median = np.median(truth[known])
    found = graded(truth, {"a": truth}, {"a": {"flat": np.full(COUNT, median)}}, evaluate())
    assert found["constant"]["mae"]["value"] == pytest.approx(np.abs(truth[known] - median).mean())
    assert found["a"]["flat"]["mae"] == found["constant"]["mae"]


def test_who_always_says_the_same_has_no_rank_and_the_rest_is_written_all_the_same(
    truth: np.ndarray, tmp_path: Path
) -> None:
    found = graded(truth, {"a": np.full(COUNT, 0.5)}, {"a": {"intensity": noisy(truth, 1, 0)}}, evaluate())
    assert found["a"]["probability"]["spearman"] is None
    assert found["a"]["intensity"]["versus_probability"]["spearman_difference"] is None
    assert found["a"]["intensity"]["spearman"]["value"] > 0.8
    write_json(tmp_path / "graded.json", found)
    assert read_json(tmp_path / "graded.json")["a"]["probability"]["spearman"] is None


def test_a_corpus_without_grades_has_no_grading(probability: dict[str, np.ndarray]) -> None:
    assert graded(np.full(COUNT, np.nan), probability, {"transformer": {}}, evaluate()) == {}


def test_what_is_predicted_for_texts_without_a_grade_does_not_matter(
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


def test_whole_groups_are_resampled_where_texts_belong_together(truth: np.ndarray) -> None:
    hard = np.repeat(np.random.default_rng(5).choice([0.1, 8.0], size=30), 10)
    numbers = np.nan_to_num(truth) + np.random.default_rng(6).normal(size=COUNT) * hard
    apart, together = (
        graded(truth, {"a": numbers}, {"a": {"head": numbers}}, evaluate(), groups)["a"]["head"]["mae"]
        for groups in (None, GROUPS)
    )
    assert apart["value"] == together["value"]
    assert together["high"] - together["low"] > 1.3 * (apart["high"] - apart["low"])


def test_groups_of_which_none_is_graded_are_not_resampled(truth: np.ndarray) -> None:
    """Else a resample would hold fewer graded texts, and perhaps none."""
    alone = GROUPS >= 22
    few = np.where(alone, truth, np.nan)
    found = graded(few, {"a": truth}, {"a": {"head": noisy(truth, 1, 0)}}, evaluate(), GROUPS)
    expected = graded(
        truth[alone], {"a": truth[alone]}, {"a": {"head": noisy(truth, 1, 0)[alone]}}, evaluate(), GROUPS[alone] - 22
    )
    assert found == expected
    assert "NaN" not in json.dumps(found)


@pytest.mark.parametrize("confidence", [0.5, 0.99])
def test_more_confidence_asks_for_a_wider_interval(truth: np.ndarray, confidence: float) -> None:
    numbers = noisy(truth, 2, 0)
    usual, other = (
        graded(truth, {"a": numbers}, {}, evaluate(confidence=one))["a"]["probability"]["spearman"]
        for one in (0.9, confidence)
    )
    assert (other["low"] < usual["low"]) == (other["high"] > usual["high"]) == (confidence > 0.9)


def test_the_same_seed_gives_the_same_intervals_and_another_others(
    truth: np.ndarray, probability: dict[str, np.ndarray], heads: Heads
) -> None:
    first, again, other = (graded(truth, probability, heads, evaluate(seed=seed)) for seed in (0, 0, 1))
    assert first == again != other
