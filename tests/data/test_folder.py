from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.data.source_settings import FolderSource

from .conftest import Fetch, sha256


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "speeches.txt").write_bytes(b"speeches")
    return folder


def source(folder: object, pin: str | None = sha256(b"speeches"), file: str = "speeches.txt") -> FolderSource:
    return FolderSource(
        kind="folder", path=str(folder), files={"raw.txt": file}, sha256={"raw.txt": pin} if pin else {}
    )


def test_a_local_corpus_is_copied(corpus: Path, fetched: Fetch, caplog: pytest.LogCaptureFixture) -> None:
    assert (fetched(source(corpus)) / "raw.txt").read_bytes() == b"speeches"
    assert caplog.text == ""


def test_the_home_folder_may_be_written_as_a_tilde(
    corpus: Path, fetched: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(corpus.parent))
    assert (fetched(source("~/corpus")) / "raw.txt").read_bytes() == b"speeches"


def test_a_changed_local_corpus_is_detected(corpus: Path, fetched: Fetch) -> None:
    (corpus / "speeches.txt").write_bytes(b"changed")
    with pytest.raises(StageError, match="wrong checksum"):
        fetched(source(corpus))


def test_a_corpus_without_a_pin_gives_the_pin_to_paste(
    corpus: Path, fetched: Fetch, caplog: pytest.LogCaptureFixture
) -> None:
    fetched(source(corpus, pin=None))
    assert "task.opinion.source" in caplog.text
    assert f"raw.txt: {sha256(b'speeches')}" in caplog.text


def test_a_mistyped_folder_is_named(corpus: Path, fetched: Fetch) -> None:
    with pytest.raises(StageError, match=r"corpsu is no folder: check path"):
        fetched(source(corpus.with_name("corpsu")))


def test_a_mistyped_file_is_answered_with_the_nearest_name(corpus: Path, fetched: Fetch) -> None:
    with pytest.raises(StageError, match=r"has no file speech.txt \(nearest: speeches.txt\)"):
        fetched(source(corpus, file="speech.txt"))


def test_a_destination_that_cannot_be_made_is_reported_in_one_line(corpus: Path, fetched: Fetch) -> None:
    (corpus.parent / "raw").write_text("a file where the folder should be")
    with pytest.raises(StageError, match=r"raw.*: check the path"):
        fetched(source(corpus))
