"""Files of npm and PyPI releases, found through the configuration of npm and pip."""

import ast
import difflib
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import httpx2
from unearth import PackageFinder

from decortique.core.files import StageError
from decortique.data.source_settings import NpmSource, PypiSource
from decortique.data.web import Client, Patience, Pin, download, explain, public


def nearest(name: str, names: Iterable[str]) -> str:
    """Return, for an error message, the names that `name` was perhaps meant to be, if there are any."""
    # A wrong folder must not hide the right file: the last part of a path is compared too.
    last = PurePosixPath(name).name
    names = list(names)
    same = [other for other in names if PurePosixPath(other).name == last]
    close = list(dict.fromkeys([*same, *difflib.get_close_matches(name, names)]))[:3]
    return f" (nearest: {', '.join(close)})" if close else ""


def download_npm_release(source: NpmSource, pin: Pin, cache: Path, patience: Patience) -> Path:
    """Return the file of `cache` with the tarball of `source`; no script of it is run."""
    registry = _registry(source.package)
    # The slash of a scoped name is part of the name, not of the path.
    url = f"{registry.rstrip('/')}/{quote(source.package, safe='@')}/{source.version}"
    with Client(patience, index_urls=[registry]) as client:
        try:
            tarball = str(client.get(url).json()["dist"]["tarball"])
        except (ValueError, KeyError, TypeError):
            problem = "does not answer as an npm registry does: check `npm config get registry`"
            raise StageError(f"{public(url)} {problem}") from None
        return download(tarball, pin, cache, client)


def _registry(package: str) -> str:
    """Return the registry of the package's scope (`@scope/name`) if npm knows one, else that of all packages."""
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
    if not (npm := shutil.which("npm")):
        return None
    answer = subprocess.run([npm, "config", "get", key], capture_output=True, text=True, check=False)
    value = answer.stdout.strip()
    return value if answer.returncode == 0 and value != "undefined" else None


# From the weakest to the strongest, as in pip: the environment wins over every file.
SECTIONS = ("global", "install", "download", ":env:")


def download_pypi_release(source: PypiSource, pin: Pin, cache: Path, patience: Patience) -> Path:
    """Return the file of `cache` with that of `source`; nothing of it is built, installed or run."""
    options = pip_options()
    if timeout := options.get("timeout") or options.get("default-timeout"):
        patience = replace(patience, connect=float(timeout), silence=float(timeout))
    indexes, folders = _indexes(options), options.get("find-links", "").split()
    with Client(patience, index_urls=indexes, **_client_options(options)) as client:
        # One finder for each index, so that one that is down does not hide the others. A wheel for another machine
        # will do: it is only read.
        finder = partial(PackageFinder, session=client, ignore_compatibility=True)  # type: ignore[arg-type]
        finders = {folder: finder(find_links=[folder]) for folder in folders}
        finders |= {index: finder(index_urls=[index]) for index in indexes}
        return download(_find(source, finders), pin, cache, client)


def pip_options() -> dict[str, str]:
    """Return pip's configuration, which pip itself merges from its files and its `PIP_…` variables."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    if listing.returncode:
        problem = (listing.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StageError(f"pip cannot read its configuration ({problem}): try `{' '.join(command)}`")
    settings = [line.partition("=") for line in listing.stdout.splitlines()]
    named = [(*where.rpartition(".")[::2], value) for where, _, value in settings if value]
    ordered = sorted((one for one in named if one[0] in SECTIONS), key=lambda one: SECTIONS.index(one[0]))
    return {key: str(ast.literal_eval(value)) for _, key, value in ordered}


def _indexes(options: dict[str, str]) -> list[str]:
    if options.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        return []
    if not (index := options.get("index-url")):
        # pip knows its own default, so no address of a registry stands in this project. pip is no library: only this
        # one constant is read from it, and only when no index is configured.
        from pip._internal.models.index import PyPI

        index = PyPI.simple_url
    return [index, *options.get("extra-index-url", "").split()]


def _client_options(options: dict[str, str]) -> dict[str, Any]:
    """Translate pip's options for connections to those of the HTTP client."""
    translated: dict[str, Any] = {"trusted_hosts": options.get("trusted-host", "").split()}
    if cert := options.get("cert"):
        try:
            translated["verify"] = ssl.create_default_context(cafile=cert)
        except OSError as error:
            raise StageError(f"pip's `cert` {cert} holds no certificates ({error}): mend `pip config`") from None
    if proxy := options.get("proxy"):
        translated["proxy"] = proxy if "://" in proxy else f"http://{proxy}"  # pip takes a bare host and port
    return translated


def _find(source: PypiSource, finders: Mapping[str, PackageFinder]) -> str:
    """Return the address of the pinned file in the first index or folder that has it."""
    looked: list[str] = []
    seen: list[str] = []
    for index, finder in finders.items():
        try:
            # Yanked releases too: the pin asks for these very bytes.
            links = [package.link for package in finder.find_all_packages(source.package, allow_yanked=True)]
        except httpx2.HTTPError as error:
            looked.append(explain(error))
        except (ValueError, OSError, httpx2.InvalidURL) as error:  # a folder that is not there, a page that is no index
            looked.append(f"{public(index)}: {error}")
        else:
            for link in links:
                # A mirror may hold a fork of the same name: the checksum counts too, where the index publishes one.
                published = (link.hash_option or {}).get("sha256", [source.sha256])
                if link.filename == source.file and source.sha256 in published:
                    return link.url_without_fragment
            seen += (link.filename for link in links)
            looked.append(f"{public(index)}: none of its {len(links)} files of {source.package}")
    raise StageError(
        f"{source.file} with sha256 {source.sha256} is in no index or folder of `pip config list`"
        f"{nearest(source.file, seen)}: check file and sha256, or add the index that has it to pip's "
        f"`extra-index-url`; looked at: {'; '.join(looked) or 'nothing, as none is set'}"
    )
