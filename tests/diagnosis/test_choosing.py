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


def test_examples_are_chosen_where_two_approaches_are_surest_or_differ_most() -> None:
    chosen = choose_examples(TRUTH, {"bag": BAG, "net": NET}, SIZES, 2)
    # Both are right on 0, 1 and 6, with a lower confidence of 0.7, 0.8 and 0.55, and wrong on 4 (0.7) and 7 (0.55).
    assert chosen == {"both_right": [1, 0], "only_bag": [3], "only_net": [2, 5], "both_wrong": [4, 7]}
    assert choose_examples(TRUTH, {"net": NET, "bag": BAG}, SIZES, 1)["only_net"] == [2]


def test_long_texts_and_empty_ones_are_not_shown() -> None:
    sizes = np.array([5, MAX_WORDS + 1, MAX_WORDS, 5, 0, 5, 5, 5])
    chosen = choose_examples(TRUTH, {"bag": BAG, "net": NET}, sizes, 2)
    assert chosen == {"both_right": [0, 6], "only_bag": [3], "only_net": [2, 5], "both_wrong": [7]}


def test_one_approach_gives_its_surest_texts_and_none_gives_no_examples() -> None:
    assert choose_examples(TRUTH, {"bag": BAG}, SIZES, 2) == {"right": [0, 6], "wrong": [7, 2]}
    assert choose_examples(TRUTH, {}, SIZES, 2) == {}


def test_the_first_of_equal_examples_is_shown() -> None:
    same = predicted(*[0.8] * 8)
    assert choose_examples(np.ones(8, int), {"bag": same, "net": same}, SIZES, 3)["both_right"] == [0, 1, 2]


def test_a_sample_holds_only_long_texts_and_is_reproducible() -> None:
    sizes = np.array([3, 9, 9, 4, 9, 9, 9])
    chosen = sample_long_texts(sizes, 4, 3, seed=1)
    assert len(chosen) == 3
    assert chosen == sorted(chosen) == sample_long_texts(sizes, 4, 3, seed=1)
    assert set(chosen) < {1, 2, 4, 5, 6}
    assert sample_long_texts(sizes, 4, 100, seed=1) == [1, 2, 4, 5, 6]
    assert len({tuple(sample_long_texts(sizes, 4, 3, seed)) for seed in range(9)}) > 1


def test_texts_with_too_few_words_are_reported() -> None:
    with pytest.raises(StageError, match=r"params.yaml: explain.n_deleted: no test text has more than 9 words"):
        sample_long_texts(np.array([3, 9]), 9, 3, seed=0)


def test_every_bag_of_words_is_explained_and_the_first_transformer() -> None:
    kinds = {"vader": "vader", "net": "transformer", "bag": "bag-of-words", "small": "transformer"}
    assert explained_approaches(kinds | {"bag-2": "bag-of-words"}) == ["bag", "bag-2", "net"]
    assert compared_approaches(kinds) == ["bag", "net"]
    assert explained_approaches({"small": "transformer"}) == compared_approaches({"small": "transformer"}) == ["small"]
    assert explained_approaches({"vader": "vader"}) == []
