"""A user's own text: how it is read, the warning about another language, and the printed summary."""

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from decortique.core import paths
from decortique.core.files import StageError
from decortique.core.settings import PARAMS, Compute, EncoderName
from decortique.models.settings import Embed, Tokenize
from decortique.summarization.choosing import Budget, Representative, Summary
from decortique.summarization.clustering import NONE
from decortique.summarization.settings import Summarize
from decortique.summarization.vectors import read_sentences, read_text
from stages.summarize import summarize, summarize_text
from tests.conftest import tokenize_settings
from tests.summarization.made_summaries import BATTERY, FRENCH, PRICE, REVIEWS, SCREEN, settings, summarizer, summary

ROOT = Path(__file__).parents[2]
ENGLISH = (
    "It was the best of times, it was the worst of times. It was the age of wisdom! We had everything before us, we "
    "had nothing before us."
)
OTHER = (
    "Il était une fois, dans la ville de Foix, une marchande de foie. Elle vendait du foie ! Elle se dit : « C'est la "
    "première fois que je vends du foie dans la ville de Foix. »"
)
Typed = Callable[[str | bytes], None]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Return a function that writes to standard input."""

    def enter(content: str | bytes) -> None:
        given = content if isinstance(content, bytes) else content.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="ascii"))

    return enter


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_text_is_read_from_a_file_or_from_standard_input(tmp_path: Path, typed: Typed) -> None:
    content = "\ufeffL'été. Déjà !\r\n"
    typed(content)
    assert read_text(None) == read_text(write(tmp_path / "a.txt", content)) == "L'été. Déjà !\r\n"


def test_unreadable_input_is_reported_in_one_line_with_a_remedy(tmp_path: Path, typed: Typed) -> None:
    latin = "déjà".encode("latin-1")
    typed(latin)
    with pytest.raises(StageError, match=r"^standard input is not UTF-8 text .*: save it as UTF-8$"):
        read_text(None)
    with pytest.raises(StageError, match=r"a\.txt is not UTF-8 text .*: save it as UTF-8$"):
        read_text(write(tmp_path / "a.txt", latin))
    with pytest.raises(StageError, match=r"absent\.txt cannot be read: No such file or directory$"):
        read_text(tmp_path / "absent.txt")
    with pytest.raises(StageError, match=r"cannot be read: Is a directory$"):
        read_text(tmp_path)


def test_a_text_is_split_into_sentences_and_lines_stay_whole(tmp_path: Path) -> None:
    file = write(tmp_path / "a.txt", "Dr. Smith came. He\nleft!\n\n  One more\n...\n")
    assert read_sentences(file, "en", by_line=False) == ["Dr. Smith came.", "He left!", "One more ..."]
    assert read_sentences(file, "en", by_line=True) == ["Dr. Smith came. He", "left!", "One more"]


@pytest.mark.parametrize("by_line", [True, False])
@pytest.mark.parametrize("content", ["", " \n\n", "...\n\n?!"])
def test_an_empty_text_has_no_sentences(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str, *, by_line: bool
) -> None:
    assert read_sentences(write(tmp_path / "a.txt", content), "en", by_line=by_line) == []
    assert caplog.text == ""


@pytest.mark.parametrize(("content", "language"), [(OTHER, "en"), (ENGLISH, "fr"), ("Это был сон. " * 9, "en")])
@pytest.mark.parametrize("times", [1, 500])
def test_a_text_in_another_language_is_summarised_and_the_option_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str, language: str, times: int
) -> None:
    assert read_sentences(write(tmp_path / "a.txt", content * times), language, by_line=False)
    assert caplog.messages == [
        f"few function words of {language!r} here: if the text is in another language, say so by --language"
    ]


@pytest.mark.parametrize(
    ("content", "language"),
    [
        (ENGLISH, "en"),
        (OTHER, "fr"),
        (ENGLISH + OTHER, "en"),  # half of each
        (ENGLISH + OTHER, "fr"),
        ("\n".join(REVIEWS), "en"),
        (OTHER, "xx"),  # a language without function words
        ("42 + 23 = 65", "xx"),
        ("?!", "en"),
    ],
)
def test_the_right_language_option_gives_no_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str, language: str
) -> None:
    read_sentences(write(tmp_path / "a.txt", content), language, by_line=False)
    assert caplog.messages == []


def test_each_sentence_is_printed_with_the_size_and_terms_of_its_cluster() -> None:
    texts = [*BATTERY[:2], *PRICE, "...", "Alone."]
    clusters = np.array([0, 0, 1, 1, 2, NONE])
    chosen = [Representative(1, 0, 2), Representative(2, 1, 2), Representative(4, 2, 1)]
    first, second, third = Summary(chosen, clusters).lines(texts, "en").splitlines()
    assert first.startswith(f"{BATTERY[1]}  [2 of 6: ")
    assert "battery" in first
    assert second.startswith(f"{PRICE[0]}  [2 of 6: ")
    assert "price" in second
    assert third == "...  [1 of 6]"
    assert Summary([], np.empty(0, int)).lines([], "en") == ""


@pytest.mark.parametrize("method", ["kmeans", "agglomerative", "hdbscan"])
def test_mixed_languages_are_summarised_and_printed(method: str) -> None:
    texts = [*REVIEWS, *FRENCH]
    lines = summary(texts, Budget(4), method=method).lines(texts, "en").splitlines()
    assert len(lines) == 4
    for line in lines:
        assert line.split("  [")[0] in texts


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: Path, one_thread: Compute) -> None:
    """Set up a project with the shipped params.yaml, and the small encoder."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / PARAMS, tmp_path)
    shutil.copytree(ROOT / "catalogue", tmp_path / "catalogue")
    shutil.copytree(encoder, paths.encoder("small"))
    monkeypatch.setattr(EncoderName, "load", lambda: EncoderName("small"))
    monkeypatch.setattr(Compute, "load", lambda: one_thread)
    monkeypatch.setattr(Embed, "load", lambda: Embed(pooling="mean", layer=-1, normalize=True, splits=[]))
    monkeypatch.setattr(Tokenize, "load", tokenize_settings)


@pytest.fixture(params=["encoder", "tfidf"])
def representation(request: pytest.FixtureRequest, own: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return each sentence representation of that project."""
    chosen = settings(clusters=summarizer(representation=request.param))
    monkeypatch.setattr(Summarize, "load", lambda: chosen)
    name: str = request.param
    return name


def test_a_users_own_text_is_summarised_and_printed(capsys: pytest.CaptureFixture[str], representation: str) -> None:
    Path("a.txt").write_text("\n".join(REVIEWS), encoding="utf-8")
    summarize(file=Path("a.txt"), sentences=3, lines=True)
    lines = capsys.readouterr().out.splitlines()
    indices = [REVIEWS.index(line.split("  [")[0]) for line in lines]
    assert indices == sorted(set(indices))
    assert len(indices) == 3
    summarize(file=Path("a.txt"), words=8)
    printed = capsys.readouterr().out
    assert 0 < len(printed.split("  [")[0].split()) <= 8
    if representation == "tfidf":
        assert [sum(REVIEWS[index] in topic for index in indices) for topic in (BATTERY, SCREEN, PRICE)] == [1, 1, 1]


@pytest.mark.usefixtures("representation")
def test_an_empty_text_has_an_empty_summary(capsys: pytest.CaptureFixture[str]) -> None:
    summarize_text([], "en", Budget(3))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("text", ["Film.", "Paris !", "The battery.", "42", "I am."])
def test_the_shortest_text_is_its_own_summary(
    own: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    monkeypatch.setattr(Summarize, "load", settings)
    summarize_text([text], "en", Budget(3))
    assert capsys.readouterr().out.startswith(f"{text}  [1 of 1")


def test_options_of_a_text_are_not_silently_ignored_for_a_collection(own: None) -> None:
    with pytest.raises(StageError, match=r"options are for a text of your own; .*films.* params\.yaml"):
        summarize("films", sentences=3)
