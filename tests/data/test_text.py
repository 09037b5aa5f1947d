import re

import pytest

from decortique.data.text import forms, split_sentences, split_words


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
def test_words_are_split_the_same_way_everywhere(text: str, expected: list[str]) -> None:
    assert forms(text) == expected


def test_a_word_has_its_offsets_in_the_original_text() -> None:
    text = "«Éric» DIDN’T go"
    assert [text[word.start : word.end] for word in split_words(text)] == ["Éric", "DIDN’T", "go"]


ENGLISH = "Dr. Smith paid $3.50 at 5 p.m. on Monday. He left! Did he? “Yes,” she said. It cost too much..."
FRENCH = "M. Dupont est venu. L'État, c'est moi ! Que faire ? « Rien », dit-il. C'est fini…"


@pytest.mark.parametrize(
    ("text", "language", "sentences"),
    [
        ("Dr. Smith came. He left! Did he?", "en", ["Dr. Smith came.", "He left!", "Did he?"]),
        ("It is 3.5 inches. Good.", "en", ["It is 3.5 inches.", "Good."]),
        (
            "Voir p. 12 et art. 3. Il l'a dit : « Viens. Pars. » Puis rien !",
            "fr",
            ["Voir p. 12 et art. 3.", "Il l'a dit : « Viens. Pars. »", "Puis rien !"],
        ),
        ("Dr. Müller kam. Er ging.", "de", ["Dr. Müller kam.", "Er ging."]),
    ],
)
def test_a_full_stop_ends_a_sentence_by_the_rules_of_the_language(
    text: str, language: str, sentences: list[str]
) -> None:
    assert list(split_sentences(text, language)) == sentences


def test_a_line_break_does_not_end_a_sentence_but_an_empty_line_does() -> None:
    text = "A title without a stop\n\nA sentence that\r\n  runs on. And\tanother\n \t\r\n* * *\n\nThe end"
    assert list(split_sentences(text, "en")) == [
        "A title without a stop",
        "A sentence that runs on.",
        "And another",
        "The end",
    ]


@pytest.mark.parametrize("text", ["", " \n\n\t", "...", "— !? —\n\n* * *", "___"])
def test_text_without_a_word_is_not_a_sentence(text: str) -> None:
    assert list(split_sentences(text, "en")) == []


def test_numbers_and_other_scripts_are_sentences() -> None:
    assert list(split_sentences("42!\n\nПривет.\n\n你好。", "en")) == ["42!", "Привет.", "你好。"]


@pytest.mark.parametrize(("text", "language"), [(ENGLISH, "en"), (FRENCH, "fr"), (ENGLISH + FRENCH, "fr")])
@pytest.mark.parametrize("times", [1, 40])
def test_no_word_is_lost_or_repeated(text: str, language: str, times: int) -> None:
    whole = "\n\n".join([text, text.replace(" ", "\n")] * times)
    result = list(split_sentences(whole, language))
    assert re.findall(r"\w+", " ".join(result)) == re.findall(r"\w+", whole)
    assert all(sentence == sentence.strip() and "\n" not in sentence for sentence in result)
    assert len(result) > 4 * times


@pytest.mark.parametrize("language", ["xx", "eo"])
def test_a_language_without_own_rules_is_still_split(language: str) -> None:
    assert list(split_sentences("Unu frazo. Alia frazo.", language)) == ["Unu frazo.", "Alia frazo."]
