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
def test_marks_go_and_what_belongs_to_words_and_numbers_stays(text: str, bare: str) -> None:
    assert strip_punctuation(text) == bare


def test_a_text_without_marks_stays_to_the_last_space() -> None:
    assert strip_punctuation(" no  marks\tat all ") == " no  marks\tat all "


def test_of_marks_alone_nothing_is_left() -> None:
    assert strip_punctuation("...!") == ""
