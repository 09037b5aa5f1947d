"""Where a source lies: a folder, the Hugging Face hub, an npm or a PyPI release."""

import ast
import logging
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
from unearth import Link, PackageFinder

from decortique.core.errors import StageError
from decortique.data.pins import Pin, nearest
from decortique.data.source_settings import FolderSource, HubSource, NpmSource, PypiSource
from decortique.data.web import Client, Patience, cached, download, explain, shown

logger = logging.getLogger(__name__)


def copy_from_folder(source: FolderSource, folder: Path, *, name: str) -> None:
    """Puts copies of the files of `source` in `folder`; warns, with the checksum to paste, of those without a pin."""
    origin = Path(source.path).expanduser()
    if not origin.is_dir():
        raise StageError(f"{origin} is no folder: check path")
    for target, filename in source.files.items():
        file = origin / filename
        if not file.is_file():
            near = nearest(filename, (path.name for path in origin.iterdir()))
            raise StageError(f"{origin} has no file {filename}{near}: check files")
        copy(file, folder / target, source.sha256.get(target))
        if target not in source.sha256:
            found = Pin("sha256", "").of(folder / target).digest
            logger.warning(
                "%s: %s is not pinned: DVC will not see it change; pin it by sha256: {%s: %s}",
                name,
                file,
                target,
                found,
            )


def copy(file: Path, target: Path, sha256: str | None) -> None:
    """Copies the bytes of `file`, and checks those that arrived."""
    shutil.copyfile(file, target)
    if sha256 is not None:
        Pin("sha256", sha256).check(target, str(file))


def copy_from_hub(source: HubSource, folder: Path) -> None:
    """Puts the files of `source` in `folder`.

    `HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and `HF_HUB_OFFLINE` work as they do for the client.
    """
    for name, filename in source.files.items():
        copy(_download(source, filename), folder / name, source.sha256.get(name))


def _download(source: HubSource, filename: str) -> Path:
    # Imported here, as it takes a while and the other kinds of source do without it.
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub import errors as problems

    def problem(text: str) -> StageError:
        return StageError(f"{filename}: {text}")

    try:
        file = hf_hub_download(source.repository, filename, repo_type=source.type, revision=source.revision)
    except problems.GatedRepoError:
        raise problem("the repository is gated: accept its terms on its page, then set HF_TOKEN") from None
    except problems.RepositoryNotFoundError:
        raise problem(
            f"no {source.type} repository of that name, or a private one: check it, or set HF_TOKEN"
        ) from None
    except problems.RevisionNotFoundError:
        raise problem(f"the repository has no commit {source.revision}: copy it from its history") from None
    except problems.RemoteEntryNotFoundError:
        raise problem("the repository has no such file at this commit: check the names in files") from None
    except problems.LocalEntryNotFoundError as error:
        if constants.HF_HUB_OFFLINE:
            raise problem("not in the cache, and HF_HUB_OFFLINE forbids to fetch it: unset it once") from None
        raise problem(
            f"{constants.ENDPOINT} cannot be reached ({error.__cause__ or error}): check the network, run again"
        ) from None
    except problems.HfHubHTTPError as error:
        raise problem(f"{constants.ENDPOINT} answers {error.response.status_code}: run it again later") from None
    except (RuntimeError, ValueError) as error:  # from its transfer library, and on malformed names
        raise problem(f"{error}: check the network and the names, then run it again") from None
    return Path(file)


def fetch_npm_release(source: NpmSource, cache: Path, patience: Patience) -> Path:
    """Gives the cached tarball of `source`, downloaded if need be; no script of it is run."""
    pin = Pin.integrity(source.integrity)
    if file := cached(pin, cache):
        return file
    registry = _registry(source.package)
    with Client(patience, index_urls=[registry]) as client:
        return download(_tarball(source, registry, client), pin, cache, client)


def _registry(package: str) -> str:
    """Gives the registry of the package's scope (`@scope/name`) if npm knows one, else that of all packages."""
    scope, slash, _ = package.partition("/")
    registry = (
        (_configured(f"{scope}:registry") if slash else None)
        or os.environ.get("npm_config_registry")  # noqa: SIM112  (npm spells it so)
        or _configured("registry")
    )
    if not registry:
        raise StageError("no npm registry is known: install npm, or set the variable npm_config_registry to an address")
    return registry


def _configured(key: str) -> str | None:
    npm = shutil.which("npm")
    if not npm:
        return None
    answer = subprocess.run([npm, "config", "get", key], capture_output=True, text=True, check=False)
    value = answer.stdout.strip()
    return value if answer.returncode == 0 and value != "undefined" else None


def _tarball(source: NpmSource, registry: str, client: Client) -> str:
    """Gives the address of the tarball, as the registry's description of the release has it."""
    # The slash of a scoped name is part of the name, not of the path.
    url = f"{registry.rstrip('/')}/{quote(source.package, safe='@')}/{source.version}"
    try:
        return str(client.get(url).json()["dist"]["tarball"])
    except (ValueError, KeyError, TypeError):
        raise StageError(
            f"{shown(url)} does not answer as an npm registry does: check `npm config get registry`"
        ) from None


# From the weakest to the strongest, as in pip: the environment wins over every file.
SECTIONS = ("global", "install", "download", ":env:")


def fetch_pypi_release(source: PypiSource, cache: Path, patience: Patience) -> Path:
    """Gives the cached file of `source`, downloaded if need be; nothing of it is built, installed or run."""
    pin = Pin("sha256", source.sha256)
    if file := cached(pin, cache):
        return file
    options = pip_options()
    if timeout := options.get("timeout") or options.get("default-timeout"):
        patience = replace(patience, connect=float(timeout), silence=float(timeout))
    indexes, folders = _indexes(options), options.get("find-links", "").split()
    with Client(patience, index_urls=indexes, **_client_options(options)) as client:
        # One finder for each place, so that one that is down does not hide the others. A wheel for another machine
        # will do: it is only read.
        finder = partial(PackageFinder, session=client, ignore_compatibility=True)  # type: ignore[arg-type]
        places = [
            *((folder, finder(find_links=[folder])) for folder in folders),
            *((index, finder(index_urls=[index])) for index in indexes),
        ]
        return download(_find(source, places), pin, cache, client)


def pip_options() -> dict[str, str]:
    """Reads pip's configuration, which pip itself merges from its files and its `PIP_…` variables."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    if listing.returncode:
        problem = (listing.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StageError(f"pip cannot tell its configuration ({problem}): try `{' '.join(command)}`")
    settings: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in listing.stdout.splitlines():
        where, equals, value = line.partition("=")
        section, _, key = where.rpartition(".")
        if equals and section in settings:
            settings[section][key] = str(ast.literal_eval(value))
    return {key: value for section in SECTIONS for key, value in settings[section].items()}


def _indexes(options: dict[str, str]) -> list[str]:
    if options.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        return []
    return [options.get("index-url") or _default_index(), *options.get("extra-index-url", "").split()]


def _default_index() -> str:
    # pip knows its own default, so no address of a registry stands in this project. pip is no library: only this
    # one constant is read from it, and only when no index is configured.
    from pip._internal.models.index import PyPI

    return PyPI.simple_url


def _client_options(options: dict[str, str]) -> dict[str, Any]:
    """Translates pip's options for connections to those of the HTTP client."""
    translated: dict[str, Any] = {"trusted_hosts": options.get("trusted-host", "").split()}
    if cert := options.get("cert"):
        try:
            translated["verify"] = ssl.create_default_context(cafile=cert)
        except OSError as error:
            raise StageError(f"pip's `cert` {cert} holds no certificates ({error}): mend `pip config`") from None
    if proxy := options.get("proxy"):
        translated["proxy"] = proxy if "://" in proxy else f"http://{proxy}"  # pip takes a bare host and port
    return translated


def _find(source: PypiSource, places: Iterable[tuple[str, PackageFinder]]) -> str:
    """Gives the address of the pinned file in the first place that has it."""
    looked: list[str] = []
    seen: list[str] = []
    for place, finder in places:
        try:
            # Yanked releases too: the pin asks for these very bytes.
            links = [package.link for package in finder.find_all_packages(source.package, allow_yanked=True)]
        except httpx2.HTTPError as error:
            looked.append(explain(error))
        except (ValueError, OSError, httpx2.InvalidURL) as error:  # a folder that is not there, a page that is no index
            looked.append(f"{shown(place)}: {error}")
        else:
            for link in links:
                if _is_pinned(link, source):
                    return link.url_without_fragment
            seen += (link.filename for link in links)
            looked.append(f"{shown(place)}: none of its {len(links)} files of {source.package}")
    raise StageError(
        f"{source.file} with sha256 {source.sha256} is in no index or folder of `pip config list`"
        f"{nearest(source.file, seen)}: check file and sha256, or add the index that has it to pip's "
        f"`extra-index-url`; looked at: {'; '.join(looked) or 'nothing, as none is set'}"
    )


def _is_pinned(link: Link, source: PypiSource) -> bool:
    """Compares names, and the checksum where the index publishes one: a mirror may hold a fork of the same name."""
    published = (link.hash_option or {}).get("sha256", [source.sha256])
    return link.filename == source.file and source.sha256 in published
