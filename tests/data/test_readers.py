from pathlib import Path
from typing import Any

import pytest

from decortique.core.files import StageError
from decortique.data.readers import read
from decortique.data.settings import Task

TABLE = {"format": "table", "text": "text", "label": "label"}


def task(files: dict[str, str], reader: dict[str, Any] | None = None, **changes: Any) -> Task:
    described = {**(reader or TABLE), "files": files}
    if described["format"] == "several":
        del described["files"]
    return Task.model_validate(
        {
            "title": "Opinion",
            "language": "en",
            "licence": "MIT",
            "labels": ["negative", "positive"],
            "source": {"kind": "folder", "path": ".", "files": {name: name for name in files}},
            "reader": described,
            "split": {"validation": 0.1, "test": 0.1, "keep_groups": False, "seed": 0},
            "heads": {"prediction": {"kind": "classification", "column": "label", "loss": "cross_entropy"}},
            "decoding": {"methods": ["none"], "measure": "accuracy"},
            "off_the_shelf": {"kind": "vader"},
            **changes,
        }
    )


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")


def test_files_of_one_use_are_concatenated_in_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "b.csv": "text,label\none,positive\n",
            "a.csv": "text,label\ntwo,negative\n",
            "far.csv": "text,label\nthree,positive\n",
            "new.csv": "text\nfour\n",
        },
    )
    uses = {"b.csv": "all", "a.csv": "all", "far.csv": "transfer-far", "new.csv": "unlabelled"}
    rows, bad, _ = read(task(uses), tmp_path)
    assert {use: [row.text for row in read_rows] for use, read_rows in rows.items()} == {
        "all": ["one", "two"],
        "transfer-far": ["three"],
        "unlabelled": ["four"],
    }
    assert bad == []


def test_a_graded_corpus_is_read_with_its_encoding(tmp_path: Path) -> None:
    (tmp_path / "films.txt").write_bytes("1_1\t1.5\tdéjà vu\n1_2\tbad\tx\n".encode("latin-1"))
    graded = task({"films.txt": "all"}, {"format": "graded", "encoding": "latin-1"})
    rows, bad, _ = read(graded, tmp_path)
    assert [row.text for row in rows["all"]] == ["déjà vu"]
    assert [str(row) for row in bad] == ["films.txt line 2: the grade 'bad' is no number"]


def test_a_repeated_id_is_reported_with_its_line(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"a.csv": "text,label,id\none,positive,1\ntwo,positive,1\n", "b.csv": "text,label,id\nthree,negative,1\n"},
    )
    rows, bad, _ = read(task({"a.csv": "train", "b.csv": "test"}, {**TABLE, "id": "id"}), tmp_path)
    assert [row.text for row in rows["train"]] == ["one"]
    assert [str(row) for row in bad] == [
        "a.csv line 3: the id '1' stands twice",
        "b.csv line 2: the id '1' stands twice",
    ]


def test_files_whose_names_begin_alike_do_not_collide(tmp_path: Path) -> None:
    """`reviews.train.csv` beside `reviews.test.csv` is how many people name them."""
    names = {"reviews.train.csv": "train", "reviews.test.csv": "test"}
    write(tmp_path, {name: f"text,label\n{use} text,positive\n" for name, use in names.items()})
    rows, bad, _ = read(task(names), tmp_path)
    assert bad == []
    assert {use: [row.text for row in read_rows] for use, read_rows in rows.items()} == {
        "train": ["train text"],
        "test": ["test text"],
    }


SPEECHES = {"format": "speeches", "labels": {"N": "negative", "P": "positive"}}


def test_each_line_of_an_unlabelled_file_of_speeches_is_predicted(tmp_path: Path) -> None:
    write(tmp_path, {"learn": "<1:1:N> Non.\n<1:2:P>\n", "test": "<2:1> Oui.\n<2:2>\n<2:3> Non.\n"})
    rows, bad, _ = read(task({"learn": "all", "test": "unlabelled"}, SPEECHES), tmp_path)
    assert [(row.id, row.label, row.text) for row in rows["all"]] == [("learn-1-1", "negative", "Non.")]
    assert [(row.id, row.label, row.text) for row in rows["unlabelled"]] == [
        ("test-2-1", None, "Oui."),
        ("test-2-2", None, ""),
        ("test-2-3", None, "Non."),
    ]
    assert [str(row) for row in bad] == ["learn line 2: the text is empty"]


def test_files_of_different_formats_are_read_as_one_corpus(tmp_path: Path) -> None:
    write(tmp_path, {"a": "<1:1:N> Non.\n", "b.csv": "text,mark,id\ntwo,+,2\nthree,?,3\nNon,-,a-1-1\n"})
    table = {"format": "table", "text": "text", "label": "mark", "labels": {"-": "negative", "+": "positive"}}
    parts = {"speeches": {**SPEECHES, "files": {"a": "all"}}, "table": {**table, "id": "id", "files": {"b.csv": "all"}}}
    rows, bad, _ = read(task({"a": "", "b.csv": ""}, {"format": "several", "parts": parts}), tmp_path)
    assert [(row.text, row.label) for row in rows["all"]] == [("Non.", "negative"), ("two", "positive")]
    assert [str(row) for row in bad] == ["b.csv line 4: the id 'a-1-1' stands twice"]


def test_pool_files_may_have_labels_where_training_files_must(tmp_path: Path) -> None:
    write(tmp_path, {"a.csv": "text,label\none,positive\ntwo,\n", "new.csv": "text,label\nthree,\nfour,negative\n"})
    rows, bad, _ = read(task({"a.csv": "all", "new.csv": "pool"}), tmp_path)
    assert [(row.text, row.label) for row in rows["pool"]] == [("three", None), ("four", "negative")]
    assert [str(row) for row in bad] == ["a.csv line 3: label is '', not one of negative, positive"]


TURNS = {"format": "turns", "text": "said", "label": "who", "group": "debate", "min_sentences": 1}


def test_removed_stage_directions_are_counted(tmp_path: Path) -> None:
    write(tmp_path, {"a.csv": "who,said,debate\nA,Yes. (APPLAUSE),d\nB,No (ph). (APPLAUSE),d\nM,Well. (APPLAUSE),d\n"})
    turns = task({"a.csv": "all"}, {**TURNS, "speakers": {"A": "negative", "B": "positive"}})
    rows, bad, removed = read(turns, tmp_path)
    assert [row.text for row in rows["all"]] == ["Yes.", "No."]
    assert (bad, removed) == ([], {"(APPLAUSE)": 2, "(ph)": 1})


def test_turns_are_split_by_the_rules_of_the_language_of_the_task(tmp_path: Path) -> None:
    """Shown by an abbreviation that ends no sentence in one language, and may in another."""
    write(tmp_path, {"a.csv": "who,said,debate\nA,Il est né av. Jésus.,d\nB,Bien.,d\n"})
    reader = {**TURNS, "speakers": {"A": "negative", "B": "positive"}}
    cut = {
        language: len(read(task({"a.csv": "all"}, reader, language=language), tmp_path).rows["all"])
        for language in ("en", "fr")
    }
    assert cut == {"en": 3, "fr": 2}


def test_a_missing_file_is_reported_with_the_command_that_downloads_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"a\.csv is missing: run `dvc repro` to download it"):
        read(task({"a.csv": "all"}), tmp_path)
