"""A copy of the project in which the chain runs with other choices, and leaves the project's own results alone."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent


def clone_into(folder: Path) -> None:
    """Clones the last commit; downloads and the cache of results are shared with the project.

    A run that was made before, here or there, is taken from the cache.
    """
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    (ROOT / ".cache" / "downloads").mkdir(parents=True, exist_ok=True)
    (folder / ".cache").mkdir()
    (folder / ".cache" / "downloads").symlink_to(ROOT / ".cache" / "downloads")
    dvc(folder, "cache", "dir", "--local", "--quiet", str(ROOT / ".dvc" / "cache"))


def dvc(folder: Path, *arguments: str) -> None:
    """Runs one dvc command with this environment's own Python; ends the program if it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["dvc", *arguments], cwd=folder, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        sys.exit(f"`dvc {' '.join(arguments)}` failed: its last lines say why")


def choose(folder: Path, choices: Mapping[str, Any]) -> None:
    """Changes dotted keys of the clone's params.yaml, from what the project's own says."""
    shutil.copyfile(ROOT / "params.yaml", folder / "params.yaml")
    set_params(folder / "params.yaml", choices)


def set_params(path: Path, choices: Mapping[str, Any]) -> None:
    """Changes dotted keys of a YAML file, and leaves its comments."""
    yaml = YAML()
    params = yaml.load(path)
    for name, value in choices.items():
        *sections, key = name.split(".")
        target = params
        for section in sections:
            target = target[section]
        target[key] = value
    yaml.dump(params, path)
