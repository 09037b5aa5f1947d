"""dvc.yaml says what the code does: its dependencies, its parameters, its paths."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stages.settings.section import sections
from tests.pipeline.conftest import ROOT
from tools.code_dependencies import code_dependencies, directly_imported, is_code, module_of

CHAIN: dict[str, Any] = {
    name: stage.get("do", stage) for name, stage in YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"].items()
}
MODULES = {name: module_of(stage["cmd"]) for name, stage in CHAIN.items()}

# The stage reads them, but they have no say in its result: `approaches`, `encoder` and `embed` only when a person asks
# it about texts of their own; `rounds` to see that a student is none of them.
WITHOUT_A_SAY = {
    ("decide", "approaches"),
    ("decide_rounds", "approaches"),
    ("distill", "rounds"),
    ("summarize", "encoder"),
    ("summarize", "embed"),
}
# Read from params.yaml through dvc.yaml's own templating, or through a narrower key.
PART_OF = {
    "task": "task.${item.task}",
    "encoders": "encoders.${encoder}",
    "students": "students.${item.student}",
    "language": "language.${item.language}",
    "collection": "collection.${item.collection}",
}

# Section, its class, and what a stage calls the one of it that it loads.
FIELDS = [
    ("task", "TaskSection", "described"),
    ("language", "LanguageSection", "about"),
    ("collection", "CollectionSection", "collection"),
]


@pytest.mark.parametrize("stage", CHAIN)
def test_every_stage_says_what_it_makes_of_what(stage: str) -> None:
    assert re.fullmatch(r"[A-Z].{20,120}", CHAIN[stage]["desc"])


@pytest.mark.parametrize("stage", CHAIN)
def test_a_changed_module_reruns_every_stage_that_imports_it(stage: str) -> None:
    declared = [dependency for dependency in CHAIN[stage]["deps"] if is_code(dependency)]
    assert declared == code_dependencies(MODULES[stage]), "run `make deps`"


@pytest.mark.parametrize("stage", CHAIN)
def test_a_changed_setting_reruns_every_stage_that_reads_it(stage: str) -> None:
    tracked = CHAIN[stage]["params"]
    for key in sorted(_sections_loaded(ROOT / "stages" / f"{MODULES[stage]}.py")):
        if (stage, key) not in WITHOUT_A_SAY:
            prefix = PART_OF.get(key, key)
            assert any(
                name in {prefix, key} or name.startswith((f"{prefix}.", f"{key}.${{key}}")) for name in tracked
            ), key


@pytest.mark.parametrize("stage", CHAIN)
def test_no_stage_reruns_for_a_setting_that_it_does_not_read(stage: str) -> None:
    loaded = _sections_loaded(ROOT / "stages" / f"{MODULES[stage]}.py")
    assert {name.split(".")[0] for name in CHAIN[stage]["params"]} <= loaded


@pytest.mark.parametrize(("section", "catalogue", "variable"), FIELDS)
@pytest.mark.parametrize("stage", CHAIN)
def test_each_field_of_a_task_or_language_that_a_stage_reads_is_tracked(
    stage: str, section: str, catalogue: str, variable: str
) -> None:
    prefix = f"{section}.${{item.{section}}}."
    tracked = {name.removeprefix(prefix) for name in CHAIN[stage]["params"] if name.startswith(prefix)}
    nodes = ast.walk(ast.parse((ROOT / "stages" / f"{MODULES[stage]}.py").read_text()))
    reads = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute)
        and (ast.unparse(node.value) == variable or ast.unparse(node.value).startswith(f"{catalogue}.named("))
    }
    # The whole is tracked where a field may be left out: DVC knows no parameter that may be missing.
    assert reads <= tracked or prefix.removesuffix(".") in CHAIN[stage]["params"]


def test_settings_are_loaded_by_stages_only_so_that_what_they_read_can_be_seen() -> None:
    for path in (ROOT / "stages").glob("*/*.py"):
        if path.parent.name != "settings":
            assert _sections_loaded(path) == set(), path


def test_nouns_never_import_verbs() -> None:
    verbs = {f"stages.{path.stem}" for path in (ROOT / "stages").glob("*.py")} - {"stages.errors", "stages.progress"}
    for path in (ROOT / "stages").glob("*/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert node.module not in verbs, path


def test_no_module_imports_itself_around_a_corner() -> None:
    modules = sorted((ROOT / "stages").rglob("*.py"))
    imports = {path: set(directly_imported(path)) - {path} for path in modules if path.name != "__init__.py"}
    order = TopologicalSorter({path: found & imports.keys() for path, found in imports.items()})
    order.prepare()  # raises CycleError, naming the circle


def _sections_loaded(path: Path) -> set[str]:
    """Keys of the sections on which a module calls `load` or `named`."""
    keys = {kind.__name__: key for key, kind in sections().items()}
    calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return {
        keys[call.value.id]
        for call in calls
        if isinstance(call, ast.Attribute)
        and call.attr in ("load", "named")
        and isinstance(call.value, ast.Name)
        and call.value.id in keys
    }
