import numpy as np
import pytest

from decortique.data.lexicon import function_words
from decortique.diagnosis.attributions import SplitTexts, delete_words, kind_of, share_among_words


def spelled(text: str) -> list[str]:
    return [text[slice(*span)] for span in SplitTexts.of([text]).words[0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's   great, really!", ["It's", "great", ",", "really", "!"]),
        ("  l’été… fini ", ["l’été", "…", "fini"]),
        ("rock 'n' roll", ["rock", "'", "n", "'", "roll"]),
        ("a_b 3.5%", ["a_b", "3", ".", "5", "%"]),
        ("字 \n\t 😀x", ["字", "😀", "x"]),
        (" \n", []),
    ],
)
def test_words_and_punctuation_have_their_positions_in_the_text(text: str, expected: list[str]) -> None:
    assert spelled(text) == expected


def test_nothing_but_white_space_is_between_words() -> None:
    text = "Zażółć, «naïve» e\u0301 — \u0130stanbul's 1/2\u200b$ ’tis"
    left = list(text)
    for start, end in SplitTexts.of([text]).words[0]:
        left[start:end] = [" "] * (end - start)
    assert not "".join(left).split()


def test_removing_words_leaves_no_double_spaces() -> None:
    text = "It's  not, ever, good!"
    words = SplitTexts.of([text]).words[0]
    assert delete_words(text, words, {1, 2}) == "It's ever, good!"
    assert delete_words(text, words, set()) == "It's not, ever, good!"
    assert delete_words(text, words, set(range(7))) == ""
    assert delete_words(text, words, {6}) == "It's not, ever, good"


def test_values_of_parts_are_shared_equally_by_their_words_without_loss() -> None:
    shares, rest = share_among_words(np.array([3.0, -1.0, 5.0]), [{0, 1, 2}, {1}, set()], 4)
    assert shares.tolist() == [1, 0, 1, 0]
    assert rest == 5


@pytest.mark.parametrize(
    ("word", "language", "expected"),
    [
        ("The", "en", "function_words"),
        ("film's", "en", "content_words"),
        ("2016", "en", "content_words"),
        ("!", "en", "punctuation"),
        ("…", "fr", "punctuation"),
        ("l’Europe", "fr", "content_words"),
        ("nous", "fr", "function_words"),
        ("the", "xx", "content_words"),  # a language without a list
    ],
)
def test_kinds_of_words_are_distinguished(word: str, language: str, expected: str) -> None:
    assert kind_of(word, function_words(language)) == expected


def test_some_texts_keep_their_own_words() -> None:
    split = SplitTexts.of(["one two", "", "three."])
    assert split.sizes.tolist() == [2, 0, 2]
    assert split.at([2, 0]) == SplitTexts.of(["three.", "one two"])
