import numpy as np
import pytest

from decortique.data.lexicon import function_words
from decortique.diagnosis.attributions import SplitTexts
from decortique.diagnosis.explanations import agreement, kind_shares
from decortique.evaluation.settings import Evaluate

SETTINGS = Evaluate(resamples=200, confidence=0.95, calibration_bins=5, seed=0)


def shares(*texts: list[float]) -> list[np.ndarray]:
    return [np.array(one, float) for one in texts]


def test_agreement_by_hand() -> None:
    one = shares([3, 2, 1], [1, 2, 3, 4], [5, 1])
    other = shares([30, 2, 1], [4, 3, 2, 1], [1, 5])
    found = agreement(one, other, SETTINGS, None)
    assert found["texts"] == found["ranked"] == 3
    assert found["spearman"]["value"] == pytest.approx((1 - 1 - 1) / 3)
    assert found["same_top"]["value"] == pytest.approx(1 / 3)
    assert found["same_top_by_chance"]["value"] == pytest.approx((1 / 3 + 1 / 4 + 1 / 2) / 3)
    assert found["difference"]["value"] == pytest.approx(1 / 3 - 13 / 36)
    assert found["spearman"]["low"] == pytest.approx(-1)


def test_a_text_whose_words_are_all_alike_has_no_ranks_and_is_counted_out() -> None:
    found = agreement(shares([0, 0], [1, 2]), shares([1, 2], [1, 2]), SETTINGS, None)
    assert (found["texts"], found["ranked"], found["spearman"]["value"]) == (2, 1, 1)
    none = agreement(shares([0, 0]), shares([1, 2]), SETTINGS, None)
    assert none["ranked"] == 0
    assert "spearman" not in none


def test_explanations_that_have_nothing_in_common_agree_no_more_than_by_chance() -> None:
    random = np.random.default_rng(0)
    one, other = ([random.normal(size=8) for _ in range(300)] for _ in range(2))
    found = agreement(one, other, SETTINGS, None)
    assert found["spearman"]["low"] < 0 < found["spearman"]["high"]
    assert found["difference"]["low"] < 0 < found["difference"]["high"]


def test_groups_are_drawn_whole() -> None:
    one, other = shares([1, 2], [1, 2], [1, 2], [2, 1]), shares([1, 2], [1, 2], [1, 2], [1, 2])
    wide, narrow = (
        agreement(one * 8, other * 8, SETTINGS, groups)["same_top"] for groups in (np.tile(np.arange(4), 8), None)
    )
    assert wide["high"] - wide["low"] > 1.5 * (narrow["high"] - narrow["low"])


def test_the_kinds_of_words_by_hand() -> None:
    split = SplitTexts.of(["the good film !", "a plot"])
    found = kind_shares({"bag": shares([1, -2, 1, 0], [3, 1])}, split, function_words("en"), SETTINGS, None)
    values = {name: {kind: one["value"] for kind, one in kinds.items()} for name, kinds in found.items()}
    assert values["words"] == {"content_words": 0.5, "function_words": 0.375, "punctuation": 0.125}
    assert values["bag"] == {"content_words": 0.5, "function_words": 0.5, "punctuation": 0}
