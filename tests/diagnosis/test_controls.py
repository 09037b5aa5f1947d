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
    for indices in split.values():
        assert indices.tolist() == sorted(indices.tolist())


@pytest.mark.parametrize("seed", range(3))
def test_a_random_split_keeps_the_label_counts_of_each_split(seed: int) -> None:
    for name, indices in random_split(OWN, LABELS, seed).items():
        own = LABELS[OWN[name]]
        np.testing.assert_array_equal(np.bincount(LABELS[indices], minlength=3), np.bincount(own, minlength=3))


def test_a_random_split_separates_the_texts_of_a_group() -> None:
    split = random_split(OWN, np.where(np.arange(120) % 10 < 3, 1, 0), seed=0)
    everywhere = [set(GROUPS[indices]) for indices in split.values()]
    assert everywhere[0] == set(range(12))
    assert min(len(groups) for groups in everywhere) > 6
    assert not set(split["test"]) <= set(OWN["test"])


def test_each_seed_gives_its_own_reproducible_split() -> None:
    first, again, other = (random_split(OWN, LABELS, seed) for seed in (0, 0, 1))
    for name in OWN:
        np.testing.assert_array_equal(first[name], again[name])
    assert not np.array_equal(first["train"], other["train"])


def test_the_rows_of_a_split_may_be_in_any_order() -> None:
    indices = np.random.default_rng(0).permutation(120)
    own = {"train": indices[:70], "test": indices[70:]}
    split = random_split(own, LABELS, seed=0)
    assert {name: len(result) for name, result in split.items()} == {"train": 70, "test": 50}
    for name, result in split.items():
        assert sorted(LABELS[result]) == sorted(LABELS[own[name]])
