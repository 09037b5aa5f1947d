"""Computes which code each stage depends on, from its imports, and writes it into dvc.yaml.

`make deps` runs it after imports have changed; a test fails if it was forgotten.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
CODE = "stages"


def imported(path: Path, root: Path = ROOT) -> set[Path]:
    """Gives every file of `stages/` that running `path` can import, also inside functions, and `path` itself.

    A package's `__init__.py` counts where it holds more than a docstring.
    """
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        waiting += directly_imported(current, root)
    return {file for file in found if not _is_docstring_only(file)}


def directly_imported(path: Path, root: Path = ROOT) -> Iterator[Path]:
    """Yields the files of `stages/` that one file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] == CODE:
                yield from _files_of(name, root)


def _files_of(module: str, root: Path) -> Iterator[Path]:
    """Importing a.b.c runs a/__init__.py, a/b/__init__.py and a/b/c.py."""
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        package = root.joinpath(*parts[:depth])
        for file in (package / "__init__.py", package.with_suffix(".py")):
            if file.exists():
                yield file


def _is_docstring_only(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return path.name == "__init__.py" and len(body) <= 1


def code_dependencies(stage: str, root: Path = ROOT) -> list[str]:
    """Gives the code of one stage as DVC paths; a package of which every module is imported is one path."""
    files = imported(root / CODE / f"{stage}.py", root)
    whole = {
        package
        for package in {file.parent for file in files if file.parent != root / CODE}
        if {file for file in package.glob("*.py") if not _is_docstring_only(file)} <= files
    }
    shown = whole | {file for file in files if file.parent not in whole}
    return sorted(path.relative_to(root).as_posix() for path in shown)


def module_of(command: str) -> str:
    """Gives the stage that a command runs: `python -m stages.decide …` runs `decide`."""
    words = command.split()
    return words[words.index("-m") + 1].removeprefix(f"{CODE}.")


def is_code(dependency: str) -> bool:
    """Tells code dependencies from data dependencies."""
    return dependency.startswith(f"{CODE}/")


def updated(chain: Any, root: Path = ROOT) -> bool:
    """Replaces the code dependencies in a loaded dvc.yaml, and tells whether that changed anything."""
    changed = False
    for definition in chain["stages"].values():
        stage = definition.get("do", definition)
        code = code_dependencies(module_of(stage["cmd"]), root)
        wanted = [dependency for dependency in stage["deps"] if not is_code(dependency)] + code
        if list(stage["deps"]) != wanted:
            stage["deps"][:] = wanted
            changed = True
    return changed


def main() -> None:
    """Rewrites dvc.yaml where code dependencies have changed."""
    yaml = YAML()
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    path = ROOT / "dvc.yaml"
    chain = yaml.load(path)
    if updated(chain):
        yaml.dump(chain, path)
        sys.stderr.write("dvc.yaml: code dependencies written\n")


if __name__ == "__main__":
    main()
