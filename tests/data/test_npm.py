import base64
import hashlib
import json
from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.data.source_settings import NpmSource

from .conftest import Fetch
from .server import Server, status, whole
from .test_unpack import pack_tar

TARBALL = pack_tar({"package/dict/data.noun": b"noun"})
RELEASE = NpmSource(
    kind="npm",
    package="@scope/words",
    version="1.0.0",
    integrity=f"sha512-{base64.b64encode(hashlib.sha512(TARBALL).digest()).decode()}",
    files={"nouns.txt": "package/dict/data.noun"},
)
METADATA = "/npm/@scope%2Fwords/1.0.0"


@pytest.fixture
def registry(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Serve a registry that has the release, set as the one of the user's npm."""
    tarball = server.answer("/npm/-/words-1.0.0.tgz", whole(TARBALL))
    server.answer(METADATA, whole(json.dumps({"dist": {"tarball": tarball}}).encode()))
    monkeypatch.setenv("npm_config_registry", server.url("/npm/"))
    return server


@pytest.fixture
def no_npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_npm")
def test_a_release_is_read_from_the_registry_even_without_npm(registry: Server, fetched: Fetch) -> None:
    assert (fetched(RELEASE) / "nouns.txt").read_bytes() == b"noun"


def npm_that_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str) -> None:
    script = tmp_path / "npm"
    script.write_text(
        f'#!/bin/sh\nif [ "$1 $2 $3" = "config get {key}" ]; then echo {value}; else echo undefined; fi\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


@pytest.mark.parametrize("key", ["registry", "@scope:registry"])
def test_the_registry_that_npm_is_configured_for_is_asked(
    registry: Server, fetched: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    npm_that_knows(tmp_path, monkeypatch, key, registry.url("/npm/"))
    if key == "registry":
        monkeypatch.delenv("npm_config_registry")
    else:
        monkeypatch.setenv("npm_config_registry", registry.url("/public/"))
    assert (fetched(RELEASE) / "nouns.txt").read_bytes() == b"noun"


@pytest.mark.usefixtures("no_npm")
def test_without_npm_and_registry_the_remedy_is_named(fetched: Fetch) -> None:
    with pytest.raises(StageError, match=r"^task\.opinion\.source \(npm @scope/words 1\.0\.0\): .*npm_config_registry"):
        fetched(RELEASE)


@pytest.mark.usefixtures("no_npm")
def test_a_tampered_tarball_is_refused(registry: Server, fetched: Fetch) -> None:
    registry.answer("/npm/-/words-1.0.0.tgz", whole(pack_tar({"package/dict/data.noun": b"tampered"})))
    with pytest.raises(StageError) as caught:
        fetched(RELEASE)
    assert f"expected {RELEASE.integrity}, found sha512-" in str(caught.value)


@pytest.mark.usefixtures("no_npm")
def test_a_release_that_does_not_exist_is_reported_at_once(registry: Server, fetched: Fetch) -> None:
    registry.answer(METADATA, status(404))
    with pytest.raises(StageError, match=r"words/1\.0\.0: the server answers 404"):
        fetched(RELEASE)


@pytest.mark.usefixtures("no_npm")
@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"dist": {}}'])
def test_a_server_that_is_not_a_registry_is_reported_as_such(registry: Server, fetched: Fetch, answer: bytes) -> None:
    registry.answer(METADATA, whole(answer))
    with pytest.raises(StageError, match="does not answer as an npm registry does"):
        fetched(RELEASE)
