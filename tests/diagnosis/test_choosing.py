import numpy as np
import pytest

from decortique.core.files import StageError
from decortique.diagnosis.explanations import (
    MAX_WORDS,
    choose_examples,
    compared_approaches,
    explained_approaches,
    sample_long_texts,
)
from decortique.models.predictions import PredictionTable


def predicted(*of_last: float) -> PredictionTable:
    probability = np.stack([1 - np.array(of_last), np.array(of_last)], axis=1)
    return PredictionTable([], probability.argmax(axis=1), probability)


TRUTH = np.array([1, 1, 1, 1, 0, 1, 0, 1])
BAG = predicted(0.9, 0.8, 0.3, 0.6, 0.7, 0.4, 0.1, 0.2)
NET = predicted(0.7, 0.8, 0.9, 0.1, 0.8, 0.8, 0.45, 0.45)
SIZES = np.full(8, 5)


def test_texts_are_chosen_where_both_are_surest_or_furthest_apart() -> None:
    found = choose_examples(TRUTH, {"bag": BAG, "net": NET}, SIZES, 2)
    # Right are both on 0, 1 and 6; the less sure of them has 0.7, 0.8 and 0.55. Wrong are both on 4 (0.7) and 7 (0.55).
    assert found == {"both_right": [1, 0], "only_bag": [3], "only_net": [2, 5], "both_wrong": [4, 7]}
    assert choose_examples(TRUTH, {"net": NET, "bag": BAG}, SIZES, 1)["only_net"] == [2]


def test_long_texts_and_empty_ones_are_not_shown() -> None:
    sizes = np.array([5, MAX_WORDS + 1, MAX_WORDS, 5, 0, 5, 5, 5])
    found = choose_examples(TRUTH, {"bag": BAG, "net": NET}, sizes, 2)
    assert found == {"both_right": [0, 6], "only_bag": [3], "only_net": [2, 5], "both_wrong": [7]}


def test_of_one_approach_it_is_told_where_it_is_surest_and_of_none_nothing() -> None:
    assert choose_examples(TRUTH, {"bag": BAG}, SIZES, 2) == {"right": [0, 6], "wrong": [7, 2]}
    assert choose_examples(TRUTH, {}, SIZES, 2) == {}


def test_of_equals_the_first_is_shown() -> None:
    same = predicted(*[0.8] * 8)
    assert choose_examples(np.ones(8, int), {"bag": same, "net": same}, SIZES, 3)["both_right"] == [0, 1, 2]


def test_a_sample_is_of_texts_that_are_long_enough_and_the_same_again() -> None:
    sizes = np.array([3, 9, 9, 4, 9, 9, 9])
    found = sample_long_texts(sizes, 4, 3, seed=1)
    assert len(found) == 3
    assert found == sorted(found) == sample_long_texts(sizes, 4, 3, seed=1)
    assert set(found) < {1, 2, 4, 5, 6}
    assert sample_long_texts(sizes, 4, 100, seed=1) == [1, 2, 4, 5, 6]
    assert len({tuple(sample_long_texts(sizes, 4, 3, seed)) for seed in range(9)}) > 1


def test_texts_of_too_few_words_are_said_to_be() -> None:
    with pytest.raises(StageError, match=r"params.yaml: explain.n_deleted: no test text has more than 9 words"):
        sample_long_texts(np.array([3, 9]), 9, 3, seed=0)


def test_every_bag_of_words_is_explained_and_the_first_transformer() -> None:
    kinds = {"vader": "vader", "net": "transformer", "bag": "bag-of-words", "small": "transformer"}
    assert explained_approaches(kinds | {"bag-2": "bag-of-words"}) == ["bag", "bag-2", "net"]
    assert compared_approaches(kinds) == ["bag", "net"]
    assert explained_approaches({"small": "transformer"}) == compared_approaches({"small": "transformer"}) == ["small"]
    assert explained_approaches({"vader": "vader"}) == []
