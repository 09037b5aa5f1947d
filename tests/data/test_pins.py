import base64
import hashlib
from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.data.source_settings import UrlSource
from decortique.data.web import Pin

from .conftest import Fetch


def test_a_git_blob_is_the_name_that_git_gives_the_file(tmp_path: Path, fetched: Fetch) -> None:
    file = tmp_path / "speech.txt"
    file.write_bytes(b"what is up, doc?")
    # Pro Git, section 10.2, computes this one step by step.
    source = UrlSource(kind="url", url=f"{file.as_uri()}#git-blob=bd9dbf5aae1a3862dd1526723246b20206e5fc37")
    assert (fetched(source) / "speech.txt").read_bytes() == b"what is up, doc?"
    file.write_bytes(b"what is up, dog?")
    (tmp_path / "cache" / "bd9dbf5aae1a3862dd1526723246b20206e5fc37").unlink()
    with pytest.raises(StageError, match="expected git-blob bd9dbf5a"):
        fetched(source)


def test_an_integrity_is_shown_as_npm_writes_it(tmp_path: Path) -> None:
    (tmp_path / "package.tgz").write_bytes(b"content")
    written = f"sha512-{base64.b64encode(hashlib.sha512(b'content').digest()).decode()}"
    assert str(Pin.integrity(written).of(tmp_path / "package.tgz")) == written


@pytest.mark.parametrize("written", ["sha512-AAAA", "sha512-A=A", "sha512-A"])
def test_a_mangled_integrity_is_reported_before_any_download(written: str) -> None:
    with pytest.raises(StageError, match="no SHA-512 in base64"):
        Pin.integrity(written)
