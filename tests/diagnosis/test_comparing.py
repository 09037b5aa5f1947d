import numpy as np
import pytest

from decortique.data.lexicon import function_words
from decortique.diagnosis.attributions import SplitTexts
from decortique.diagnosis.explanations import agreement, kind_shares
from decortique.evaluation.settings import Evaluate

SETTINGS = Evaluate(resamples=200, confidence=0.95, calibration_bins=5, seed=0)


def shares(*texts: list[float]) -> list[np.ndarray]:
    return [np.array(one, float) for one in texts]


def test_agreement_matches_a_calculation_by_hand() -> None:
    one = shares([3, 2, 1], [1, 2, 3, 4], [5, 1])
    other = shares([30, 2, 1], [4, 3, 2, 1], [1, 5])
    result = agreement(one, other, SETTINGS, None)
    assert result["texts"] == result["ranked"] == 3
    assert result["spearman"]["value"] == pytest.approx((1 - 1 - 1) / 3)
    assert result["same_top"]["value"] == pytest.approx(1 / 3)
    assert result["same_top_by_chance"]["value"] == pytest.approx((1 / 3 + 1 / 4 + 1 / 2) / 3)
    assert result["difference"]["value"] == pytest.approx(1 / 3 - 13 / 36)
    assert result["spearman"]["low"] == pytest.approx(-1)


def test_a_text_with_equal_shares_has_no_ranks_and_is_excluded() -> None:
    result = agreement(shares([0, 0], [1, 2]), shares([1, 2], [1, 2]), SETTINGS, None)
    assert (result["texts"], result["ranked"], result["spearman"]["value"]) == (2, 1, 1)
    none = agreement(shares([0, 0]), shares([1, 2]), SETTINGS, None)
    assert none["ranked"] == 0
    assert "spearman" not in none


def test_unrelated_explanations_agree_only_by_chance() -> None:
    random = np.random.default_rng(0)
    one, other = ([random.normal(size=8) for _ in range(300)] for _ in range(2))
    result = agreement(one, other, SETTINGS, None)
    assert result["spearman"]["low"] < 0 < result["spearman"]["high"]
    assert result["difference"]["low"] < 0 < result["difference"]["high"]


def test_groups_are_resampled_whole() -> None:
    one, other = shares([1, 2], [1, 2], [1, 2], [2, 1]), shares([1, 2], [1, 2], [1, 2], [1, 2])
    wide, narrow = (
        agreement(one * 8, other * 8, SETTINGS, groups)["same_top"] for groups in (np.tile(np.arange(4), 8), None)
    )
    assert wide["high"] - wide["low"] > 1.5 * (narrow["high"] - narrow["low"])


def test_shares_by_kind_of_word_match_a_calculation_by_hand() -> None:
    split = SplitTexts.of(["the good film !", "a plot"])
    result = kind_shares({"bag": shares([1, -2, 1, 0], [3, 1])}, split, function_words("en"), SETTINGS, None)
    values = {name: {kind: one["value"] for kind, one in kinds.items()} for name, kinds in result.items()}
    assert values["words"] == {"content_words": 0.5, "function_words": 0.375, "punctuation": 0.125}
    assert values["bag"] == {"content_words": 0.5, "function_words": 0.5, "punctuation": 0}
