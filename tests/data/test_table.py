import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from decortique.core.files import StageError
from decortique.data.corpus import Row
from decortique.data.readers import BadRow
from decortique.data.records import Marks, read_table
from decortique.data.source_settings import TableReader

LABELS = ["negative", "positive"]
Parsed = list[tuple[int, Row | BadRow]]


SAME: dict[str, str | None] = {label: label for label in LABELS}
OTHER: dict[str, str | None] = {"rotten": "negative", "fresh": "positive"}
POOL: dict[str, str | None] = {"": None}


def read(path: Path, content: str | bytes | None = None, marks: Marks | None = SAME, **columns: Any) -> Parsed:
    """Read `content`, written to `path` first; columns are named `text` and `label` by default."""
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    described = {"format": "table", "files": {path.name: "all"}, "text": "text", "label": "label", **columns}
    read = read_table(path, TableReader.model_validate(described), marks)
    return [(line, BadRow(path.name, line, str(row)) if isinstance(row, ValueError) else row) for line, row in read]


def texts(parsed: Parsed) -> list[tuple[int, str]]:
    assert not [item for _, item in parsed if isinstance(item, BadRow)]
    return [(line, item.text) for line, item in parsed if isinstance(item, Row)]


def errors(parsed: Parsed) -> list[str]:
    return [str(item) for _, item in parsed if isinstance(item, BadRow)]


def test_a_csv_needs_nothing_but_texts_and_labels(tmp_path: Path) -> None:
    parsed = read(tmp_path / "reviews.csv", "label,text\npositive, A film \nnegative,Another\n")
    assert parsed == [
        (2, Row("reviews-2", "A film", "positive", None, "reviews-2", 1)),
        (3, Row("reviews-3", "Another", "negative", None, "reviews-3", 2)),
    ]


def test_custom_columns_are_used(tmp_path: Path) -> None:
    content = "no,avis,classe,film,place,note\nA1,Bien,positive,Jules,7,3.5\nA2,Mal,negative,Jim,,\n"
    columns: dict[str, Any] = {
        "text": "avis",
        "label": "classe",
        "id": "no",
        "group": "film",
        "position": "place",
        "score": "note",
    }
    assert [item for _, item in read(tmp_path / "avis.csv", content, **columns)] == [
        Row("A1", "Bien", "positive", 3.5, "Jules", 7),
        Row("A2", "Mal", "negative", None, "Jim", 2),
    ]


def test_a_text_of_several_lines_does_not_shift_the_numbers_of_those_after_it(tmp_path: Path) -> None:
    content = 'text,label\n"one\ntwo, ""three""\r\n\nfour",positive\nshort,positive\n,positive\n'
    parsed = read(tmp_path / "reviews.csv", content)
    assert texts(parsed[:2]) == [(2, 'one\ntwo, "three"\r\n\nfour'), (6, "short")]
    assert errors(parsed) == ["reviews.csv line 7: text is empty"]


def test_empty_lines_are_skipped(tmp_path: Path) -> None:
    assert texts(read(tmp_path / "reviews.csv", "text,label\n\none,positive\n\n\n")) == [(3, "one")]


def test_a_tsv_may_hold_commas(tmp_path: Path) -> None:
    assert texts(read(tmp_path / "reviews.TSV", "text\tlabel\none, two\tpositive\n")) == [(2, "one, two")]


def test_jsonl_is_read_line_by_line(tmp_path: Path) -> None:
    lines = [json.dumps({"text": text, "label": "positive"}) for text in ("one\ntwo", "été \u2028")]
    assert texts(read(tmp_path / "reviews.jsonl", "\n\n".join(lines))) == [(1, "one\ntwo"), (3, "été")]


def test_a_line_separator_within_json_does_not_end_the_line(tmp_path: Path) -> None:
    line = json.dumps({"text": "one\u2028two\x85three", "label": "positive"}, ensure_ascii=False)
    assert texts(read(tmp_path / "reviews.jsonl", line)) == [(1, "one\u2028two\x85three")]


def test_parquet_is_read_row_by_row(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"text": ["one", "two"], "label": ["positive", "negative"], "n": [1.5, None]}), tmp_path / "r.parquet"
    )
    parsed = [item for _, item in read(tmp_path / "r.parquet", score="n")]
    assert parsed == [Row("r-1", "one", "positive", 1.5, "r-1", 0), Row("r-2", "two", "negative", None, "r-2", 1)]


PACKED: list[tuple[str, Callable[[bytes], bytes]]] = [
    (".gz", gzip.compress),
    (".bz2", bz2.compress),
    (".xz", lzma.compress),
]


@pytest.mark.parametrize(("ending", "pack"), PACKED)
def test_compressed_text_is_read_as_it_is(tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]) -> None:
    assert texts(read(tmp_path / f"reviews.csv{ending}", pack("text,label\né,positive\n".encode()))) == [(2, "é")]


@pytest.mark.parametrize(("ending", "pack"), PACKED)
@pytest.mark.parametrize("damage", ["cut", "not packed"])
def test_a_damaged_archive_is_named(tmp_path: Path, ending: str, pack: Callable[[bytes], bytes], damage: str) -> None:
    content = b"text,label\n" + b"one,positive\n" * 500
    path = tmp_path / f"reviews.csv{ending}"
    with pytest.raises(StageError, match=rf"reviews\.csv\{ending}"):
        read(path, content if damage == "not packed" else pack(content)[:-12])


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    assert texts(read(tmp_path / "a.csv", b"\xef\xbb\xbftext,label\none,positive\n")) == [(2, "one")]
    assert texts(read(tmp_path / "a.jsonl", b'\xef\xbb\xbf{"text": "one", "label": "positive"}\n')) == [(1, "one")]


def test_another_encoding_is_read_as_configured(tmp_path: Path) -> None:
    content = "text,label\ndéjà,positive\n"
    for encoding in ("latin-1", "cp1252", "utf-16"):
        assert texts(read(tmp_path / "a.csv", content.encode(encoding), encoding=encoding)) == [(2, "déjà")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (" ,positive", "text is empty"),
        ("one,neutral", "label is 'neutral', not one of negative, positive"),
        ("one,", "label is '', not one of negative, positive"),
        ("one", "1 fields where the header has 2"),
        ("one,positive,two", "3 fields where the header has 2"),
        (b"d\xe9j\xe0 vu,positive", "text is not utf-8 text"),
    ],
)
def test_a_bad_line_of_a_csv_is_reported_with_its_number_and_the_rest_is_read(
    tmp_path: Path, line: str | bytes, reason: str
) -> None:
    line = line.encode() if isinstance(line, str) else line
    parsed = read(tmp_path / "reviews.csv", b"text,label\nbefore,positive\n" + line + b"\nafter,negative\n")
    assert errors(parsed) == [f"reviews.csv line 3: {reason}"]
    assert [item.text for _, item in parsed if isinstance(item, Row)] == ["before", "after"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": "one",', "not JSON"),
        ('["one", "positive"]', "not a JSON object"),
        ('{"label": "positive"}', "text is empty"),
        ('{"text": 7, "label": "positive"}', "text is empty"),
        ('{"text": null, "label": "positive"}', "text is empty"),
        ('{"text": "one"}', "label is ''"),
        ('{"text": "\\ud83d", "label": "positive"}', "text is not utf-8 text"),
        ('{"text": "one", "label": "positive", "grade": NaN}', "grade is nan, not a finite number"),
        ('{"text": "one", "label": "positive", "grade": "high"}', "grade is 'high', not a number"),
        ('{"text": "one", "label": "positive", "grade": [1]}', "grade is [1], not a number"),
    ],
)
def test_a_bad_line_of_jsonl_is_reported_with_its_number_and_the_rest_is_read(
    tmp_path: Path, line: str, reason: str
) -> None:
    good = '{"text": "good", "label": "positive", "grade": 1}'
    parsed = read(tmp_path / "reviews.jsonl", f"{good}\n{line}\n{good}\n", score="grade")
    (message,) = errors(parsed)
    assert message.startswith(f"reviews.jsonl line 2: {reason}")
    assert len(parsed) == 3


@pytest.mark.parametrize("score", ["inf", "-Infinity", "nan", "1e999"])
def test_a_score_that_is_not_a_finite_number_is_reported(tmp_path: Path, score: str) -> None:
    (message,) = errors(read(tmp_path / "a.csv", f"text,label,score\none,positive,{score}\n", score="score"))
    assert message == f"a.csv line 2: score is {score!r}, not a finite number"


@pytest.mark.parametrize("column", ["id", "group"])
def test_an_empty_name_is_reported(tmp_path: Path, column: str) -> None:
    parsed = read(
        tmp_path / "a.csv", "text,label,name\none,positive,\ntwo,positive,x\n", **dict[str, Any]({column: "name"})
    )
    assert errors(parsed) == ["a.csv line 2: name is empty"]


@pytest.mark.parametrize("column", ["id", "group"])
def test_broken_bytes_of_a_name_are_reported_before_they_stop_the_stage(tmp_path: Path, column: str) -> None:
    parsed = read(tmp_path / "a.csv", b"text,label,name\none,positive,\xe9\n", **dict[str, Any]({column: "name"}))
    assert errors(parsed) == ["a.csv line 2: name is not utf-8 text"]


@pytest.mark.parametrize("position", ["1e12", "-1e12"])
def test_a_position_that_the_schema_cannot_hold_is_reported(tmp_path: Path, position: str) -> None:
    parsed = read(tmp_path / "a.csv", f"text,label,place\none,positive,{position}\n", position="place")
    assert [message.partition(":")[0] for message in errors(parsed)] == ["a.csv line 2"]


def test_texts_without_labels_are_read_when_none_is_required(tmp_path: Path) -> None:
    parsed = read(tmp_path / "a.csv", "text\none\n", marks=None)
    assert [item.label for _, item in parsed if isinstance(item, Row)] == [None]


def labelled_texts(parsed: Parsed) -> list[tuple[str, str | None]]:
    assert errors(parsed) == []
    return [(item.text, item.label) for _, item in parsed if isinstance(item, Row)]


@pytest.mark.parametrize("also", [{}, POOL])
def test_marks_become_labels_and_rows_with_other_marks_are_left_out(tmp_path: Path, also: Marks) -> None:
    content = "text,label\none,fresh\n,plot\ntwo, rotten \nthree,plot\n"
    parsed = read(tmp_path / "a.csv", content, {**OTHER, **also}, labels=OTHER)
    assert labelled_texts(parsed) == [("one", "positive"), ("two", "negative")]
    assert [line for line, _ in parsed] == [2, 4]


@pytest.mark.parametrize(("mark", "shown"), [(b"", "''"), (b"fr\xe9sh", "'fr\\udce9sh'")])
def test_an_unknown_or_badly_encoded_mark_is_reported_not_left_out(tmp_path: Path, mark: bytes, shown: str) -> None:
    parsed = read(tmp_path / "a.csv", b"text,label\none," + mark + b"\n", OTHER, labels=OTHER)
    assert errors(parsed) == [f"a.csv line 2: label is {shown}, not one of rotten, fresh"]


def test_marks_of_texts_to_predict_are_ignored(tmp_path: Path) -> None:
    assert labelled_texts(read(tmp_path / "a.csv", "text,label\none,plot\n", None, labels=OTHER)) == [("one", None)]


def test_texts_of_a_pool_keep_their_label_but_need_none(tmp_path: Path) -> None:
    marks = {**POOL, **SAME}
    assert labelled_texts(read(tmp_path / "a.csv", "text\none\n", marks)) == [("one", None)]
    assert labelled_texts(read(tmp_path / "b.csv", "text,label\none,positive\ntwo,\n", marks)) == [
        ("one", "positive"),
        ("two", None),
    ]
    lines = '{"text": "one", "label": null}\n{"text": "two"}\n{"text": "three", "label": "negative"}\n'
    assert labelled_texts(read(tmp_path / "c.jsonl", lines, marks)) == [
        ("one", None),
        ("two", None),
        ("three", "negative"),
    ]
    pq.write_table(pa.table({"text": ["one", "two"], "label": [None, "positive"]}), tmp_path / "d.parquet")
    assert labelled_texts(read(tmp_path / "d.parquet", marks=marks)) == [("one", None), ("two", "positive")]
    pq.write_table(pa.table({"text": ["one"]}), tmp_path / "e.parquet")
    assert labelled_texts(read(tmp_path / "e.parquet", marks=marks)) == [("one", None)]


def test_an_unknown_label_in_a_pool_is_reported(tmp_path: Path) -> None:
    parsed = read(tmp_path / "a.csv", "text,label\none,postive\n", {**POOL, **SAME})
    assert errors(parsed) == ["a.csv line 2: label is 'postive', not one of negative, positive"]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_missing_column_is_named_with_the_available_ones(tmp_path: Path, name: str) -> None:
    header = "text,lable" if name == "a.csv" else "text\tlable"
    with pytest.raises(StageError, match=r"has no column 'label' \(it has: text, lable\)"):
        read(tmp_path / name, f"{header}\n")


def test_a_column_missing_from_parquet_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["one"]}), tmp_path / "a.parquet")
    with pytest.raises(StageError, match=r"has no column 'label' \(it has: text\)"):
        read(tmp_path / "a.parquet")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="has no column 'text'"):
        read(tmp_path / "a.csv", b"")


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.csv.zip", "a.json"])
def test_an_unknown_format_is_named_with_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(StageError, match=r"unknown ending: a table is \.csv, \.tsv, \.jsonl or \.parquet"):
        read(tmp_path / name, b"text,label\n")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_an_encoding_that_does_not_exist_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(StageError, match="'utf-9' is no encoding that Python knows"):
        read(tmp_path / name, b"text,label\n", encoding="utf-9")


@pytest.mark.parametrize("content", [b"text,label\none,positive\n", "text,label\n".encode("utf-16")[:-1]])
def test_a_file_that_is_not_in_a_wide_encoding_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(StageError, match=r"a\.csv"):
        read(tmp_path / "a.csv", content, encoding="utf-16")


@pytest.mark.parametrize("damage", ["text", "cut", "page"])
def test_damaged_parquet_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.parquet"
    rows: dict[str, Any] = {"text": [f"text {n}" for n in range(3000)], "label": ["positive"] * 3000}
    pq.write_table(pa.table(rows), path)
    whole = path.read_bytes()
    damaged = {"text": b"text,label\n", "cut": whole[:-20], "page": whole[:4] + bytes(2000) + whole[2004:]}[damage]
    with pytest.raises(StageError, match=r"a\.parquet"):
        read(path, damaged)
