import random
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from decortique.core.files import StageError
from decortique.data import collections as module
from decortique.data.collections import read_archive
from decortique.data.corpus import Row
from decortique.data.source_settings import ArchiveReader

Members = Iterable[tuple[str, str | bytes]]


def reader(**changes: Any) -> ArchiveReader:
    described = {"format": "archive", "file": "a.zip", "texts": "topics/{group}.txt"}
    return ArchiveReader.model_validate({**described, "references": "gold/{group}/*.gold", **changes})


def pack(path: Path, members: Members, packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def read(folder: Path, members: Members, **changes: Any) -> tuple[list[Row], dict[str, list[str]]]:
    return read_archive(pack(folder / "a.zip", members), reader(**changes))


def refusal(path: Path, **changes: Any) -> str:
    """Return the error of an archive that cannot be read: one line that names it."""
    with pytest.raises(StageError) as caught:
        read_archive(path, reader(**changes))
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def texts_of(result: tuple[list[Row], dict[str, list[str]]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for row in result[0]:
        groups.setdefault(row.group, []).append(row.text)
    return groups


def test_each_file_is_a_group_and_each_line_a_text(tmp_path: Path) -> None:
    result = read(tmp_path, [("data/topics/b.txt", "Third.\n"), ("data/topics/a.txt", " First. \r\n\r\n\tSecond.")])
    assert result[0] == [
        Row("a-0", "First.", None, None, "a", 0),
        Row("a-1", "Second.", None, None, "a", 1),
        Row("b-0", "Third.", None, None, "b", 0),
    ]
    assert result[1] == {}


def test_human_summaries_are_read_by_group_one_per_file(tmp_path: Path) -> None:
    members = [
        ("topics/a.txt", "text"),
        ("topics/b.txt", "text"),
        ("gold/a/a.2.gold", "Two. \n\n Lines.\n"),
        ("gold/a/a.1.gold", "One."),
        ("gold/b/x.gold", "Other."),
        ("gold/stray.gold", "of no group"),
        ("gold/a/deeper/a.3.gold", "of no group"),
    ]
    assert read(tmp_path, members)[1] == {"a": ["One.", "Two.\nLines."], "b": ["Other."]}
    assert read(tmp_path, members, references=None)[1] == {}


@pytest.mark.parametrize("folder", ["", "OpinosisDataset1.0/", "a/b/c/"])
def test_the_folder_in_which_an_archive_was_packed_does_not_matter(tmp_path: Path, folder: str) -> None:
    result = read(tmp_path, [(f"{folder}topics/a.txt", "text"), (f"{folder}gold/a/1.gold", "short")])
    assert (texts_of(result), result[1]) == ({"a": ["text"]}, {"a": ["short"]})


def test_file_system_metadata_is_not_read_as_texts(tmp_path: Path) -> None:
    junk = [
        ("__MACOSX/data/topics/._a.txt", b"\x00\x05\x16\x07\x00\x02Mac OS X"),
        ("__MACOSX/data/gold/a/._1.gold", b"\x00\x05\x16\x07"),
        ("data/topics/.DS_Store", b"\x00\x00\x00\x01Bud1"),
        ("data/topics/._a.txt", b"\x00\x05\x16\x07"),
        ("data/topics/", b""),
        ("data/topics/a.txt~", b"older"),
        ("data/other-topics/b.txt", b"of another folder"),
    ]
    result = read(tmp_path, [("data/topics/a.txt", "text"), ("data/gold/a/1.gold", "short"), *junk])
    assert (texts_of(result), result[1]) == ({"a": ["text"]}, {"a": ["short"]})


def test_no_member_path_leads_out_of_the_archive(tmp_path: Path) -> None:
    members = [
        ("topics/a.txt", "text"),
        ("topics/../secret.txt", "up"),
        ("topics/...txt", "up"),
        ("topics/..", "up"),
        ("gold/../1.gold", "up"),
        ("gold/a/../2.gold", "up"),
        ("../../outside/topics/b.txt", "from elsewhere"),
        ("/etc/topics/c.txt", "from the root"),
    ]
    inner = tmp_path / "x" / "y"
    inner.mkdir(parents=True)
    result = read(inner, members)
    assert texts_of(result)["a"] == ["text"]
    assert set(texts_of(result)) <= {"a", "b", "c"}  # a name, never a path
    assert not set(result[1]) & {"..", "."}
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.zip", "x", "y"]  # nothing was unpacked


def test_ids_are_unique_when_two_folders_hold_a_file_of_the_same_name(tmp_path: Path) -> None:
    members = [("v1/topics/a.txt", "one\ntwo"), ("v2/topics/a.txt", "three"), ("topics/b.txt", "four")]
    with pytest.raises(StageError, match="two files of the group 'a'"):
        read(tmp_path, members)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-16"])
def test_another_encoding_is_read_as_configured(tmp_path: Path, encoding: str) -> None:
    members = [("topics/été.txt", "déjà\nvu".encode(encoding)), ("gold/été/1.gold", "à".encode(encoding))]
    result = read(tmp_path, members, encoding=encoding)
    assert (texts_of(result), result[1]) == ({"été": ["déjà", "vu"]}, {"été": ["à"]})


@pytest.mark.parametrize(
    ("encoding", "member"), [("utf-8", "topics/a.txt"), ("utf-8", "gold/a/1.gold"), ("latin-9000", "topics/a.txt")]
)
def test_a_wrong_encoding_is_reported_with_the_file_and_the_setting(tmp_path: Path, encoding: str, member: str) -> None:
    contents = {"topics/a.txt": b"text", "gold/a/1.gold": b"short", member: "déjà".encode("latin-1")}
    message = refusal(pack(tmp_path / "a.zip", contents.items()), encoding=encoding)
    assert f"{member} is not {encoding} text" in message
    assert "set reader.encoding" in message


def noise(letters: int) -> str:
    choose = random.Random(0)
    return "".join(choose.choice("abcdefgh \n") for _ in range(letters))


def broken(path: Path, damage: str) -> Path:
    """Return an archive that was cut, emptied, overwritten, or never was one."""
    content = pack(path, [("topics/a.txt", noise(4000))]).read_bytes()
    begins = content.index(b"a.txt") + len("a.txt")
    damaged = {
        "cut": content[:-40],
        "empty": b"",
        "a page of the web": b"<!DOCTYPE html><title>404</title>",
        "overwritten at its start": content[:begins] + b"\xff" * 20 + content[begins + 20 :],
        "overwritten inside": content[:900] + b"\xff" * 20 + content[920:],
    }
    path.write_bytes(damaged[damage])
    return path


@pytest.mark.parametrize(
    "damage", ["cut", "empty", "a page of the web", "overwritten at its start", "overwritten inside"]
)
def test_a_broken_archive_is_reported_in_one_line(tmp_path: Path, damage: str) -> None:
    assert "is no sound zip archive" in refusal(broken(tmp_path / "a.zip", damage))


def test_an_encrypted_archive_is_reported_in_one_line(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", [("topics/a.txt", "text")], zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1  # as a tool that encrypts marks a member
    path.write_bytes(content)
    message = refusal(path)
    assert "is no sound zip archive" in message
    assert "encrypted" in message


def test_an_unknown_compression_is_reported_in_one_line(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", [("topics/a.txt", "text")], zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for signature, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(signature) + method] = 98  # PPMd
    path.write_bytes(content)
    assert "is no sound zip archive" in refusal(path)


def test_an_archive_of_other_files_is_reported_with_what_was_expected(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", [("subjects/a.txt", "text"), ("topics/b.txt", " \n\n")])
    assert "holds no texts under 'topics/{group}.txt': check reader.texts" in refusal(path)


def test_a_file_too_large_for_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 1000)
    path = pack(tmp_path / "a.zip", [("topics/a.txt", "b" * 1001)])
    assert "up to topics/a.txt, files unpack to more than 1,000 bytes" in refusal(path)
    assert len(read(tmp_path, [("topics/a.txt", "b" * 1000), ("unread", "b" * 9999)])[0]) == 1
