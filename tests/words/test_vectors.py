import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from decortique.core.files import StageError
from decortique.words.settings import Word2vec
from decortique.words.vectors import load_vectors, save_vectors
from decortique.words.word2vec import train_word2vec
from tests.words.made import vectors

TEXTS = [["a", "fine", "film"], ["a", "dull", "film"], ["the", "fine", "plot"], ["the", "dull", "plot"]] * 300
KNOWN = {"film": [1.0, 0.5], "été": [0.25, -1.0], "été2": [0.0, 0.125]}


def settings(**changes: Any) -> Word2vec:
    return Word2vec(
        **{
            "architecture": "skip_gram",
            "dimensions": 8,
            "window": 2,
            "negative": 2,
            "min_count": 1,
            "epochs": 2,
            "learning_rate": 0.025,
            "seed": 0,
            **changes,
        }
    )


def test_word2vec_is_reproducible_in_every_process(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.words.test_vectors import *; "
        "save_vectors(train_word2vec(TEXTS, settings()), Path(sys.argv[1]))"
    )
    for name, seed in (("one", "1"), ("two", "2")):
        subprocess.run([sys.executable, "-c", code, tmp_path / name], check=True, env={"PYTHONHASHSEED": seed})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("change", [{"seed": 1}, {"architecture": "cbow"}, {"epochs": 3}, {"dimensions": 4}])
def test_each_setting_of_word2vec_changes_the_vectors(change: dict[str, Any]) -> None:
    one, other = train_word2vec(TEXTS, settings()), train_word2vec(TEXTS, settings(**change))
    assert one["film"].tolist() != other["film"].tolist()


def test_rare_words_get_no_vector() -> None:
    assert "film" in train_word2vec([*TEXTS, ["once"]], settings(min_count=2))
    assert "once" not in train_word2vec([*TEXTS, ["once"]], settings(min_count=2))
    with pytest.raises(StageError, match=r"word2vec\.min_count is 9999"):
        train_word2vec(TEXTS, settings(min_count=9999))


def test_vectors_survive_being_written_and_read(tmp_path: Path) -> None:
    save_vectors(vectors(KNOWN), tmp_path / "v.bin")
    result = load_vectors(tmp_path / "v.bin")
    assert {word: result[word].tolist() for word in result.index_to_key} == KNOWN
    assert load_vectors(tmp_path / "v.bin", words=2).index_to_key == ["film", "été"]
    assert (tmp_path / "v.bin").read_bytes().startswith(b"3 2\n")  # word2vec's own format, no pickle


@pytest.mark.parametrize("content", [b"", b"no numbers\n", b"5 2\nfilm \x00\x00"])
def test_damaged_vectors_are_reported_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v.bin").write_bytes(content)
    with pytest.raises(StageError, match=r"v\.bin holds no vectors"):
        load_vectors(tmp_path / "v.bin")
    with pytest.raises(StageError, match=r"absent\.bin is missing: run `dvc repro`"):
        load_vectors(tmp_path / "absent.bin")
