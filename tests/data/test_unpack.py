import io
import random
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.data import fetch as archives
from decortique.data.source_settings import UrlSource

from .conftest import Fetch, pinned

Packer = Callable[[Mapping[str, bytes]], bytes]


def tar(mode: str) -> Packer:
    def pack(members: Mapping[str, bytes]) -> bytes:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode=mode) as archive:  # type: ignore[call-overload]
            for name, content in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return packed.getvalue()

    return pack


def pack_zip(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def special(kind: bytes) -> bytes:
    """Return a tar archive with a member `key.txt` that is a link to, or a device instead of, a file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        info = tarfile.TarInfo("key.txt")
        info.type, info.linkname = kind, "/etc/hostname"
        archive.addfile(info)
    return packed.getvalue()


pack_tar = tar("w:gz")


@pytest.fixture
def unpacked(tmp_path: Path, fetched: Fetch) -> Callable[[bytes, dict[str, str]], Path]:
    """Return a function that fetches files out of an archive of the given bytes."""

    def call(content: bytes, files: dict[str, str]) -> Path:
        archive = tmp_path / "corpus.archive"
        archive.write_bytes(content)
        return fetched(UrlSource(kind="url", url=pinned(archive.as_uri(), content), files=files))

    return call


Unpacked = Callable[[bytes, dict[str, str]], Path]


@pytest.mark.parametrize("pack", [pack_zip, tar("w"), tar("w:gz"), tar("w:bz2"), tar("w:xz")])
def test_files_of_every_usual_archive_are_read(unpacked: Unpacked, pack: Packer) -> None:
    archive = pack({"c/a.txt": b"A", "c/b.txt": b"B", "c/unwanted.txt": b"U"})
    folder = unpacked(archive, {"second.txt": "c/b.txt", "first.txt": "c/a.txt"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"first.txt": b"A", "second.txt": b"B"}


def test_files_of_a_nested_archive_are_read(unpacked: Unpacked) -> None:
    archive = pack_zip(
        {"x/inner.tar.gz": pack_tar({"a.txt": b"A", "deep.zip": pack_zip({"b.txt": b"B"})}), "c.txt": b"C"}
    )
    folder = unpacked(archive, {"a": "x/inner.tar.gz!a.txt", "b": "x/inner.tar.gz!deep.zip!b.txt", "c": "c.txt"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a": b"A", "b": b"B", "c": b"C"}


@pytest.mark.parametrize("pack", [pack_zip, pack_tar])
@pytest.mark.parametrize("evil", ["../../evil.txt", "/tmp/decortique-evil.txt"])  # noqa: S108  (must not be written)
def test_no_member_writes_outside_the_destination(unpacked: Unpacked, pack: Packer, evil: str, tmp_path: Path) -> None:
    folder = unpacked(pack({evil: b"evil"}), {"file.txt": evil})
    assert (folder / "file.txt").read_bytes() == b"evil"
    assert not Path("/tmp/decortique-evil.txt").exists()  # noqa: S108
    assert list(tmp_path.rglob("evil.txt")) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_a_link_or_device_in_a_tar_does_not_pass_for_a_file(unpacked: Unpacked, kind: bytes) -> None:
    with pytest.raises(StageError, match=r"key.txt is no regular file"):
        unpacked(special(kind), {"file.txt": "key.txt"})


def test_a_link_in_a_zip_does_not_pass_for_a_file(unpacked: Unpacked) -> None:
    info = zipfile.ZipInfo("key.txt")
    info.external_attr = 0o120777 << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(info, "/etc/hostname")
    with pytest.raises(StageError, match=r"key.txt is no regular file"):
        unpacked(packed.getvalue(), {"file.txt": "key.txt"})


@pytest.mark.parametrize("pack", [pack_zip, pack_tar])
@pytest.mark.parametrize("outer", ["", "inner.zip!"])
def test_a_mistyped_member_is_answered_with_the_nearest_names(unpacked: Unpacked, pack: Packer, outer: str) -> None:
    content = pack({"corpus-1.2/speeches.txt": b"", "corpus-1.2/licence": b""})
    archive = pack_zip({"inner.zip": content}) if outer else content
    with pytest.raises(StageError, match=r"has no member corpus/speeches.txt \(nearest: corpus-1.2/speeches.txt\)"):
        unpacked(archive, {"file.txt": f"{outer}corpus/speeches.txt"})


@pytest.mark.parametrize("pack", [pack_zip, pack_tar])
def test_a_zip_bomb_does_not_fill_the_disk(unpacked: Unpacked, pack: Packer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "LARGEST_MEMBER", 1000)
    fits, bomb = {"file.txt": bytes(1000)}, {"file.txt": bytes(1001)}
    assert (unpacked(pack(fits), {"file.txt": "file.txt"}) / "file.txt").stat().st_size == 1000
    with pytest.raises(StageError, match="more than 1,000 bytes"):
        unpacked(pack(bomb), {"file.txt": "file.txt"})


NOISE = random.Random(0).randbytes(50_000)


def assert_reported_in_one_line(unpacked: Unpacked, broken: bytes) -> None:
    with pytest.raises(StageError, match=r"^task\.opinion\.source .*corpus\.archive (is|has)") as caught:
        unpacked(broken, {"file.txt": "file.txt"})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pack", [pack_zip, tar("w"), tar("w:gz"), tar("w:bz2"), tar("w:xz")])
def test_half_an_archive_is_reported_in_one_line(unpacked: Unpacked, pack: Packer) -> None:
    good = pack({"file.txt": NOISE})
    assert_reported_in_one_line(unpacked, good[: len(good) // 2])


# Not of an uncompressed or gzipped tar, where no checksum of the contents is met while reading: the pin guards them.
@pytest.mark.parametrize("pack", [pack_zip, tar("w:bz2"), tar("w:xz")])
def test_a_damaged_archive_is_reported_in_one_line(unpacked: Unpacked, pack: Packer) -> None:
    good = pack({"file.txt": NOISE})
    middle = len(good) // 2
    assert_reported_in_one_line(unpacked, good[:middle] + bytes(60) + good[middle + 60 :])


def test_an_encrypted_archive_is_reported_in_one_line(unpacked: Unpacked) -> None:
    archive = bytearray(pack_zip({"file.txt": NOISE}))
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        archive[archive.index(header) + flags] |= 1
    with pytest.raises(StageError, match="broken or encrypted"):
        unpacked(bytes(archive), {"file.txt": "file.txt"})


def test_a_web_page_instead_of_an_archive_is_reported_as_such(unpacked: Unpacked) -> None:
    with pytest.raises(StageError, match="neither a zip nor a tar archive"):
        unpacked(b"<html>", {"file.txt": "a/file.txt"})


@pytest.mark.parametrize(
    "member", ["model.pkl", "pytorch_model.bin", "a/inner.zip!weights.PT", "model.pt!data.txt", "modeling.py", "a.npy"]
)
def test_a_file_that_could_run_code_is_refused(unpacked: Unpacked, member: str) -> None:
    with pytest.raises(StageError, match=r"is refused: loading such a file can run code"):
        unpacked(pack_zip({member: b""}), {"file.txt": member})
    with pytest.raises(StageError, match=r"is refused: loading such a file can run code"):
        unpacked(pack_zip({"file.txt": b""}), {member.rpartition("/")[2]: "file.txt"})
