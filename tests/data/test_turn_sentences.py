import pytest

from decortique.data.speech import sentences


@pytest.mark.parametrize(
    ("glued", "cut"),
    [
        ("That is right.I am here.", ["That is right.", "I am here."]),
        ("Is it so?No!Never.", ["Is it so?", "No!", "Never."]),
        ("We left NATO.And so on.", ["We left NATO.", "And so on."]),
        ("I don't.Now listen.", ["I don't.", "Now listen."]),
        ('He wants "order."Third, he lies.', ['He wants "order."', "Third, he lies."]),
        ("It was 2009.But why?", ["It was 2009.", "But why?"]),
    ],
)
def test_sentences_that_lost_the_line_break_between_them_are_two(glued: str, cut: list[str]) -> None:
    assert sentences(glued, "en")[0] == cut


@pytest.mark.parametrize(
    "text",
    [
        "He left the U.S. Army.",
        "She met I.C.E. officers.",
        "He has a Ph.D. in it.",
        "It rose by 3.5 percent.",
        "See example.com today.",
    ],
)
def test_an_abbreviation_or_a_number_is_not_split(text: str) -> None:
    assert sentences(text, "en")[0] == [text]


@pytest.mark.parametrize(
    ("written", "spoken", "removed"),
    [
        ("I will. (APPLAUSE)", "I will.", "(APPLAUSE)"),
        ("[CROSSTALK] I will.", "I will.", "[CROSSTALK]"),
        ("Ask Sean Smith (ph), please.", "Ask Sean Smith, please.", "(ph)"),
        ("They want (inaudible) now.", "They want now.", "(inaudible)"),
        ("They want (Laughter) now.", "They want now.", "(Laughter)"),
        ("Here it is. (END VIDEO CLIP)", "Here it is.", "(END VIDEO CLIP)"),
        ("(UNKNOWN) I will.", "I will.", "(UNKNOWN)"),
    ],
)
def test_stage_directions_are_left_out_and_reported(written: str, spoken: str, removed: str) -> None:
    result, left_out = sentences(written, "en")
    assert result == [spoken]
    assert [item.passage for item in left_out] == [removed]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("We need [people who] work.", "We need people who work."),
        ("The alliance (NATO) pays.", "The alliance (NATO) pays."),
        ("I said (and I mean it) no.", "I said (and I mean it) no."),
        ("That is [Two] things.", "That is Two things."),
    ],
)
def test_spoken_text_in_brackets_is_kept(written: str, spoken: str) -> None:
    assert sentences(written, "en") == ([spoken], [])


@pytest.mark.parametrize("written", ["...", "-- ", "(CROSSTALK)", "Yes. ...\n--\n", "\n\n"])
def test_a_piece_without_a_word_is_not_a_sentence(written: str) -> None:
    assert [result for result in sentences(written, "en")[0] if result != "Yes."] == []


def test_a_paragraph_ends_a_sentence() -> None:
    assert sentences("Thank you\nNow we go on", "en")[0] == ["Thank you", "Now we go on"]
