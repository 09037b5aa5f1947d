"""The real client of the hub against a small server, in a process of its own: it reads HF_ENDPOINT when imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from decortique.data.source_settings import HubSource

from .conftest import sha256
from .server import Server, status, whole

COMMIT = "a" * 40
CONFIG = b'{"hidden_size": 32}'
ADDRESS = f"/me/encoder/resolve/{COMMIT}/config.json"
ENCODER = HubSource(
    kind="hub",
    repository="me/encoder",
    revision=COMMIT,
    files={"config.json": "config.json"},
    sha256={"config.json": sha256(CONFIG)},
)

CODE = """
import sys
from pathlib import Path
from decortique.core.files import StageError
from decortique.data.fetch import fetch
from decortique.data.source_settings import HubSource
try:
    fetch(HubSource.model_validate_json(sys.argv[1]), Path(sys.argv[2]), name="encoder.source")
except StageError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def hub(server: Server) -> Server:
    server.answer(ADDRESS, whole(CONFIG, ETag=f'"{sha256(CONFIG)}"', X_Repo_Commit=COMMIT))
    return server


def fetch_apart(source: HubSource, folder: Path, hub: Server, **variables: str) -> str:
    """Fetch into `folder / "encoder"` in another process and return its standard error."""
    home = str(folder / "home")
    environment = os.environ | {"HF_ENDPOINT": hub.url(), "HF_HOME": home, "HF_HUB_DISABLE_XET": "1"} | variables
    command = [sys.executable, "-c", CODE, source.model_dump_json(), str(folder / "encoder")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr
    return done.stderr


def test_an_encoder_comes_from_the_endpoint_once_and_then_from_the_cache(hub: Server, tmp_path: Path) -> None:
    assert fetch_apart(ENCODER, tmp_path, hub, HF_TOKEN="hf_secret") == ""  # noqa: S106
    assert (tmp_path / "encoder" / "config.json").read_bytes() == CONFIG
    assert "Bearer hf_secret" in hub.credentials
    asked = len(hub.requests)
    assert fetch_apart(ENCODER, tmp_path, hub, HF_HUB_OFFLINE="1") == ""
    assert len(hub.requests) == asked


@pytest.mark.parametrize(
    ("code", "headers", "expected"),
    [
        (404, {"X_Error_Code": "EntryNotFound", "X_Repo_Commit": COMMIT}, "has no such file"),
        (404, {"X_Error_Code": "RevisionNotFound"}, f"has no commit {COMMIT}"),
        (401, {"X_Error_Code": "RepoNotFound"}, "no model repository of that name, or a private one"),
        (403, {"X_Error_Code": "GatedRepo"}, "is gated: accept its terms"),
    ],
)
def test_a_refusal_of_the_hub_is_reported_with_a_remedy(
    hub: Server, tmp_path: Path, code: int, headers: dict[str, str], expected: str
) -> None:
    hub.answer(ADDRESS, status(code, **headers))
    message = fetch_apart(ENCODER, tmp_path, hub).strip()
    assert message.startswith("encoder.source (hub me/encoder): config.json: ")
    assert expected in message
    assert "\n" not in message


def test_a_file_missing_from_the_cache_is_reported_when_offline(hub: Server, tmp_path: Path) -> None:
    assert "HF_HUB_OFFLINE forbids" in fetch_apart(ENCODER, tmp_path, hub, HF_HUB_OFFLINE="1")
    assert hub.requests == []


def test_a_tampered_encoder_is_refused(hub: Server, tmp_path: Path) -> None:
    tampered = ENCODER.model_copy(update={"sha256": {"config.json": "0" * 64}})
    assert f"expected sha256 {'0' * 64}, found sha256 {sha256(CONFIG)}" in fetch_apart(tampered, tmp_path, hub)
    assert not (tmp_path / "encoder").exists()


def test_weights_that_could_run_code_are_refused_before_any_download(hub: Server, tmp_path: Path) -> None:
    weights = {"model.safetensors": "pytorch_model.bin"}
    message = fetch_apart(ENCODER.model_copy(update={"files": weights, "sha256": {}}), tmp_path, hub)
    assert "pytorch_model.bin is refused: loading such a file can run code" in message
    assert hub.requests == []
