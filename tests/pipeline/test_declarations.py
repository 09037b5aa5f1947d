"""dvc.yaml says what the code does: its dependencies, its parameters, its paths."""

import ast
import re
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from decortique.core.fingerprints import FOLDER, Code
from decortique.core.settings import catalogues, sections
from tests.pipeline.conftest import ROOT, module_of

CHAIN: dict[str, Any] = {
    name: stage.get("do", stage) for name, stage in YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"].items()
}
MODULES = {name: module_of(stage["cmd"]) for name, stage in CHAIN.items()}

# Read without effect on the stage's result: `embed`, `encoder` and `tokenize` for a person's own texts only; `rounds`
# to see that a student is none of them.
WITHOUT_A_SAY = {
    ("distill", "rounds"),
    *(("summarize", name) for name in ("embed", "encoder", "tokenize")),
    # Each fetches the sources of all others of the run beside its own, which decides on nothing but when they come.
    *(
        (f"download{of}", name)
        for of in ("", "_collection", "_encoder", "_language")
        for name in ("collections", "encoder", "languages", "tasks")
    ),
}
# What a stage calls the entry of a folder of the catalogue, and the class that it loads it with.
FIELDS = [
    ("tasks", "TaskSection", "described"),
    ("languages", "LanguageSection", "language"),
    ("collections", "CollectionSection", "collection"),
]
ALL_ENTRIES = f"{FOLDER.as_posix()}/catalogue.txt"  # depends on every entry of the catalogue


def keys_of(stage: str) -> set[str]:
    """Name the keys of params.yaml that a stage tracks."""
    return {name for name in CHAIN[stage].get("params", []) if isinstance(name, str)}


def fields_of(stage: str) -> dict[str, list[str] | None]:
    """Return the fields that a stage tracks of an entry, by folder of the catalogue; None stands for all of them."""
    files = [one for one in CHAIN[stage].get("params", []) if isinstance(one, dict)]
    return {Path(file).parts[1]: fields for one in files for file, fields in one.items()}


@pytest.mark.parametrize("stage", CHAIN)
def test_every_stage_says_what_it_makes_of_what(stage: str) -> None:
    assert re.fullmatch(r"[A-Z].{20,120}", CHAIN[stage]["desc"])


@pytest.mark.parametrize("stage", CHAIN)
def test_a_stage_reruns_when_its_own_code_changed_and_for_no_other_file_of_code(stage: str) -> None:
    inside = tuple(f"{folder}/" for folder in ("decortique", "stages", FOLDER.as_posix()))
    others = {f"{FOLDER.as_posix()}/catalogue.txt"}  # no code
    declared = [name for name in CHAIN[stage]["deps"] if f"{name}/".startswith(inside) and name not in others]
    if stage == "code":
        assert {"decortique", "stages", "requirements.lock"} <= set(CHAIN[stage]["deps"])
        assert CHAIN[stage]["outs"] == [FOLDER.as_posix()]
    else:
        assert declared == [f"{FOLDER.as_posix()}/{MODULES[stage]}.txt"]


def test_every_script_has_a_stage_and_every_stage_a_script() -> None:
    assert sorted(set(MODULES.values())) == Code.read(ROOT).stages()


@pytest.mark.parametrize("stage", CHAIN)
def test_a_changed_setting_reruns_every_stage_that_reads_it(stage: str) -> None:
    tracked = keys_of(stage)
    for key in sorted(_loaded(ROOT / "stages" / f"{MODULES[stage]}.py", sections())):
        if (stage, key) not in WITHOUT_A_SAY:
            assert any(name == key or name.startswith(f"{key}.") for name in tracked), key


@pytest.mark.parametrize("stage", CHAIN)
def test_a_changed_entry_of_the_catalogue_reruns_every_stage_that_reads_it(stage: str) -> None:
    if ALL_ENTRIES not in CHAIN[stage].get("deps", []):
        assert _loaded(ROOT / "stages" / f"{MODULES[stage]}.py", catalogues()) <= fields_of(stage).keys() | _of_others(
            stage
        )


@pytest.mark.parametrize("stage", CHAIN)
def test_no_stage_reruns_for_a_setting_that_it_does_not_read(stage: str) -> None:
    assert {name.split(".")[0] for name in keys_of(stage)} <= _loaded(
        ROOT / "stages" / f"{MODULES[stage]}.py", sections()
    )
    assert fields_of(stage).keys() <= _loaded(ROOT / "stages" / f"{MODULES[stage]}.py", catalogues())


@pytest.mark.parametrize(("folder", "catalogue", "variable"), FIELDS)
@pytest.mark.parametrize("stage", CHAIN)
def test_each_field_of_an_entry_that_a_stage_reads_is_tracked(
    stage: str, folder: str, catalogue: str, variable: str
) -> None:
    tracked = fields_of(stage).get(folder, [])
    nodes = ast.walk(ast.parse((ROOT / "stages" / f"{MODULES[stage]}.py").read_text()))
    reads = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute)
        and (ast.unparse(node.value) == variable or ast.unparse(node.value).startswith(f"{catalogue}.named("))
    }
    # The whole is tracked where a field may be left out: DVC knows no parameter that may be missing.
    assert folder in _of_others(stage) or tracked is None or reads <= set(tracked)


def _of_others(stage: str) -> set[str]:
    """Name the folders of the catalogue that the script reads for other variants of the stage: `download` has four."""
    kinds = {"task": "tasks", "collection": "collections", "encoder": "encoders", "language": "languages"}
    words = CHAIN[stage]["cmd"].split()
    return set(kinds.values()) - {kinds[words[3]]} if MODULES[stage] == "download" else set()


def test_settings_are_loaded_by_stages_only_so_that_what_they_read_can_be_seen() -> None:
    code = Code.read(ROOT)
    rooms = {name for stage in code.stages() for name in code.reached(stage) if name.startswith("decortique.")}
    assert len(rooms) > 80
    for path in (ROOT / code.modules[name] for name in rooms):
        if not path.stem.endswith("settings"):
            assert _loaded(path, {**sections(), **catalogues()}) == set(), path


def test_no_module_imports_itself_around_a_corner() -> None:
    code = Code.read(ROOT)
    modules = {name for name, path in code.modules.items() if not path.endswith("/__init__.py")}
    order = TopologicalSorter({name: code.imports(name)[0] & modules for name in modules})
    order.prepare()  # raises CycleError, naming the circle


def _loaded(path: Path, kinds: Mapping[str, type]) -> set[str]:
    """Name the kinds of settings that a module loads, by `load` or `named`."""
    names = {kind.__name__: name for name, kind in kinds.items()}
    return {
        names[node.value.id]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("load", "named")
        and isinstance(node.value, ast.Name)
        and node.value.id in names
    }
