import gzip
from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.data.corpus import Row
from decortique.data.readers import BadRow
from decortique.data.speech import read_speeches

LABELS: dict[str, str | None] = {"C": "chirac", "M": "mitterrand"}


def rows(
    tmp_path: Path, content: str | bytes, labels: dict[str, str | None] | None = LABELS, encoding: str = "utf-8"
) -> list[Row | BadRow]:
    path = tmp_path / "learn.utf8"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    parsed = list(read_speeches(path, encoding, labels))
    assert [line for line, _ in parsed] == list(range(1, len(parsed) + 1))
    return [BadRow(path.name, line, str(row)) if isinstance(row, ValueError) else row for line, row in parsed]


def test_a_sentence_has_its_speech_its_position_and_its_speaker(tmp_path: Path) -> None:
    parsed = rows(tmp_path, "<100:1:C> Mes chers amis,\n<100:2:M> Vive l'été !\r\n<7:1:C>Merci.")
    assert parsed == [
        Row("learn-100-1", "Mes chers amis,", "chirac", None, "learn-100", 0),
        Row("learn-100-2", "Vive l'été !", "mitterrand", None, "learn-100", 1),
        Row("learn-7-1", "Merci.", "chirac", None, "learn-7", 0),
    ]


@pytest.mark.parametrize(
    "text", ["<nom> , vous venez.", "Le <date> , à <nom> .", "Il a dit << Non >> .", "<1:2:C> deux fois", "a : b > c"]
)
def test_angle_brackets_within_a_sentence_are_text(tmp_path: Path, text: str) -> None:
    (parsed,) = rows(tmp_path, f"<1:1:C> {text}\n")
    assert isinstance(parsed, Row)
    assert parsed.text == text


def test_sentences_without_a_label_are_read_when_labels_are_to_be_predicted(tmp_path: Path) -> None:
    parsed = rows(tmp_path, "<105:1> Bonjour.\n<105:2> Et le musée.\n", labels=None)
    assert [(item.id, item.label) for item in parsed if isinstance(item, Row)] == [
        ("learn-105-1", None),
        ("learn-105-2", None),
    ]


@pytest.mark.parametrize("text", ["", " ", " \t"])
def test_empty_sentences_are_predicted_but_not_trained_on(tmp_path: Path, text: str) -> None:
    assert rows(tmp_path, f"<1:1>{text}\n", labels=None) == [Row("learn-1-1", "", None, None, "learn-1", 0)]
    (bad,) = rows(tmp_path, f"<1:1:C>{text}\n")
    assert str(bad) == "learn.utf8 line 1: the text is empty"


def test_sentences_of_a_pool_keep_their_label_but_need_none(tmp_path: Path) -> None:
    parsed = rows(tmp_path, "<1:1> Bonjour.\n<1:2:M> Merci.\n<1:3:X> Non.\n<1:4>\n", {"": None, **LABELS})
    assert [item.label for item in parsed if isinstance(item, Row)] == [None, "mitterrand"]
    assert [str(item) for item in parsed if isinstance(item, BadRow)] == [
        "learn.utf8 line 3: the label is 'X', not one of C, M",
        "learn.utf8 line 4: the text is empty",
    ]


@pytest.mark.parametrize("label", ["", ":C", ":X"])
def test_a_label_in_a_file_to_be_predicted_is_ignored(tmp_path: Path, label: str) -> None:
    (parsed,) = rows(tmp_path, f"<1:1{label}> Bonjour.\n", labels=None)
    assert isinstance(parsed, Row)
    assert parsed.label is None


NO_MARK = "no mark <speech:sentence:LABEL> or <speech:sentence> at its beginning"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Mes chers amis,", NO_MARK),
        ("", NO_MARK),
        ("<1:2:C Mes chers amis,", NO_MARK),
        ("<1> Mes chers amis,", NO_MARK),
        ("<nom> , vous venez.", NO_MARK),
        ("<1:2:C:3> Bonjour.", NO_MARK),
        (" <1:2:C> Bonjour.", NO_MARK),
        ("<1:2> Bonjour.", "the label is absent, not one of C, M"),
        ("<1:2:> Bonjour.", "the label is '', not one of C, M"),
        ("<1:2:c> Bonjour.", "the label is 'c', not one of C, M"),
        ("<a:2:C> Bonjour.", "the speech is 'a', not a number from 1 to 999999999"),
        ("<1:²:C> Bonjour.", "the sentence is '²', not a number from 1 to 999999999"),
        ("<1:0:C> Bonjour.", "the sentence is '0', not a number from 1 to 999999999"),
        ("<1:-2:C> Bonjour.", "the sentence is '-2', not a number from 1 to 999999999"),
        ("<1::C> Bonjour.", "the sentence is '', not a number from 1 to 999999999"),
        ("<1:1000000000:C> Bonjour.", "the sentence is '1000000000', not a number from 1 to 999999999"),
        (f"<{'9' * 5000}:2:C> x", f"the speech is '{'9' * 20}', not a number from 1 to 999999999"),
        ("<1:1:C> Bonjour.", "sentence 1 of speech 1 stands after its sentence 1"),
        ("<1:01:C> Bonjour.", "sentence 1 of speech 1 stands after its sentence 1"),
        ("<3:5:C> Bonjour.", "speech 3 goes on after another one: its sentences must stand together"),
    ],
)
def test_a_malformed_line_is_reported_with_its_number_and_the_rest_is_read(
    tmp_path: Path, line: str, reason: str
) -> None:
    *before, bad, after = rows(tmp_path, f"<3:4:C> avant\n<1:1:C> avant\n{line}\n<1:3:M> après\n")
    assert str(bad) == f"learn.utf8 line 3: {reason}"
    assert [item.text for item in (*before, after) if isinstance(item, Row)] == ["avant", "avant", "après"]


def test_a_line_in_another_encoding_is_reported_not_guessed(tmp_path: Path) -> None:
    bad, after = rows(tmp_path, b"<1:1:C> d\xe9j\xe0 vu\n<1:2:C> " + "déjà vu\n".encode())
    assert str(bad) == "learn.utf8 line 1: the line is not utf-8 text"
    assert isinstance(after, Row)
    assert after.text == "déjà vu"


def test_a_corpus_in_latin_1_keeps_its_accents(tmp_path: Path) -> None:
    (parsed,) = rows(tmp_path, "<1:1:C> déjà vu\n", encoding="latin-1")
    assert isinstance(parsed, Row)
    assert parsed.text == "déjà vu"


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\r"])
def test_a_sentence_with_an_odd_character_stays_one_sentence(tmp_path: Path, character: str) -> None:
    parsed = rows(tmp_path, f"<1:1> un{character}deux\n<1:2> trois\n", labels=None)
    assert [item.text for item in parsed if isinstance(item, Row)] == [f"un{character}deux", "trois"]


def test_the_byte_order_mark_of_an_editor_does_not_cost_the_first_sentence(tmp_path: Path) -> None:
    (parsed,) = rows(tmp_path, "\ufeff<1:1:C> Bonjour.\n")
    assert isinstance(parsed, Row)


def test_a_packed_file_is_read_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "learn.utf8.gz"
    path.write_bytes(gzip.compress(b"<1:1:C> Bonjour.\n"))
    assert [item.id for _, item in read_speeches(path, "utf-8", LABELS) if isinstance(item, Row)] == ["learn-1-1"]
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(StageError, match=r"learn\.utf8\.gz cannot be read to its end"):
        list(read_speeches(path, "utf-8", LABELS))


def test_files_whose_names_begin_alike_do_not_collide(tmp_path: Path) -> None:
    for name in ("corpus.learn.utf8", "corpus.test.utf8"):
        (tmp_path / name).write_text("<1:1> Bonjour.\n", encoding="utf-8")
    parsed = [
        item
        for name in ("corpus.learn.utf8", "corpus.test.utf8")
        for _, item in read_speeches(tmp_path / name, "utf-8", None)
    ]
    assert [item.group for item in parsed if isinstance(item, Row)] == ["corpus.learn-1", "corpus.test-1"]


def test_an_encoding_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"learn\.utf8: 'utf-zero' is no encoding"):
        (tmp_path / "learn.utf8").write_bytes(b"")
        list(read_speeches(tmp_path / "learn.utf8", "utf-zero", LABELS))
