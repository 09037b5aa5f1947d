"""The door of this package: puts the files of a source, of whatever kind, in a folder."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from stages.artifacts.files import new_folder
from stages.errors import StageError
from stages.settings.source import (
    FolderSource,
    HubSource,
    NpmSource,
    OneSource,
    PypiSource,
    SeveralSource,
    Source,
    UrlSource,
)
from stages.sources import folder, hub, npm, pypi
from stages.sources.archives import unpack
from stages.sources.download import CACHE, cached, download
from stages.sources.names import refuse_code
from stages.sources.pins import Pin
from stages.sources.web import PATIENCE, Client, Patience, explain, shown

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
            folder.copy_files(source, destination, name=name)
            return
        case HubSource():
            hub.copy_files(source, destination)
            return
        case PypiSource():
            file, called = pypi.fetch_release(source, cache, patience), source.file
        case NpmSource():
            file, called = npm.fetch_release(source, cache, patience), f"{source.package} {source.version}"
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
