from functools import partial

import pytest

from decortique.data.text import forms
from decortique.diagnosis.perturbations import add_typos, keyboard_neighbours, mistype
from tests.diagnosis.made_rewriting import random

QWERTY = keyboard_neighbours("qwerty")
typed = partial(add_typos, near=QWERTY)
TEXT = "The plot is a wonderful mess, but never boring: their finest hour since nineteen eighty."


def test_keys_that_touch_are_neighbours_on_both_keyboards() -> None:
    assert set(QWERTY["g"]) == set("fhtyvb")
    assert set(QWERTY["q"]) == set("wa")
    azerty = keyboard_neighbours("azerty")
    assert {"z", "q"} <= set(azerty["a"])
    assert set(azerty["m"]) == set("lp")


def test_every_kind_of_error_is_made_and_the_first_letter_stays() -> None:
    result = {mistype("film", random(seed), QWERTY) for seed in range(300)}
    assert {"flim", "flm", "fillm", "folm"} <= result  # swapped, dropped, doubled, a neighbour
    assert "film" not in result
    assert all(word.startswith("f") for word in result)


@pytest.mark.parametrize("word", ["seee", "aaaa", "БОЛЬ", "Étés"])
def test_words_that_allow_few_errors_still_get_one(word: str) -> None:
    assert all(mistype(word, random(seed), QWERTY) != word for seed in range(50))


def test_the_error_rate_applies_to_words_of_four_letters_or_more() -> None:
    changed = [
        sum(one != other for one, other in zip(forms(TEXT), forms(typed(TEXT, random(3), rate=rate)), strict=True))
        for rate in (0.01, 0.5, 1.0)
    ]
    assert changed == [1, 6, 11]  # one at least; half of the eleven; all


def test_short_words_punctuation_and_capitals_stay_unchanged() -> None:
    assert typed("It is so bad!", random(), rate=1.0) == "It is so bad!"
    for seed in range(30):
        result = typed("AWFUL, it is", random(seed), rate=1.0)
        assert result.endswith(", it is")
        assert result[:-7].isupper()
