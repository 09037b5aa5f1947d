import pytest

from decortique.diagnosis.perturbations import swap_contractions as swapped


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("I don't like it", "I do not like it"),
        ("It's great", "It is great"),
        ("You can't win", "You cannot win"),
        ("it won't do", "it will not do"),
        ("Isn't it fun", "Is it not fun"),
        ("Why can't we go", "Why can we not go"),
        ("I'm here and they're not", "I am here and they are not"),
        ("IT'S BAD", "IT IS BAD"),
        ("it's been fun", "it has been fun"),
        ("that's what we'll see", "that is what we will see"),
    ],
)
def test_contractions_are_expanded_and_restored(short: str, full: str) -> None:
    assert swapped(short) == full
    assert swapped(full) == short


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Let's see", "Let us see"),
        ("I've seen it", "I have seen it"),
        ("it isn’t", "it is not"),
        ("can not", "can't"),
    ],
)
def test_some_contractions_are_rewritten_in_one_direction_only(text: str, other: str) -> None:
    assert swapped(text) == other


@pytest.mark.parametrize("text", ["is what it is.", "I'd go", "the film's plot", "you have a point", "let us in"])
def test_ambiguous_or_uncontractable_words_stay_unchanged(text: str) -> None:
    assert swapped(text) == text


def test_each_position_is_rewritten_once() -> None:
    assert swapped("It is good, isn't it, and we don't know that it is not.") == (
        "It's good, is it not, and we do not know that it's not."
    )
