import logging
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from decortique.data.fetch import prefetch
from decortique.data.source_settings import FolderSource, SeveralSource, UrlSource

from .conftest import BODY, IMPATIENCE, Fetch, at, pinned
from .server import Handler, Reply, Server, resumable, slow, stalled, status, whole

NAMES = ("/one.txt", "/two.txt", "/three.txt")


def together(barrier: Barrier, body: bytes) -> Reply:
    """Answer once as many requests wait as the barrier wants."""

    def reply(handler: Handler) -> None:
        barrier.wait(10)
        handler.send(200, body)

    return reply


def several(**parts: Any) -> SeveralSource:
    return SeveralSource(kind="several", parts=parts)


def files(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


def test_the_files_of_all_sources_are_downloaded_side_by_side(server: Server, cache: Path) -> None:
    barrier = Barrier(3)
    urls = [pinned(server.answer(name, together(barrier, name.encode())), name.encode()) for name in NAMES]
    one, two, three = (UrlSource(kind="url", url=url) for url in urls)
    prefetch({"task": several(one=one, two=two), "encoder": three}, cache, patience=IMPATIENCE)
    assert files(cache) == sorted(source.pin[1] for source in (one, two, three))


def test_what_was_prefetched_is_not_downloaded_again(server: Server, cache: Path, fetched: Fetch) -> None:
    source = at(server.answer("/file.txt", slow(BODY)))
    for _ in range(2):
        prefetch({"task": several(part=source), "collection": source}, cache, patience=IMPATIENCE)
        assert (fetched(source) / "file.txt").read_bytes() == BODY
    assert len(server.requests) == 1


def test_a_source_that_fails_is_left_to_its_own_stage_and_costs_the_others_nothing(
    server: Server, cache: Path, fetched: Fetch, caplog: pytest.LogCaptureFixture
) -> None:
    down = at(server.answer("/down.txt", status(503), resumable(BODY)))
    other = at(server.answer("/other.txt", whole(b"other")), b"other")
    with caplog.at_level(logging.WARNING):
        prefetch({"language": down, "task": other}, cache, patience=IMPATIENCE)
    assert files(cache) == [other.pin[1]]
    assert len([path for path, _ in server.requests if path == "/down.txt"]) == 1
    (line,) = caplog.messages
    assert line.startswith("language (url http://127.0.0.1")
    assert "answers 503" in line
    assert (fetched(down) / "file.txt").read_bytes() == BODY


def test_a_folder_and_a_mistyped_pin_are_nothing_to_prefetch(cache: Path, tmp_path: Path) -> None:
    folder = FolderSource(kind="folder", path=str(tmp_path / "absent"), files={"a.txt": "a.txt"})
    prefetch({"task": folder}, cache, patience=IMPATIENCE)
    assert not cache.exists()


def test_ctrl_c_does_not_wait_for_a_server_and_keeps_what_arrived(server: Server, cache: Path) -> None:
    half = len(BODY) // 2
    sources = {name: at(server.answer(name, stalled(BODY, half)), BODY + name.encode()) for name in NAMES}
    code = f"""
from pathlib import Path
from decortique.data.fetch import prefetch
from decortique.data.source_settings import UrlSource
urls = {[source.url for source in sources.values()]!r}
prefetch({{url: UrlSource(kind="url", url=url) for url in urls}}, Path({str(cache)!r}))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    parts = [cache / f"{source.pin[1]}.part" for source in sources.values()]
    while not all(part.exists() for part in parts) and process.poll() is None:
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)  # a server may be silent for a minute
    assert process.returncode != 0
    assert "Fatal" not in errors
    assert [part.stat().st_size for part in parts] == [half] * 3
