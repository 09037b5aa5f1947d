import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from decortique.data.fetch import fetch
from decortique.data.source_settings import Source, UrlSource
from decortique.data.web import Patience

from .server import Server, running

IMPATIENCE = Patience(attempts=3, wait=0.01, longest_wait=0.05, connect=0.5, silence=0.3)
BODY = bytes(range(256)) * 1000


class Fetch(Protocol):
    """Return `fetch` with the test's own destination and cache and short time-outs; it returns the destination."""

    def __call__(self, source: Source) -> Path: ...


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def fetched(tmp_path: Path, cache: Path) -> Fetch:
    def call(source: Source) -> Path:
        fetch(source, tmp_path / "raw" / "task", cache, name="task.opinion.source", patience=IMPATIENCE)
        return tmp_path / "raw" / "task"

    return call


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the tests apart from the machine's own indexes, registries, proxies and credentials."""
    for variable in list(os.environ):
        if variable.lower().startswith(("pip_", "npm_config_", "hf_", "http_proxy", "https_proxy", "all_proxy")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def at(url: str, body: bytes = BODY) -> UrlSource:
    """Return the source of one file that should have the bytes `body`."""
    return UrlSource(kind="url", url=pinned(url, body), name="file.txt")


def pinned(url: str, body: bytes = BODY) -> str:
    """Return the address with the pin of `body`."""
    return f"{url}#sha256={sha256(body)}"
