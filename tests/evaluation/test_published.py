import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import precision_recall_fscore_support

from decortique.evaluation.published import correlation, protocol_scores, signs
from decortique.evaluation.settings import Evaluate

SETTINGS = Evaluate(resamples=200, confidence=0.95, calibration_bins=5, seed=0)
RANDOM = np.random.default_rng(0)
GRADES = np.round(RANDOM.uniform(-2, 2, size=200), 1)  # some of them 0
SCORES = np.clip(GRADES / 3 + RANDOM.normal(0, 0.4, size=200), -1, 1)
NOBODY = [np.empty(0)] * 200


def test_scores_near_zero_are_neutral_and_the_threshold_itself_is_not() -> None:
    assert signs(np.array([-1, -0.05, -0.049, 0, 0.049, 0.05, 1]), 0.05).tolist() == [0, 0, 1, 1, 1, 2, 2]


def test_precision_recall_and_f1_match_scikit_learn_weighted_by_class() -> None:
    scores = protocol_scores(GRADES, SCORES, NOBODY, 0.05, SETTINGS)
    truth = np.sign(GRADES) + 1
    expected = precision_recall_fscore_support(truth, signs(SCORES, 0.05), average="weighted", zero_division=0)
    assert [scores[name]["value"] for name in ("precision", "recall", "f1")] == pytest.approx(expected[:3])
    assert all(one["low"] < one["value"] < one["high"] for one in scores.values())


def test_the_correlation_matches_pearsons_with_any_weights() -> None:
    once = correlation(GRADES, SCORES, np.ones((1, 200)))
    assert once[0] == pytest.approx(pearsonr(GRADES, SCORES).statistic)
    weights = RANDOM.integers(0, 3, size=200)
    expected = pearsonr(np.repeat(GRADES, weights), np.repeat(SCORES, weights)).statistic
    assert correlation(GRADES, SCORES, weights[None].astype(float))[0] == pytest.approx(expected)


def test_a_constant_output_has_no_correlation() -> None:
    assert "correlation" not in protocol_scores(GRADES, np.zeros(200), NOBODY, 0.05, SETTINGS)


def test_a_person_is_scored_where_people_were_asked() -> None:
    assert "person_f1" not in protocol_scores(GRADES, SCORES, NOBODY, 0.05, SETTINGS)
    alike = [np.array([1.0, 1.0, 2.0])] * 200
    assert protocol_scores(GRADES, SCORES, alike, 0.05, SETTINGS)["person_f1"]["value"] == pytest.approx(1)
