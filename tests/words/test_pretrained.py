import json
from pathlib import Path

import numpy as np
import pytest

from decortique.core.files import StageError
from decortique.data.settings import PretrainedVectors
from decortique.words import pretrained as module
from decortique.words.pretrained import convert_vectors
from decortique.words.vectors import load_vectors, save_vectors
from tests.words.made import vectors

WINK = PretrainedVectors(file="glove.json", format="wink", words=4)


def wink(path: Path, words: list[str]) -> Path:
    """Write winkNLP's JSON: words in another order than by rank, their numbers, their length, their rank."""
    entries = {word: [rank / 10, 0.5, 1.0, rank] for rank, word in reversed(list(enumerate(words)))}
    content = {"precision": 8, "words": words, "dimensions": 2, "vectors": entries, "unkVector": [0, 0, 0, -1]}
    path.write_text(json.dumps(content, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")
    return path


@pytest.mark.parametrize("chunk", [64, 100, 1 << 22])
def test_the_most_frequent_words_of_wink_are_read_as_a_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(module, "CHUNK", chunk)
    monkeypatch.setattr(module, "LONGEST", 64)
    path = wink(tmp_path / "glove.json", ["the", 'q"\\', "été", "1993", "rare"])
    convert_vectors(path, WINK, tmp_path / "glove.bin")
    result = load_vectors(tmp_path / "glove.bin")
    assert result.index_to_key == ["the", 'q"\\', "été", "1993"]
    np.testing.assert_allclose(result["été"], [0.2, 0.5])


@pytest.mark.parametrize(
    "content", ["", "{}", '{"vectors":{}}', '{"vectors":{"a":3}}', '{"vectors":{"a":[1,2', '{"vectors":{"a":["x"]}}']
)
def test_a_file_that_is_not_wink_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "v.json").write_text(content)
    with pytest.raises(StageError, match=r"v\.json is not in the format of winkNLP's vectors"):
        convert_vectors(tmp_path / "v.json", WINK, tmp_path / "v.bin")
    assert [path.name for path in tmp_path.iterdir()] == ["v.json"]


def test_the_words_beyond_the_most_frequent_ones_are_not_read(tmp_path: Path) -> None:
    entries = {word: [0.5, 1.0, rank] for rank, word in enumerate(["the", "of", "and", "to"])}
    frequent = json.dumps({"vectors": entries}, separators=(",", ":")).removesuffix("}}")
    (tmp_path / "glove.json").write_text(f"{frequent},and so on for gigabytes")
    convert_vectors(tmp_path / "glove.json", WINK, tmp_path / "glove.bin")
    assert load_vectors(tmp_path / "glove.bin").index_to_key == ["the", "of", "and", "to"]


def test_vectors_in_the_format_of_word2vec_lose_their_rare_words_only(tmp_path: Path) -> None:
    file = tmp_path / "v.bin"
    save_vectors(vectors({"the": [1.0, 0.5], "film": [0.25, -1.0], "rare": [0.0, 0.125]}), file)
    convert_vectors(file, PretrainedVectors(file="v.bin", format="word2vec", words=2), file)
    result = load_vectors(file)
    assert {word: result[word].tolist() for word in result.index_to_key} == {"the": [1.0, 0.5], "film": [0.25, -1.0]}
