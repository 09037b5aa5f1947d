"""Reads single files out of zip and tar archives, also nested ones, without trusting what the archive says.

Members are streamed to names of our own choice, so that no member's path leads anywhere; only regular files are read,
no links or devices; and their size is limited.
"""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from stages.errors import StageError
from stages.sources.names import nearest

# A few kilobytes of archive can unpack to petabytes. No corpus or encoder that this project is made for has a file of
# this size; a member that is larger is there to fill the disk.
LARGEST_MEMBER = 32 * 2**30

STEP = "!"  # steps into an archive that an archive holds: "outer.zip!inner.tar.gz!file.txt"
CHUNK = 2**20

# What the readers of the standard library raise on bytes that are no archive, or on an encrypted one.
BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError)


class Zip(zipfile.ZipFile):
    """A zip archive, such as a wheel."""

    names = zipfile.ZipFile.namelist

    def open_file(self, name: str) -> IO[bytes] | None:
        """Opens a member, unless its mode bits, which Unix tools store, say that it is not a regular file."""
        info = self.getinfo(name)
        kind = stat.S_IFMT(info.external_attr >> 16)
        return None if info.is_dir() or kind not in {0, stat.S_IFREG} else self.open(info)


class Tar(tarfile.TarFile):
    """A tar archive, compressed or not."""

    names = tarfile.TarFile.getnames

    def open_file(self, name: str) -> IO[bytes] | None:
        """Opens a member, unless it is not a regular file: `extractfile` alone would follow links."""
        info = self.getmember(name)
        return self.extractfile(info) if info.isreg() else None


def unpack(file: Path, members: Mapping[Path, str], shown: str) -> None:
    """Copies members of the archive `file`, called `shown` in messages, to other files.

    Args:
        file: a zip or tar archive, whatever its name.
        members: by the file to write, the member to read.
        shown: what the user calls the archive.

    Raises:
        StageError: `file` is no archive or is broken, or a member is missing, no regular file, or too large.
    """
    try:
        with _opened(file, shown) as archive:
            _unpack(archive, members, shown)
    except BROKEN as error:
        raise StageError(
            f"{shown} is broken or encrypted ({error}): check that the pin is that of a good file"
        ) from None
    except OSError as error:
        if error.errno is not None:
            raise  # the disk's fault; gzip and bz2 raise OSError without a number on broken bytes
        raise StageError(f"{shown} is broken ({error}): check that the pin is that of a good file") from None


def _opened(file: Path, shown: str) -> Zip | Tar:
    if tarfile.is_tarfile(file):
        return Tar.open(file)
    if zipfile.is_zipfile(file):
        return Zip(file)
    raise StageError(f"{shown} is neither a zip nor a tar archive: check the names in files")


def _unpack(archive: Zip | Tar, members: Mapping[Path, str], shown: str) -> None:
    nested: dict[str, dict[Path, str]] = {}
    for target, path in members.items():
        member, step, inner = path.partition(STEP)
        if step:
            nested.setdefault(member, {})[target] = inner
        else:
            _copy(archive, member, target, shown)
    for member, inners in nested.items():
        with TemporaryDirectory(dir=next(iter(inners)).parent) as folder:
            inner_file = Path(folder, "archive")
            _copy(archive, member, inner_file, shown)
            unpack(inner_file, inners, f"{shown}{STEP}{member}")


def _copy(archive: Zip | Tar, member: str, target: Path, shown: str) -> None:
    try:
        content = archive.open_file(member)
    except KeyError:
        raise StageError(f"{shown} has no member {member}{nearest(member, archive.names())}: check files") from None
    if content is None:
        raise StageError(f"{shown}: {member} is no regular file but a folder, a link or a device: name a file in files")
    left = LARGEST_MEMBER
    with content, target.open("wb") as file:
        # Counted while it is read, as the size that the archive states may be a lie.
        while chunk := content.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                raise StageError(f"{shown}: {member} unpacks to more than {LARGEST_MEMBER:,} bytes: it may be a bomb")
            file.write(chunk)
