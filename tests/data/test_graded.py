from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.data.corpus import Row
from decortique.data.readers import BadRow, read_graded


def rows(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> list[Row | BadRow]:
    path = tmp_path / "films.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    parsed = list(read_graded(path, encoding))
    assert [line for line, _ in parsed] == list(range(1, len(parsed) + 1))
    return [BadRow(path.name, line, str(row)) if isinstance(row, ValueError) else row for line, row in parsed]


def row(tmp_path: Path, line: str) -> Row:
    (parsed,) = rows(tmp_path, line)
    assert isinstance(parsed, Row), parsed
    return parsed


@pytest.mark.parametrize(
    ("grade", "label"),
    [("3.2", "positive"), ("-0.05", "negative"), ("0", None), ("-0.0", None), ("4", "positive"), ("-4.0", "negative")],
)
def test_the_sign_of_the_grade_is_the_label(tmp_path: Path, grade: str, label: str | None) -> None:
    parsed = row(tmp_path, f"1_1\t{grade}\tA film.\n")
    assert parsed.label == label
    assert parsed.score == float(grade)


def test_texts_are_read_as_their_authors_wrote_them(tmp_path: Path) -> None:
    assert row(tmp_path, "1_1\t1\t  Rock &amp; roll &lt;3 caf&eacute;\ttab \r\n").text == "Rock & roll <3 café\ttab"


def test_sentences_of_a_document_stay_together_and_in_order(tmp_path: Path) -> None:
    parsed = rows(tmp_path, "12_1\t1\tone\n12_2\t1\ttwo\n13_1\t1\tthree\nlonely\t1\tfour\n")
    assert [(item.id, item.group, item.position) for item in parsed if isinstance(item, Row)] == [
        ("films-12_1", "films-12", 0),
        ("films-12_2", "films-12", 1),
        ("films-13_1", "films-13", 0),
        ("films-lonely", "films-lonely", 0),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1_1\t2.0", "2 fields instead of id, grade and text"),
        ("", "1 fields instead of id, grade and text"),
        ("1_1\tgood\tA film.", "the grade 'good' is no number"),
        ("1_1\t\tA film.", "the grade '' is no number"),
        ("1_1\t4.1\tA film.", "the grade 4.1 is not within -4 and +4"),
        ("1_1\tnan\tA film.", "the grade nan is not within -4 and +4"),
        ("1_1\tinf\tA film.", "the grade inf is not within -4 and +4"),
        ("1_1\t1\t \t ", "the text is empty"),
        ("1_1\t1\t&nbsp;", "the text is empty"),
    ],
)
def test_a_malformed_line_is_reported_with_its_number_and_the_rest_is_read(
    tmp_path: Path, line: str, reason: str
) -> None:
    before, bad, after = rows(tmp_path, f"1_0\t1\tbefore\n{line}\n1_2\t1\tafter\n")
    assert str(bad) == f"films.txt line 2: {reason}"
    assert [item.text for item in (before, after) if isinstance(item, Row)] == ["before", "after"]


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\r"])
def test_a_sentence_with_an_odd_character_stays_one_sentence(tmp_path: Path, character: str) -> None:
    parsed = rows(tmp_path, f"1_1\t1\tone{character}still one\n1_2\t1\ttwo\n")
    assert [item.text for item in parsed if isinstance(item, Row)] == [f"one{character}still one", "two"]


def test_a_corpus_in_latin_1_keeps_its_accents(tmp_path: Path) -> None:
    (parsed,) = rows(tmp_path, "1_1\t1\tdéjà vu\n", "latin-1")
    assert isinstance(parsed, Row)
    assert parsed.text == "déjà vu"


def test_bytes_invalid_in_the_encoding_are_reported_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"films\.txt is not utf-8 text .*set the reader's encoding"):
        rows(tmp_path, "1_1\t1\tdéjà vu\n".encode("latin-1"))


def test_an_encoding_that_does_not_exist_is_named(tmp_path: Path) -> None:
    (tmp_path / "films.txt").write_text("1_1\t1\ta film\n", encoding="utf-8")
    with pytest.raises(StageError, match=r"films\.txt is not latin-zero text"):
        list(read_graded(tmp_path / "films.txt", "latin-zero"))


@pytest.mark.parametrize("sentence", ["²", "99999999999"])
def test_an_odd_sentence_number_is_no_position_outside_the_schema(tmp_path: Path, sentence: str) -> None:
    (parsed,) = rows(tmp_path, f"1_{sentence}\t1\ta film\n")
    if isinstance(parsed, Row):
        assert -(2**31) <= parsed.position < 2**31
