import numpy as np
import pytest

from decortique.diagnosis.controls import random_split

GROUPS = np.repeat(np.arange(12), 10)
LABELS = np.where(np.arange(120) % 10 < 3, 1, 0)  # three of ten in each group
LABELS[100:] = 2
OWN = {"train": np.arange(80), "validation": np.arange(80, 100), "test": np.arange(100, 120)}


def test_the_random_split_holds_every_example_once() -> None:
    split = random_split(OWN, LABELS, seed=0)
    assert list(split) == list(OWN)
    assert sorted(np.concatenate(list(split.values())).tolist()) == list(range(120))
    for places in split.values():
        assert places.tolist() == sorted(places.tolist())


@pytest.mark.parametrize("seed", range(3))
def test_only_who_is_where_differs_not_how_many_of_each_label(seed: int) -> None:
    for name, places in random_split(OWN, LABELS, seed).items():
        own = LABELS[OWN[name]]
        np.testing.assert_array_equal(np.bincount(LABELS[places], minlength=3), np.bincount(own, minlength=3))


def test_groups_are_torn_apart_as_if_sentences_were_independent() -> None:
    split = random_split(OWN, np.where(np.arange(120) % 10 < 3, 1, 0), seed=0)
    everywhere = [set(GROUPS[places]) for places in split.values()]
    assert everywhere[0] == set(range(12))
    assert min(len(found) for found in everywhere) > 6
    assert not set(split["test"]) <= set(OWN["test"])


def test_a_seed_is_one_split_and_another_seed_another() -> None:
    first, again, other = (random_split(OWN, LABELS, seed) for seed in (0, 0, 1))
    for name in OWN:
        np.testing.assert_array_equal(first[name], again[name])
    assert not np.array_equal(first["train"], other["train"])


def test_rows_of_a_split_may_stand_in_any_order_and_anywhere() -> None:
    places = np.random.default_rng(0).permutation(120)
    own = {"train": places[:70], "test": places[70:]}
    split = random_split(own, LABELS, seed=0)
    assert {name: len(found) for name, found in split.items()} == {"train": 70, "test": 50}
    for name, found in split.items():
        assert sorted(LABELS[found]) == sorted(LABELS[own[name]])
