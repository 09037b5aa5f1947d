import pytest

from decortique.data.text import forms, split_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'm here", ["i", "m", "here"]),
        ("J'ai vu l'Été.", ["j", "ai", "vu", "l", "été"]),
        ("Don’t! It won't", ["don't", "it", "won't"]),
        ("@anonymous see http://t.co/a?b=1 now", ["see", "now"]),
        ("a_b  3D", ["a", "b", "3d"]),
        (":-)", []),
    ],
)
def test_words_are_told_apart_the_same_way_everywhere(text: str, expected: list[str]) -> None:
    assert forms(text) == expected


def test_a_word_knows_where_it_stands_in_the_text_as_it_is() -> None:
    text = "«Éric» DIDN’T go"
    assert [text[word.start : word.end] for word in split_words(text)] == ["Éric", "DIDN’T", "go"]
