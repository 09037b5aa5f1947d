import logging
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.data.fetch import fetch
from decortique.data.source_settings import UrlSource

from .conftest import BODY, IMPATIENCE, Fetch, at, pinned, sha256
from .server import Server, cut, elsewhere, redirect, resumable, slow, stalled, status, whole

HALF = len(BODY) // 2


def test_a_download_has_all_its_bytes_and_leaves_no_other_file(server: Server, fetched: Fetch) -> None:
    folder = fetched(at(server.answer("/file.txt", whole(BODY))))
    assert (folder / "file.txt").read_bytes() == BODY
    assert [path.name for path in folder.parent.rglob("*")] == ["task", "file.txt"]


def test_a_file_keeps_its_own_name_if_none_is_given(server: Server, fetched: Fetch) -> None:
    url = server.answer("/corpora/films.csv?version=2", whole(BODY))
    folder = fetched(UrlSource(kind="url", url=pinned(url)))
    assert (folder / "films.csv").read_bytes() == BODY


def test_a_file_gets_the_name_that_the_reader_of_a_task_expects(server: Server, fetched: Fetch) -> None:
    url = pinned(server.answer("/debates-2025-11.csv", whole(BODY)))
    folder = fetched(UrlSource(kind="url", url=url, name="debates.csv"))
    assert [path.name for path in folder.iterdir()] == ["debates.csv"]


def test_the_pin_of_an_address_is_not_sent_to_the_server(server: Server, fetched: Fetch) -> None:
    fetched(at(server.answer("/file.txt?version=2", whole(BODY))))
    assert server.requests == [("/file.txt?version=2", None)]


@pytest.mark.parametrize("name", ["my corpus.txt", "été à Zürich.txt", "100%.txt", "50%25 + 1.txt", "#1 what?.txt"])
def test_a_file_on_disk_is_a_valid_address(tmp_path: Path, fetched: Fetch, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(BODY)
    folder = fetched(UrlSource(kind="url", url=pinned(file.as_uri())))
    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [(name, BODY)]


@pytest.mark.parametrize("name", ["my corpus.txt", "été à Zürich.txt"])
def test_the_address_of_a_file_on_disk_may_be_a_plain_path(tmp_path: Path, fetched: Fetch, name: str) -> None:
    (tmp_path / name).write_bytes(BODY)
    folder = fetched(UrlSource(kind="url", url=pinned(f"file://{tmp_path}/{name}")))
    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [(name, BODY)]


def test_a_finished_download_is_not_fetched_again(server: Server, fetched: Fetch) -> None:
    source = at(server.answer("/file.txt", whole(BODY)))
    fetched(source)
    fetched(source)
    assert len(server.requests) == 1


def test_two_stages_downloading_the_same_file_at_once_do_not_corrupt_it(
    server: Server, cache: Path, tmp_path: Path
) -> None:
    source = at(server.answer("/file.txt", slow(BODY)))
    folders = [tmp_path / "one", tmp_path / "two"]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda folder: fetch(source, folder, cache, name=folder.name), folders))
    assert [(folder / "file.txt").read_bytes() == BODY for folder in folders] == [True, True]
    assert len(server.requests) == 1


def test_an_interrupted_download_resumes_where_it_stopped(server: Server, fetched: Fetch) -> None:
    folder = fetched(at(server.answer("/file.txt", cut(BODY, HALF), resumable(BODY))))
    assert (folder / "file.txt").read_bytes() == BODY
    assert server.requests[1:] == [("/file.txt", f"bytes={HALF}-")]


def test_a_server_that_cannot_resume_costs_a_second_download_not_the_file(server: Server, fetched: Fetch) -> None:
    folder = fetched(at(server.answer("/file.txt", cut(BODY, HALF), whole(BODY))))
    assert (folder / "file.txt").read_bytes() == BODY


@pytest.mark.parametrize("refusal", [status(416), elsewhere(BODY)], ids=["416", "another range"])
def test_a_server_that_resumes_wrongly_costs_a_second_download_not_the_file(
    server: Server, fetched: Fetch, refusal: object
) -> None:
    folder = fetched(at(server.answer("/file.txt", cut(BODY, HALF), refusal, whole(BODY))))  # type: ignore[arg-type]
    assert (folder / "file.txt").read_bytes() == BODY


def test_an_interrupted_run_is_resumed_by_the_next_one(server: Server, fetched: Fetch, cache: Path) -> None:
    source = at(server.answer("/file.txt", cut(BODY, HALF), status(404)))
    with pytest.raises(StageError, match="404 Not Found"):
        fetched(source)
    assert (cache / f"{source.pin[1]}.part").stat().st_size == HALF
    server.answer("/file.txt", resumable(BODY))
    assert (fetched(source) / "file.txt").read_bytes() == BODY
    assert server.requests[-1] == ("/file.txt", f"bytes={HALF}-")


def test_a_run_killed_before_its_last_rename_does_not_fetch_again(server: Server, fetched: Fetch, cache: Path) -> None:
    source = at(server.url("/file.txt"))
    cache.mkdir()
    (cache / f"{source.pin[1]}.part").write_bytes(BODY)
    assert (fetched(source) / "file.txt").read_bytes() == BODY
    assert server.requests == []


def test_a_partial_file_of_another_version_does_not_corrupt_the_download(
    server: Server, fetched: Fetch, cache: Path
) -> None:
    source = at(server.answer("/file.txt", resumable(BODY)))
    cache.mkdir()
    (cache / f"{source.pin[1]}.part").write_bytes(b"<html>Log in to the hotel's network</html>")
    assert (fetched(source) / "file.txt").read_bytes() == BODY


def test_a_corrupt_file_in_the_cache_is_not_taken_for_the_corpus(
    server: Server, fetched: Fetch, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = at(server.answer("/file.txt", whole(BODY)))
    fetched(source)
    (cache / source.pin[1]).write_bytes(BODY[:-1] + b"!")
    assert (fetched(source) / "file.txt").read_bytes() == BODY
    assert "is corrupt" in caplog.text


def test_wrong_bytes_are_refused_and_not_kept(server: Server, fetched: Fetch, cache: Path) -> None:
    source = at(server.answer("/file.txt", whole(b"other bytes")))
    with pytest.raises(StageError) as caught:
        fetched(source)
    message = str(caught.value)
    assert message.startswith("task.opinion.source (url http://127.0.0.1")
    assert f"expected sha256 {source.pin[1]}, found sha256 {sha256(b'other bytes')}" in message
    assert "\n" not in message
    assert "#" not in message
    assert [path.suffix for path in cache.iterdir()] == [".lock"]


def test_a_failure_leaves_the_files_of_the_last_success(server: Server, fetched: Fetch) -> None:
    folder = fetched(at(server.answer("/file.txt", whole(BODY))))
    with pytest.raises(StageError):
        fetched(at(server.answer("/file.txt", whole(b"other bytes")), body=b"yet others"))
    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [("file.txt", BODY)]
    assert [path.name for path in folder.parent.iterdir()] == ["task"]


def test_a_success_leaves_no_file_of_the_last_one(server: Server, fetched: Fetch) -> None:
    folder = fetched(at(server.answer("/file.txt", whole(BODY))))
    (folder / "stale.txt").write_text("of an older version")
    fetched(at(server.url("/file.txt")))
    assert [path.name for path in folder.iterdir()] == ["file.txt"]


def test_a_stalled_server_times_out_and_is_retried(server: Server, fetched: Fetch) -> None:
    folder = fetched(at(server.answer("/file.txt", stalled(BODY, HALF), resumable(BODY))))
    assert (folder / "file.txt").read_bytes() == BODY


def test_a_server_that_stalls_for_good_does_not_hang_the_pipeline(server: Server, fetched: Fetch) -> None:
    with pytest.raises(StageError, match="no answer in time"):
        fetched(at(server.answer("/file.txt", stalled(BODY, 0))))


def test_a_length_stated_too_long_does_not_lose_a_file_that_arrived(server: Server, fetched: Fetch) -> None:
    url = server.answer("/file.txt", whole(BODY, Content_Length=len(BODY) + 10))
    assert (fetched(at(url)) / "file.txt").read_bytes() == BODY


def test_a_length_stated_too_short_is_not_taken_for_the_whole_file(server: Server, fetched: Fetch) -> None:
    with pytest.raises(StageError, match="wrong checksum"):
        fetched(at(server.answer("/file.txt", whole(BODY, Content_Length=len(BODY) - 10))))


@pytest.mark.parametrize("code", [408, 429, 500, 503])
def test_a_temporary_failure_is_retried(server: Server, fetched: Fetch, code: int) -> None:
    folder = fetched(at(server.answer("/file.txt", status(code), whole(BODY))))
    assert (folder / "file.txt").read_bytes() == BODY


@pytest.mark.parametrize(("code", "remedy"), [(401, "credentials"), (403, "credentials"), (404, "address")])
def test_a_permanent_failure_is_reported_at_once(server: Server, fetched: Fetch, code: int, remedy: str) -> None:
    with pytest.raises(StageError, match=f"the server answers {code} .*: check .*{remedy}"):
        fetched(at(server.answer("/file.txt", status(code))))
    assert len(server.requests) == 1


def test_a_server_that_is_down_for_long_is_reported_in_one_line(server: Server, fetched: Fetch) -> None:
    with pytest.raises(StageError, match=r"answers 503 Service Unavailable: run it again later$"):
        fetched(at(server.answer("/file.txt", status(503))))
    assert len(server.requests) == 3


@pytest.mark.parametrize("asked", ["30", "Fri, 31 Dec 2100 23:59:59 GMT", "soon"])
def test_a_server_that_asks_to_wait_is_obeyed_up_to_a_limit(
    server: Server, cache: Path, tmp_path: Path, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = at(server.answer("/file.txt", status(429, Retry_After=asked), whole(BODY)))
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    fetch(source, tmp_path / "raw", cache, name="x", patience=replace(IMPATIENCE, longest_wait=0.7))
    (waited,) = waits
    assert waited <= 0.7
    assert (waited == 0.7) == (asked != "soon")


def test_a_redirection_is_followed(server: Server, fetched: Fetch) -> None:
    server.answer("/new/file.txt", whole(BODY))
    folder = fetched(at(server.answer("/file.txt", redirect(server.url("/new/file.txt")))))
    assert (folder / "file.txt").read_bytes() == BODY


def test_a_redirection_loop_is_reported_in_one_line(server: Server, fetched: Fetch) -> None:
    with pytest.raises(StageError, match="redirects"):
        fetched(at(server.answer("/file.txt", redirect(server.url("/file.txt")))))


def test_a_refused_connection_is_reported_in_one_line(fetched: Fetch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(
        StageError, match=rf"^task.opinion.source .*127.0.0.1:{port}.*: no connection .*proxy"
    ) as caught:
        fetched(at(f"http://127.0.0.1:{port}/file.txt"))
    assert "\n" not in str(caught.value)


def test_an_unknown_host_is_reported_in_one_line(fetched: Fetch) -> None:
    with pytest.raises(StageError, match="no connection"):
        fetched(at("https://no-such-host.invalid/file.txt"))


@pytest.mark.parametrize("url", ["http://[::1/file.txt", "http://host:port/file.txt", "file:///no/such/file.txt"])
def test_a_mistyped_address_is_reported_in_one_line(fetched: Fetch, url: str) -> None:
    with pytest.raises(StageError, match=r"^task\.opinion\.source \(url .*\): ."):
        fetched(at(url))


def test_a_password_in_an_address_is_used_and_never_shown(
    server: Server, fetched: Fetch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.answer("/file.txt?token=hidden", status(503), status(403))
    with pytest.raises(StageError) as caught:
        fetched(at(server.url("/file.txt?token=hidden", credentials="me:secret@")))
    assert server.credentials == ["Basic bWU6c2VjcmV0"] * 2
    for secret in ("secret", "hidden"):
        assert secret not in str(caught.value)
        assert secret not in caplog.text


def test_a_full_disk_is_reported_in_one_line(server: Server, fetched: Fetch, cache: Path) -> None:
    source = at(server.answer("/file.txt", whole(BODY)))
    cache.mkdir()
    (cache / f"{source.pin[1]}.part").symlink_to("/dev/full")  # a file that any write finds the disk full for
    with pytest.raises(StageError, match="the disk is full: free some space"):
        fetched(source)


def test_ctrl_c_keeps_the_old_files_and_what_was_downloaded(
    server: Server, fetched: Fetch, cache: Path, tmp_path: Path
) -> None:
    folder = fetched(at(server.answer("/old/file.txt", whole(b"old")), body=b"old"))
    source = at(server.answer("/file.txt", stalled(BODY, HALF)))
    code = f"""
from pathlib import Path
from decortique.data.fetch import fetch
from decortique.data.source_settings import UrlSource
source = UrlSource.model_validate_json({source.model_dump_json()!r})
fetch(source, Path({str(folder)!r}), Path({str(cache)!r}), name="x")
"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    part = cache / f"{source.pin[1]}.part"
    while not part.exists() and process.poll() is None:
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) != 0
    assert [path.name for path in folder.parent.iterdir()] == ["task"]
    assert (folder / "file.txt").read_bytes() == b"old"
    server.answer("/file.txt", resumable(BODY))
    assert (fetched(source) / "file.txt").read_bytes() == BODY
    assert server.requests[-1][1] == f"bytes={HALF}-"
