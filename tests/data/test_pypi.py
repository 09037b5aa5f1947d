import base64
from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.data.registries import pip_options
from decortique.data.source_settings import PypiSource

from .conftest import Fetch, sha256
from .server import Server, locked, redirect, status, whole
from .test_unpack import pack_tar, pack_zip

SDIST = pack_tar({"corpus-1.0/data/films.txt": b"a film", "corpus-1.0/setup.py": b"raise SystemExit"})
RELEASE = PypiSource(
    kind="pypi",
    package="The_Corpus",
    file="the_corpus-1.0.tar.gz",
    sha256=sha256(SDIST),
    files={"films.txt": "corpus-1.0/data/films.txt"},
)
PAGE = "/simple/the-corpus/"


def page(*links: str) -> bytes:
    return "".join(f'<a href="{link}">a file</a><br>' for link in links).encode()


@pytest.fixture
def index(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Serve an index that has the release, set as the one of the user's pip."""
    links = ("../../files/the_corpus-0.9.tar.gz", "../../files/the_corpus-1.0.tar.gz")
    server.answer(PAGE, whole(page(*links), Content_Type="text/html"))
    server.answer("/files/the_corpus-1.0.tar.gz", whole(SDIST))
    monkeypatch.setenv("PIP_INDEX_URL", server.url("/simple"))
    return server


def films(folder: Path) -> bytes:
    return (folder / "films.txt").read_bytes()


def test_a_release_is_found_in_the_index_of_the_users_pip(index: Server, fetched: Fetch) -> None:
    assert films(fetched(RELEASE)) == b"a film"


def test_a_release_once_fetched_needs_no_index(index: Server, fetched: Fetch) -> None:
    fetched(RELEASE)
    index.replies.clear()
    assert films(fetched(RELEASE)) == b"a film"


def test_an_index_that_fails_once_is_asked_again(index: Server, fetched: Fetch) -> None:
    index.replies[PAGE].insert(0, status(503))
    assert films(fetched(RELEASE)) == b"a film"


def test_an_index_that_moved_is_followed(index: Server, fetched: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    index.answer("/old/the-corpus/", redirect(index.url(PAGE)))
    monkeypatch.setenv("PIP_INDEX_URL", index.url("/old/"))
    assert films(fetched(RELEASE)) == b"a film"


def test_the_extra_index_is_asked_when_the_first_one_is_down(
    index: Server, fetched: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", index.url("/down"))
    index.answer("/down/the-corpus/", status(503))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{index.url('/other')} {index.url('/simple')}")
    assert films(fetched(RELEASE)) == b"a film"


def test_a_wheel_for_another_machine_can_be_read(
    tmp_path: Path, fetched: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = pack_zip({"corpus/films.txt": b"a film"})
    name = "the_corpus-1.0-cp27-cp27m-win32.whl"
    (tmp_path / name).write_bytes(wheel)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    changes = {"file": name, "sha256": sha256(wheel), "files": {"films.txt": "corpus/films.txt"}}
    assert films(fetched(RELEASE.model_copy(update=changes))) == b"a film"


def test_an_index_on_disk_works_without_a_network(
    tmp_path: Path, fetched: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "simple" / "the-corpus"
    folder.mkdir(parents=True)
    (folder / "the_corpus-1.0.tar.gz").write_bytes(SDIST)
    (folder / "index.html").write_bytes(page(f"the_corpus-1.0.tar.gz#sha256={RELEASE.sha256}"))
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "simple").as_uri())
    assert films(fetched(RELEASE)) == b"a film"


def test_the_users_configuration_file_counts_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://a\nextra-index-url =\n    https://b\n    https://c\n"
        "[download]\nindex-url = https://d\ntimeout = 7\n[install]\nindex-url = https://e\n[list]\ntimeout = 1\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    options = pip_options()
    assert options["index-url"] == "https://d"
    assert options["extra-index-url"].split() == ["https://b", "https://c"]
    assert options["timeout"] == "7"
    monkeypatch.setenv("PIP_INDEX_URL", "https://f/it's=quoted")
    assert pip_options()["index-url"] == "https://f/it's=quoted"


def test_the_password_of_an_index_opens_its_files_too(
    index: Server, fetched: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = base64.b64encode(b"me:secret").decode()
    index.answer(PAGE, locked(page(index.url("/files/the_corpus-1.0.tar.gz")), encoded))
    index.answer("/files/the_corpus-1.0.tar.gz", locked(SDIST, encoded))
    monkeypatch.setenv("PIP_INDEX_URL", index.url("/simple", credentials="me:secret@"))
    assert films(fetched(RELEASE)) == b"a film"


def test_the_password_of_netrc_opens_an_index(index: Server, fetched: Fetch, tmp_path: Path) -> None:
    index.answer(PAGE, locked(page("/files/the_corpus-1.0.tar.gz"), base64.b64encode(b"me:secret").decode()))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    assert films(fetched(RELEASE)) == b"a film"


def test_a_missing_file_is_reported_with_the_indexes_searched_but_no_password(
    index: Server, fetched: Fetch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", index.url("/simple", credentials="me:secret@"))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", index.url("/other", credentials="me:secret@"))
    monkeypatch.setenv("PIP_FIND_LINKS", "/no/such/folder")
    with pytest.raises(StageError) as caught:
        fetched(RELEASE.model_copy(update={"file": "the_corpus-1.1.tar.gz"}))
    message = str(caught.value)
    assert message.startswith("task.opinion.source (pypi the_corpus-1.1.tar.gz): ")
    assert "(nearest: the_corpus-1.0.tar.gz" in message
    for address in (index.url("/simple"), index.url("/other"), "/no/such/folder"):
        assert address in message
    assert "secret" not in message + caplog.text
    assert "\n" not in message


def test_another_file_of_the_same_name_is_skipped(
    index: Server, fetched: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.answer("/fork/the-corpus/", whole(page(f"the_corpus-1.0.tar.gz#sha256={'0' * 64}"), Content_Type="text/html"))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", index.url("/simple"))
    monkeypatch.setenv("PIP_INDEX_URL", index.url("/fork"))
    assert films(fetched(RELEASE)) == b"a film"


def test_an_index_that_serves_other_bytes_is_detected(index: Server, fetched: Fetch) -> None:
    index.answer("/files/the_corpus-1.0.tar.gz", whole(pack_tar({"corpus-1.0/data/films.txt": b"tampered"})))
    with pytest.raises(StageError, match=f"wrong checksum: expected sha256 {RELEASE.sha256}"):
        fetched(RELEASE)


def test_a_certificate_file_that_is_missing_is_named(
    index: Server, fetched: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CERT", "/no/such/certificates.pem")
    with pytest.raises(StageError, match=r"pip's `cert` /no/such/certificates.pem"):
        fetched(RELEASE)


def test_pips_own_default_index_is_asked_when_none_is_set(
    index: Server, fetched: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pip._internal.models.index import PyPI

    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setattr(PyPI, "simple_url", index.url("/simple"))
    assert films(fetched(RELEASE)) == b"a film"
