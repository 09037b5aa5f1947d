import gzip
from pathlib import Path
from typing import Any

import pytest

from decortique.core.files import StageError
from decortique.data.corpus import Row
from decortique.data.readers import BadRow
from decortique.data.source_settings import TurnsReader
from decortique.data.speech import Removed, read_turns

HEADER = "speaker,statement,debate\n"


def reader(**changes: Any) -> TurnsReader:
    return TurnsReader.model_validate(
        {
            "format": "turns",
            "files": {"debates.csv": "all"},
            "text": "statement",
            "label": "speaker",
            "group": "debate",
            "speakers": {"TRUMP": "trump", "CLINTON": "clinton"},
            "min_sentences": 3,
            **changes,
        }
    )


def turns(tmp_path: Path, content: str | bytes, **changes: Any) -> list[tuple[int, Row | BadRow | Removed]]:
    path = tmp_path / "debates.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    read = read_turns(path, reader(**changes), "en")
    return [(line, BadRow(path.name, line, str(row)) if isinstance(row, ValueError) else row) for line, row in read]


def rows(tmp_path: Path, lines: list[str], **changes: Any) -> list[Row]:
    return [item for _, item in turns(tmp_path, HEADER + "\n".join(lines), **changes) if isinstance(item, Row)]


def positions(parsed: list[Row]) -> list[tuple[str, int]]:
    return [(item.group, item.position) for item in parsed]


def test_a_turn_is_split_into_sentences_of_its_speaker(tmp_path: Path) -> None:
    parsed = rows(tmp_path, ["HOLT,Good evening.,1st", "CLINTON,Thank you. I am glad.,1st", "TRUMP,Wrong.,1st"])
    assert parsed == [
        Row("debates-1st-01-1", "Thank you.", "clinton", None, "1st-01", 1),
        Row("debates-1st-01-2", "I am glad.", "clinton", None, "1st-01", 2),
        Row("debates-1st-01-3", "Wrong.", "trump", None, "1st-01", 3),
    ]


def test_a_gap_in_the_positions_marks_another_speaker(tmp_path: Path) -> None:
    lines = ["TRUMP,One.,1st", "TRUMP,Two.,1st", "HOLT,Sir. Please.,1st", "TRUMP,Three.,1st"]
    assert positions(rows(tmp_path, lines)) == [("1st-01", 0), ("1st-01", 1), ("1st-01", 4)]


def test_an_empty_turn_makes_no_gap(tmp_path: Path) -> None:
    lines = ["TRUMP,One. ...,1st", "HOLT,(CROSSTALK),1st", "HOLT,--,1st", "TRUMP,Two.,1st"]
    assert positions(rows(tmp_path, lines)) == [("1st-01", 0), ("1st-01", 1)]


def test_a_piece_ends_only_where_a_moderator_speaks(tmp_path: Path) -> None:
    lines = [
        "TRUMP,One. Two.,1st",
        "HOLT,Sir.,1st",  # the third sentence: the piece is long enough when it ends
        "TRUMP,Four.,1st",
        "CLINTON,Five.,1st",
        "HOLT,Six.,1st",
        "CLINTON,Seven. Eight. Nine.,1st",
    ]
    assert positions(rows(tmp_path, lines)) == [
        ("1st-01", 0),
        ("1st-01", 1),
        ("1st-01", 3),
        ("1st-01", 4),
        ("1st-02", 6),
        ("1st-02", 7),
        ("1st-02", 8),
    ]


def test_a_short_remainder_belongs_to_the_last_piece(tmp_path: Path) -> None:
    lines = ["TRUMP,One. Two. Three.,1st", "HOLT,Sir.,1st", "TRUMP,Five.,1st", "HOLT,Thanks.,2nd", "TRUMP,Yes.,2nd"]
    assert positions(rows(tmp_path, lines)) == [
        ("1st-01", 0),
        ("1st-01", 1),
        ("1st-01", 2),
        ("1st-01", 4),
        ("2nd-01", 1),
    ]


def test_a_debate_of_other_speakers_gives_no_rows(tmp_path: Path) -> None:
    parsed = rows(tmp_path, ["PENCE,Hello. (APPLAUSE),VP", "KAINE,Hello.,VP", "TRUMP,One.,3RD"])
    assert positions(parsed) == [("3rd-01", 0)]


def test_stage_directions_left_out_of_a_row_are_reported(tmp_path: Path) -> None:
    content = HEADER + "HOLT,Well. (CROSSTALK),1st\nTRUMP,No. (APPLAUSE),1st\n"
    assert [item for item in turns(tmp_path, content) if isinstance(item[1], Removed)] == [(3, Removed("(APPLAUSE)"))]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"TRUMP, ,1st", "statement is empty"),
        (b",One.,1st", "speaker is empty"),
        (b"TRUMP,One.,", "debate is empty"),
        (b"TRUMP,One.", "2 fields where the header has 3"),
        (b"TRUMP,d\xe9j\xe0 vu.,1st", "statement is not utf-8 text"),
        (b"TRUMP,One.,0th", "debate '0th' goes on after another one"),
    ],
)
def test_an_unreadable_turn_is_reported_with_its_line_and_the_rest_is_read(
    tmp_path: Path, line: bytes, reason: str
) -> None:
    before = b'TRUMP,Zero.,0th\nTRUMP,"One.\nTwo.",1st\n'
    parsed = turns(tmp_path, HEADER.encode() + before + line + b"\nTRUMP,Three.,1st\n")
    assert [(number, str(item)) for number, item in parsed if isinstance(item, BadRow)] == [
        (5, f"debates.csv line 5: {reason}")
    ]
    assert positions([item for _, item in parsed if isinstance(item, Row)]) == [
        ("0th-01", 0),
        ("1st-01", 0),
        ("1st-01", 1),
        ("1st-01", 2),
    ]


@pytest.mark.parametrize("column", ["text", "label", "group"])
def test_a_missing_column_is_named_with_the_available_ones(tmp_path: Path, column: str) -> None:
    with pytest.raises(StageError, match=r"no column 'absent' \(it has: speaker, statement, debate\)"):
        turns(tmp_path, HEADER, **{column: "absent"})


def test_a_packed_table_is_read_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "debates.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}TRUMP,One.,1st\n".encode()))
    assert [item.id for _, item in read_turns(path, reader(), "en") if isinstance(item, Row)] == ["debates-1st-01-0"]
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(StageError, match=r"debates\.csv\.gz cannot be read to its end"):
        list(read_turns(path, reader(), "en"))
