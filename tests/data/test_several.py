from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.data.source_settings import FolderSource, OneSource, SeveralSource

from .conftest import BODY, Fetch, at, sha256
from .server import Server, status, whole


@pytest.fixture
def local(tmp_path: Path) -> FolderSource:
    """Return a file of a local folder."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "labels.csv").write_bytes(b"labels")
    return FolderSource(
        kind="folder", path=str(folder), files={"labels.csv": "labels.csv"}, sha256={"labels.csv": sha256(b"labels")}
    )


def several(**parts: OneSource) -> SeveralSource:
    return SeveralSource(kind="several", parts=parts)


def test_the_files_of_all_parts_are_put_in_one_folder(server: Server, fetched: Fetch, local: FolderSource) -> None:
    source = several(texts=at(server.answer("/texts", whole(BODY))), labels=local)
    downloaded = {path.name: path.read_bytes() for path in fetched(source).iterdir()}
    assert downloaded == {"file.txt": BODY, "labels.csv": b"labels"}
    assert source.file_names() == set(downloaded)


def test_a_part_that_fails_is_named_and_leaves_the_files_of_the_last_success(
    server: Server, fetched: Fetch, local: FolderSource
) -> None:
    folder = fetched(several(labels=local))
    with pytest.raises(StageError, match=r"^task\.opinion\.source\.parts\.texts \(url http://.*\): .* 404") as caught:
        fetched(several(labels=local, texts=at(server.answer("/texts", status(404)))))
    assert str(caught.value).count("task.opinion.source") == 1
    assert [path.name for path in folder.iterdir()] == ["labels.csv"]
    assert [path.name for path in folder.parent.iterdir()] == ["task"]


def test_a_part_that_could_run_code_is_refused_before_any_download(
    server: Server, fetched: Fetch, local: FolderSource
) -> None:
    pickled = local.model_copy(update={"files": {"model.pkl": "model.pkl"}, "sha256": {}})
    with pytest.raises(StageError, match=r"parts\.weights .*model\.pkl is refused"):
        fetched(several(texts=at(server.answer("/texts", whole(BODY))), weights=pickled))
    assert server.requests == []


def test_the_pin_to_paste_is_shown_with_its_part(
    fetched: Fetch, local: FolderSource, caplog: pytest.LogCaptureFixture
) -> None:
    fetched(several(labels=local.model_copy(update={"sha256": {}})))
    assert "task.opinion.source.parts.labels: " in caplog.text


def test_a_destination_that_cannot_be_made_is_reported_in_one_line(
    tmp_path: Path, fetched: Fetch, local: FolderSource
) -> None:
    (tmp_path / "raw").write_text("a file where the folder should be")
    with pytest.raises(StageError, match=r"^task\.opinion\.source \(several: labels\): .*raw.*: check the path"):
        fetched(several(labels=local))
