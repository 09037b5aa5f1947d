"""params.yaml and the catalogue as they are shipped, and with a few changes."""

import copy
import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from decortique.core.files import StageError
from decortique.core.settings import PARAMS, Tasks, read_yaml

ROOT = Path(__file__).parents[2]
Params = dict[str, Any]
Written = Callable[..., Path]


@pytest.fixture(scope="session")
def files() -> dict[str, Params]:
    """Return the shipped settings, by file."""
    entries = sorted((ROOT / "catalogue").rglob("*.yaml"))
    return {str(path.relative_to(ROOT)): read_yaml(path) for path in [ROOT / PARAMS, *entries]}


@pytest.fixture
def shipped(files: dict[str, Params]) -> Params:
    """Return the shipped params.yaml."""
    return files[str(PARAMS)]


@pytest.fixture
def written(tmp_path: Path, files: dict[str, Params]) -> Written:
    """Write the shipped settings with `changes` into a folder, and return the path of its params.yaml.

    A change is a key → its value: `finetune/seed`, `catalogue/tasks/opinion.yaml:split/seed`; without a key behind
    its colon, `catalogue/tasks/mine.yaml:` is the whole file.
    """
    count = itertools.count()

    def write(changes: Params, removed: tuple[str, ...] = ()) -> Path:
        contents: dict[str, Params] = {}
        for name in [*changes, *removed]:
            file, _, key = name.rpartition(":")
            file = file or str(PARAMS)
            if not key:
                contents[file] = changes[name]
                continue
            owner, last = _owner(contents.setdefault(file, copy.deepcopy(files[file])), key)
            if name in removed:
                del owner[last]
            else:
                owner[last] = changes[name]
        folder = tmp_path / f"project-{next(count)}"  # settings are cached by path
        shutil.copytree(ROOT / "catalogue", folder / "catalogue")
        shutil.copy(ROOT / PARAMS, folder)
        yaml = YAML(typ="safe", pure=True)
        yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the first of the heads predicts
        for file, content in contents.items():
            with (folder / file).open("w", encoding="utf-8") as opened:
                yaml.dump(content, opened)
        return folder / PARAMS

    return write


def _owner(params: Params, key: str) -> tuple[Params, str]:
    *parents, last = key.split("/")
    for parent in parents:
        params = params.setdefault(parent, {})
    return params, last


def complaint(path: Path) -> str:
    """Return the one-line error about a project with a mistake, with paths relative to the folder of `path`."""
    with pytest.raises(StageError) as caught:
        Tasks.load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path.parent))
    return message.replace(f"{path.parent}/", "")
