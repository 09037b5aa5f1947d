"""params.yaml as it is shipped, and with a few things changed."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stages.errors import StageError
from stages.settings.chain import Tasks
from stages.settings.section import PARAMS, read_yaml

ROOT = Path(__file__).parents[2]
Params = dict[str, Any]
Written = Callable[..., Path]


@pytest.fixture(scope="module")
def shipped() -> Params:
    return read_yaml(ROOT / PARAMS)


@pytest.fixture
def written(tmp_path: Path, shipped: Params) -> Written:
    """Writes params.yaml as it is shipped, but for `changes`: full key → value."""

    def write(changes: Params, removed: tuple[str, ...] = ()) -> Path:
        params = copy.deepcopy(shipped)
        for key, value in changes.items():
            owner, last = _owner(params, key)
            owner[last] = value
        for key in removed:
            owner, last = _owner(params, key)
            del owner[last]
        path = tmp_path / "params.yaml"
        yaml = YAML(typ="safe", pure=True)
        yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the first of the heads decides
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(params, file)
        return path

    return write


def _owner(params: Params, key: str) -> tuple[Params, str]:
    *parents, last = key.split("/")
    for parent in parents:
        params = params[parent]
    return params, last


def complaint(path: Path) -> str:
    """What is said of a file with a mistake: one line that names the file."""
    with pytest.raises(StageError) as caught:
        Tasks.load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message
