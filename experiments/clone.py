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
    """Run one dvc command with this environment's own Python; ends the program if it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["dvc", *arguments], cwd=folder, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        sys.exit(f"`dvc {' '.join(arguments)}` failed: its last lines say why")


def choose(folder: Path, choices: Mapping[str, Any]) -> None:
    """Change choices of the clone, from what the project's own params.yaml and catalogue say."""
    shutil.copyfile(ROOT / "params.yaml", folder / "params.yaml")
    shutil.rmtree(folder / "catalogue", ignore_errors=True)
    shutil.copytree(ROOT / "catalogue", folder / "catalogue")
    set_params(folder, choices)


def set_params(folder: Path, choices: Mapping[str, Any]) -> None:
    """Change keys of params.yaml and of the catalogue beside it, and leaves their comments.

    Args:
        folder: where they stand.
        choices: by key, as DVC has it: `finetune.seed`, `catalogue/tasks/opinion.yaml:split.seed`; without a key
            behind its colon, `catalogue/students/mine.yaml:` is the whole file, which may be new.
    """
    yaml, changed = YAML(), dict[Path, Any]()
    yaml.width = 1000  # lines stay as they are
    for name, value in choices.items():
        file, _, key = name.rpartition(":")
        path = folder / (file or "params.yaml")
        if not key:
            changed[path] = value
            continue
        *owners, last = key.split(".")
        target = changed[path] if path in changed else changed.setdefault(path, yaml.load(path))
        for owner in owners:
            target = target[owner]
        target[last] = value
    for path, content in changed.items():
        yaml.dump(content, path)
