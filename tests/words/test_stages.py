"""The stages of words in context, run whole on small texts."""

import csv
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from decortique.core import paths
from decortique.core.files import StageError, read_json
from decortique.data import fetch as fetching
from decortique.words.settings import Pronouns, WordPairs
from decortique.words.vectors import VECTORS, load_vectors
from stages import download, polysemy, pronouns, word2vec
from tests.words.conftest import ENGLISH
from tests.words.made import write_corpus, write_wordnet
from tests.words.test_pretrained import wink

pytestmark = pytest.mark.usefixtures("project")


def files(*folders: str) -> dict[Path, bytes]:
    return {path: path.read_bytes() for folder in folders for path in sorted(Path(folder).rglob("*")) if path.is_file()}


def test_pronouns_are_measured_probed_and_plotted() -> None:
    pronouns.pronouns("en")
    result = read_json(paths.results("pronouns", "en", "contextuality"))
    assert list(result["anisotropy"]) == ["0", "1", "2"]
    assert {"pronouns", "stop words", "all"} <= set(result["measures"]["self_similarity"])
    assert result["antecedents"]["pairs"] >= 30
    assert {path.name for path in paths.plots("pronouns", "en").iterdir()} == {
        "contextuality.csv",
        "contextuality.png",
        "probes.png",
        "antecedents.png",
        "similarity.png",
    }
    with paths.words("en").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {"it", "she", "the"} <= {row["word"] for row in rows}
    assert {row["layer"] for row in rows} == {"0", "1", "2"}
    assert next(row["count"] for row in rows if row["word"] == "it") == "60"


def test_labels_and_positions_are_probed_beside_static_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decortique.words.probing.MIN_EXAMPLES", 4)
    pronouns.pronouns("en")
    probes = read_json(paths.results("pronouns", "en", "contextuality"))["probes"]
    assert {"label of film"} <= set(probes)
    for probe in probes.values():
        if "examples" in probe:
            assert probe["vectors"]["word2vec"]["accuracy"]["value"] == 0.5
            assert probe["vectors"]["glove"]["shuffled_labels"]["value"] == 0.5


def test_french_and_a_language_without_probe_sets_need_no_other_code(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = WordPairs(train=2, validation=2, test=2, per_family=2, min_words=3, seed=0)
    monkeypatch.setattr(WordPairs, "load", lambda: few)
    with caplog.at_level(logging.WARNING):
        pronouns.pronouns("fr")
    assert read_json(paths.results("pronouns", "fr", "contextuality"))["antecedents"]["pairs"] >= 30
    write_corpus("discours", "de", {"train": [(text, None) for text, _ in ENGLISH]})
    pronouns.pronouns("de")
    assert read_json(paths.results("pronouns", "de", "contextuality"))["antecedents"]["pairs"] == 0
    polysemy.polysemy("de")
    assert read_json(paths.results("polysemy", "de", "senses")) == {"pairs": {}, "senses": {}, "neighbours": {}}
    assert "languages/fr.yaml names no judgments" in caplog.text
    assert read_json(paths.results("pronouns", "fr", "similarity"))["sets"] == {}


def test_each_run_writes_the_same_bytes() -> None:
    pronouns.pronouns("en")
    first = files("metrics", "data/results", "data/plots", "data/words")
    pronouns.pronouns("en")
    assert files("metrics", "data/results", "data/plots", "data/words") == first


def test_too_few_texts_are_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    many = Pronouns.load().model_copy(update={"occurrences": 4000})
    monkeypatch.setattr(Pronouns, "load", lambda: many)
    with pytest.raises(StageError, match=r"too few words occur in 4000 texts .*pronouns\.occurrences"):
        pronouns.pronouns("en")


def test_words_alone_are_compared_with_judgments_of_people() -> None:
    pronouns.pronouns("en")
    result = read_json(paths.results("pronouns", "en", "similarity"))
    assert list(result["sets"]) == ["wordsim353"]
    sources = result["sets"]["wordsim353"]["vectors"]
    assert set(sources) == {"word2vec", "glove", "input embeddings", "layer 0", "layer 1", "layer 2"}
    assert sources["layer 0"]["coverage"] == 1.0
    assert sources["word2vec"]["coverage"] < 0.05
    assert "spearman" not in sources["word2vec"]  # over hardly any pair
    assert "spearman" in sources["layer 0"]


def pairs_of(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    few = WordPairs(train=2, validation=2, test=2, per_family=2, min_words=3, seed=0)
    monkeypatch.setattr(WordPairs, "load", lambda: few)
    write_wordnet(paths.language(code))


@pytest.mark.parametrize("code", ["en", "fr"])
def test_words_of_several_senses_are_clustered_and_plotted(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs_of(code, monkeypatch)
    polysemy.polysemy(code)
    result: Any = read_json(paths.results("polysemy", code, "senses"))
    assert result["pairs"] == {}  # too few texts for test pairs
    assert result["senses"]["words"] == 20
    table = json.loads(paths.neighbours(code).read_text())
    assert len(table) == 20
    assert all(len(senses["senses"]) == 2 for senses in table.values())
    assert {path.name for path in paths.plots("polysemy", code).iterdir()} == {"senses.png", "words.png"}


def test_word2vec_is_trained_on_texts_of_its_language_and_names_them() -> None:
    for code, known, unknown in (("en", "film", "beau"), ("fr", "beau", "film")):
        word2vec.word2vec(code)
        vectors = load_vectors(paths.word2vec(code) / VECTORS)
        assert known in vectors
        assert unknown not in vectors
    card = (paths.word2vec("fr") / "README.md").read_text()
    assert "`catalogue/tasks/discours.yaml`" in card
    assert "`catalogue/tasks/film.yaml`" not in card
    assert read_json(paths.results("word2vec", "fr"))["texts"] == 20


def test_a_source_is_converted_to_the_common_vector_format(monkeypatch: pytest.MonkeyPatch) -> None:
    def bring(_: Any, folder: Path, **__: Any) -> None:
        write_wordnet(folder)
        wink(folder / "glove.json", ["the", "film"])

    monkeypatch.setattr(download, "fetch", bring)
    download.download_language("en")
    assert load_vectors(paths.language("en") / "glove.bin").index_to_key == ["the", "film"]
    assert not (paths.language("en") / "glove.json").exists()
    assert (paths.language("en") / "data.noun").exists()


def test_a_language_without_source_downloads_nothing_and_reports_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fetching, "fetch", None)
    with caplog.at_level(logging.INFO):
        download.download_language("fr")
    assert "languages/fr.yaml has no source" in caplog.text
    assert list(paths.language("fr").iterdir()) == []


def test_missing_pretrained_vectors_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs_of("en", monkeypatch)
    (paths.language("en") / "glove.bin").unlink()
    with pytest.raises(StageError, match=r"glove\.bin is missing: run `dvc repro`"):
        polysemy.polysemy("en")
