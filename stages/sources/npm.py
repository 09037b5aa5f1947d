"""Finds the tarball of a release in the npm registry that the user's npm is configured for."""

import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

from stages.errors import StageError
from stages.settings.source import NpmSource
from stages.sources.download import cached, download
from stages.sources.pins import Pin
from stages.sources.web import Client, Patience, shown


def fetch_release(source: NpmSource, cache: Path, patience: Patience) -> Path:
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
