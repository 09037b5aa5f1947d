from math import log
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from decortique.core import paths
from decortique.core.files import StageError
from decortique.core.settings import Compute
from decortique.core.tables import CORPUS, embeddings_schema, write_table
from decortique.models.encoder import SentenceEncoder
from decortique.models.settings import Embed
from decortique.summarization.vectors import Texts, Vectors, available, dense, represent, tfidf, word_vectors
from decortique.words.vectors import VECTORS, save_vectors
from tests.conftest import TEXTS
from tests.words.made import vectors

KNOWN = {"film": [3.0, 0.0], "plot": [0.0, 2.0], "the": [100.0, 100.0], "salle": [0.0, 5.0]}
EMBEDDED = np.array([[3.0, 4.0], [0.0, 0.0], [0.0, 0.5]], np.float32)
TEXTS_OF = Texts.of(["the film", "a plot", "nothing"], "en", EMBEDDED)


def cosine(result: Vectors, first: int, second: int) -> float:
    return float(dense(result)[first] @ dense(result)[second])


def test_the_cosine_of_tfidf_matches_a_calculation_by_hand() -> None:
    result = tfidf(["The film, the plot", "a film and the actor", "Film film plot"], "en")
    film, plot, actor = (log(4 / (1 + texts)) + 1 for texts in (3, 2, 1))
    lengths = [np.hypot(film, plot), np.hypot(film, actor), np.hypot((1 + log(2)) * film, plot)]
    assert cosine(result, 0, 1) == pytest.approx(film**2 / (lengths[0] * lengths[1]))
    assert cosine(result, 0, 2) == pytest.approx(((1 + log(2)) * film**2 + plot**2) / (lengths[0] * lengths[2]))
    assert cosine(result, 0, 0) == pytest.approx(1)


@pytest.mark.parametrize("nothing", ["", "?!", "it is the", "http://t.co/a"])
def test_a_text_of_function_words_has_zero_similarity_even_to_itself(nothing: str) -> None:
    result = tfidf([nothing, "film", nothing], "en")
    assert cosine(result, 0, 1) == cosine(result, 0, 2) == cosine(result, 0, 0) == 0
    assert not dense(tfidf([nothing, nothing], "en")).any()


def test_function_words_depend_on_the_language() -> None:
    texts = ["le film", "le plot"]
    assert cosine(tfidf(texts, "fr"), 0, 1) == 0
    assert cosine(tfidf(texts, "en"), 0, 1) > 0


def test_the_mean_of_word_vectors_skips_unknown_and_function_words() -> None:
    texts = Texts.of(["The film, the film: unheard-of plot", "The!", "la salle"], "en", EMBEDDED)
    result = dense(represent("glove", texts, {"glove": vectors(KNOWN)}, np.arange(3)))
    np.testing.assert_allclose(result, np.array([[2 / 10**0.5 * 1.5, 1 / 10**0.5], [0, 0], [0, 1]]), rtol=1e-6)


def test_encoder_vectors_have_length_one_and_zeros_stay_zero() -> None:
    result = represent("encoder", TEXTS_OF, {}, np.array([2, 0, 1]))
    np.testing.assert_allclose(dense(result), np.array([[0, 1], [0.6, 0.8], [0, 0]]), rtol=1e-6)


def test_tfidf_weights_come_from_the_chosen_texts_alone() -> None:
    texts = Texts.of(["a film", "a film, a plot", "an actor", "one more actor"], "en", np.empty((4, 0), np.float32))
    result = represent("tfidf", texts, {}, np.array([1, 0]))
    np.testing.assert_array_equal(dense(result), dense(tfidf([texts.texts[1], texts.texts[0]], "en")))


def test_word_vectors_are_read_by_name_and_missing_ones_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in (paths.language("en") / "glove.bin", paths.word2vec("en") / VECTORS):
        file.parent.mkdir(parents=True)
        save_vectors(vectors({file.stem: [1.0, 2.0]}), file)
    result = word_vectors(["encoder", "glove", "word2vec", "tfidf"], "en")
    assert {name: known.index_to_key for name, known in result.items()} == {
        "glove": ["glove"],
        "word2vec": [Path(VECTORS).stem],
    }
    assert word_vectors(["encoder", "tfidf"], "fr") == {}
    with pytest.raises(StageError, match=r"models/word2vec/fr/.* is missing"):
        word_vectors(["word2vec"], "fr")


def test_missing_vectors_of_a_language_are_logged_and_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    file = paths.word2vec("fr") / VECTORS
    file.parent.mkdir(parents=True)
    save_vectors(vectors({"été": [1.0, 2.0]}), file)
    assert available(["encoder", "glove", "word2vec", "tfidf"], "fr") == ["encoder", "word2vec", "tfidf"]
    assert "'fr' has no vectors 'glove': left out" in caplog.text


@pytest.mark.parametrize("name", ["encoder", "tfidf", "glove"])
def test_no_texts_have_no_vectors(name: str) -> None:
    nothing = Texts.of([], "en", np.empty((0, 0), np.float32))
    assert represent(name, nothing, {"glove": vectors(KNOWN)}, np.arange(0)).shape[0] == 0


@pytest.fixture
def sentence_encoder(encoder: Path, one_thread: Compute) -> SentenceEncoder:
    settings = Embed(pooling="mean", layer=-1, normalize=True, splits=[])
    return SentenceEncoder.load(encoder, settings, one_thread)


def test_the_vector_of_a_text_does_not_depend_on_its_batch(sentence_encoder: SentenceEncoder) -> None:
    done: list[int] = []
    result = sentence_encoder.vectors(TEXTS, done.append)
    assert sum(done) == len(TEXTS)
    for index in (0, 5, len(TEXTS) - 1):
        np.testing.assert_allclose(result[index], sentence_encoder.vectors([TEXTS[index]])[0], atol=1e-6)
    assert len(np.unique(result.round(4), axis=0)) == len(set(TEXTS))
    assert len(sentence_encoder.vectors([])) == 0


def write_part(part: str, texts: list[tuple[str, str]], width: int = 2, ids: list[str] | None = None) -> None:
    """Write the (group, text) of a part of a collection, and a vector for each, as `gather` and `embed` do."""
    own = [f"{part}-{number}" for number in range(len(texts))]
    for folder in (paths.collection("c"), paths.embeddings("c")):
        folder.mkdir(parents=True, exist_ok=True)
    with write_table(paths.collection("c") / f"{part}.parquet", CORPUS, {"language": "fr"}) as append:
        groups, sentences = [group for group, _ in texts], [text for _, text in texts]
        none = [None] * len(texts)
        append(dict(zip(CORPUS.names, [own, sentences, none, none, groups, range(len(texts))], strict=True)))
    values = pa.array(np.arange(len(texts) * width, dtype=np.float32))
    with write_table(paths.embeddings("c") / f"{part}.parquet", embeddings_schema(width)) as append:
        append({"id": ids or own, "embedding": pa.FixedSizeListArray.from_arrays(values, width)})


def test_a_collection_is_read_with_its_vectors_even_without_held_out_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_part("seen", [("a", "un"), ("a", "deux"), ("b", "trois")])
    write_part("held_out", [])
    result = Texts.read("c", ["seen", "held_out"])
    assert (result.language, result.texts, result.groups) == ("fr", ["un", "deux", "trois"], ["a", "a", "b"])
    assert result.embedded.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert Texts.read("c", ["held_out"]).texts == []


def test_vectors_of_other_texts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_part("seen", [("a", "un"), ("a", "deux")], ids=["seen-1", "seen-0"])
    with pytest.raises(StageError, match=r"embeddings/c holds vectors of other texts: run `dvc repro`"):
        Texts.read("c", ["seen"])
