import pytest

from decortique.diagnosis.perturbations import strip_punctuation


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("Well-made, isn't it?!", "Well made isn't it"),
        ("... the ''best'' of (our) time -- now", "the best of our time now"),
        ("$3.5 million, 50% off", "$3.5 million 50% off"),
        ("The actors' film: « l’été »", "The actors film l’été"),
        ("snake_case", "snake case"),
    ],
)
def test_punctuation_is_removed_except_inside_words_and_numbers(text: str, bare: str) -> None:
    assert strip_punctuation(text) == bare


def test_a_text_without_punctuation_is_unchanged() -> None:
    assert strip_punctuation(" no  marks\tat all ") == " no  marks\tat all "


def test_a_text_of_punctuation_alone_becomes_empty() -> None:
    assert strip_punctuation("...!") == ""
