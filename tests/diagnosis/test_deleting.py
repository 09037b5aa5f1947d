from typing import Any

import numpy as np
import pytest

from decortique.diagnosis.attributions import SplitTexts
from decortique.diagnosis.explanations import compare_falls, probability_falls, word_orders
from decortique.evaluation.settings import Evaluate
from tests.diagnosis.made_explaining import WORTH, MadeExplainer

SETTINGS = Evaluate(resamples=200, confidence=0.95, calibration_bins=5, seed=0)
HONEST, LYING = MadeExplainer(WORTH), MadeExplainer({"the": 3.0, "a": 2.0, "of": 1.0})
# All are predicted as 1.
TEXTS = SplitTexts.of([f"the {one} of {last} a film" for one in ("good", "nice", "good bad") for last in "abcdefgh"])


def sigmoid(number: float) -> float:
    return float(1 / (1 + np.exp(-number)))


def fallen(explainer: MadeExplainer, counts: list[int], split: SplitTexts = TEXTS) -> Any:
    predicted = explainer.predictions(split)
    shares = explainer.attribute(split, predicted.prediction, lambda _: None)
    orders = word_orders(shares.words, 0)
    before = predicted.probability.max(axis=1)
    return probability_falls(explainer, split, predicted.prediction, before, orders, counts, lambda _: None)


def test_the_fall_in_probability_matches_a_calculation_by_hand() -> None:
    # The predictions are 1, at 3 + 1, and 0, at -2.
    result = fallen(HONEST, [1, 2], SplitTexts.of(["nice a good film", "bad film"]))
    assert result[1]["top"] == pytest.approx([sigmoid(4) - sigmoid(1), sigmoid(2) - 0.5])
    assert result[2]["top"] == pytest.approx([sigmoid(4) - 0.5, sigmoid(2) - 0.5])


def test_random_words_are_the_first_of_a_single_random_order() -> None:
    split = SplitTexts.of(["nice a good film"])
    order = word_orders([np.zeros(4)], 0)["random"][0]
    assert sorted(order.tolist()) == [0, 1, 2, 3]
    result = fallen(HONEST, [1, 2, 4], split)
    for count in (1, 2, 4):
        left = sum(
            WORTH.get(word, 0) for index, word in enumerate(split.texts[0].split()) if index not in order[:count]
        )
        assert result[count]["random"] == pytest.approx([sigmoid(4) - sigmoid(left)])


def test_a_faithful_explanation_beats_one_that_names_irrelevant_words() -> None:
    scores = compare_falls({"honest": fallen(HONEST, [1, 3]), "lying": fallen(LYING, [1, 3])}, SETTINGS, None)
    for count in ("1", "3"):
        honest, lying = scores["honest"][count], scores["lying"][count]
        assert honest["difference"]["low"] > 0.05
        assert honest["holm_p"] < 0.01
        assert lying["top"]["value"] == 0
        assert lying["difference"]["value"] < 0


def test_intervals_and_difference_use_the_same_texts() -> None:
    one = {1: {"top": np.array([0.5, 0.3, 0.4]), "random": np.array([0.4, 0.2, 0.3])}}
    result = compare_falls({"bag": one}, SETTINGS, None)["bag"]["1"]
    assert result["top"]["value"] == pytest.approx(0.4)
    assert result["random"]["value"] == pytest.approx(0.3)
    assert result["difference"] == pytest.approx({"value": 0.1, "low": 0.1, "high": 0.1})
    assert result["p"] == pytest.approx(2 / 8)


def test_a_group_counts_once_in_the_test_and_every_p_value_in_the_correction() -> None:
    one = {count: {"top": np.array([0.5, 0.5, 0.4, 0.4]), "random": np.array([0.1, 0.2, 0.3, 0.2])} for count in (1, 2)}
    alone, grouped = (compare_falls({"bag": one}, SETTINGS, groups)["bag"] for groups in (None, np.array([0, 0, 1, 1])))
    assert alone["1"]["p"] == pytest.approx(2 / 16)
    assert alone["1"]["holm_p"] == pytest.approx(4 / 16)
    assert grouped["1"]["p"] == pytest.approx(2 / 4)
    assert grouped["1"]["difference"]["high"] == pytest.approx(0.35)  # twice the first group
    assert alone["1"]["difference"]["value"] == grouped["1"]["difference"]["value"]


def test_without_approaches_there_is_nothing_to_compare() -> None:
    assert compare_falls({}, SETTINGS, None) == {}
