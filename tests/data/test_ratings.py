from pathlib import Path

import numpy as np
import pytest

from decortique.core.files import StageError
from decortique.data.readers import graded_rows, ratings_of, read_ratings
from decortique.data.settings import Task
from decortique.data.source_settings import GradedReader

FILES = {"films.txt": "all", "tweets.txt": "transfer-tweets"}
RATINGS = {"films.txt": "films-ratings.txt"}  # of one of the files, the grade of each rater is known
READER = GradedReader(format="graded", files=FILES, encoding="latin-1", ratings=RATINGS)
TASK = Task.model_construct(reader=READER)  # type: ignore[call-arg]


def ratings(folder: Path, content: str) -> Path:
    path = folder / "films-ratings.txt"
    path.write_text(content, encoding="utf-8")
    return path


def test_the_ratings_of_a_text_are_looked_up_by_its_row_id(tmp_path: Path) -> None:
    ratings(tmp_path, "1_1\t1.5\t0.5\t[1, 2]\n1_2\t-4\t0\t[-4, -4, -4]\n")
    result = ratings_of(TASK, tmp_path)
    assert {name: grades.tolist() for name, grades in result.items()} == {
        "films-1_1": [1, 2],
        "films-1_2": [-4, -4, -4],
    }


def test_a_byte_order_mark_is_not_part_of_an_id(tmp_path: Path) -> None:
    assert list(read_ratings(ratings(tmp_path, "\ufeff1\t1\t0\t[1]\n"))) == ["1"]


@pytest.mark.parametrize("line", ["1\t1\t0\t", "1\t1\t0\t[1, x]", "1\t1\t0\t[5]", "1\t1\t0\t[]", "1\t1\t0\t[[1]]", "1"])
def test_a_line_without_grades_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(StageError, match=r"films-ratings\.txt line 2 holds no list of grades"):
        read_ratings(ratings(tmp_path, f"0\t1\t0\t[1]\n{line}\n"))


def test_a_missing_file_of_ratings_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"films-ratings\.txt is missing"):
        ratings_of(TASK, tmp_path)


def test_texts_that_are_neither_positive_nor_negative_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "films.txt").write_text("1\t0\tA film.\n2\t1.5\tA good film.\n", encoding="latin-1")
    ((name, rows),) = graded_rows(TASK, tmp_path, ["films.txt"])
    assert name == "films.txt"
    assert [(row.id, row.score) for row in rows] == [("films-1", 0), ("films-2", 1.5)]


def test_published_scores_of_a_file_that_is_not_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"published.files names 'books.txt'"):
        list(graded_rows(TASK, tmp_path, ["books.txt"]))


def test_grades_are_numbers(tmp_path: Path) -> None:
    assert read_ratings(ratings(tmp_path, "1\t1\t0\t[1, -2]\n"))["1"].dtype == np.float64
