"""What the result of a stage depends on in the code: one short text per stage, its fingerprint.

It has a line for each module that running the stage can import, also inside functions, with a hash of its code; for
each other file in the folders of these modules, with a hash of its bytes; and for each distribution that they import,
with the version that `requirements.lock` pins. A computed import is refused unless a comment says what it imports.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Self

from decortique.core.source import FingerprintError, Imported, Source, read_source, short_hash

PACKAGES = ("stages", "decortique")
STAGES = "stages"
FOLDER = Path("data", "code")  # of the fingerprints that the stage `code` writes, `<stage>.txt`
CATALOGUE = Path("catalogue")
PINS = Path("requirements.lock")
STANDARD = sys.stdlib_module_names | {"pip"}  # Python itself puts its own pip into an environment, so no pin has it


class Code:
    """The files of the packages, and the pins of the distributions that they import."""

    def __init__(self, files: Mapping[str, bytes], pins: Mapping[str, str]) -> None:
        """Take files by their POSIX paths from the project's root, and versions by normalised distribution names."""
        self.files = files
        self.pins = pins
        self.modules = {_dotted(path): path for path in files if path.endswith(".py")}
        self._folders = {PurePosixPath(path).parent for path in self.modules.values()}
        self.imports = cache(self._imports)

    @classmethod
    def read(cls, root: Path) -> Self:
        """Read the packages and `requirements.lock` of a project; raise a `FingerprintError` where one is missing."""
        if missing := [name for name in (*PACKAGES, PINS) if not (root / name).exists()]:
            raise FingerprintError(f"{missing[0]} is missing: run the command from the project's root folder")
        files = {
            path.relative_to(root).as_posix(): path.read_bytes()
            for package in PACKAGES
            for path in sorted((root / package).rglob("*"))
            if path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")
        }
        return cls(files, _pins((root / PINS).read_text(encoding="utf-8")))

    def stages(self) -> list[str]:
        """Return the names of the scripts directly in `stages/`: the modules that run when they are the program."""
        names = [name.removeprefix(f"{STAGES}.") for name in self.modules if name.startswith(f"{STAGES}.")]
        return sorted(name for name in names if "." not in name and self._source(f"{STAGES}.{name}").is_script)

    def fingerprint(self, stage: str) -> str:
        """Return the fingerprint of one stage; raise a `FingerprintError` where it cannot be computed."""
        if f"{STAGES}.{stage}" not in self.modules:
            raise FingerprintError(f"{STAGES}/{stage}.py is missing: no stage is called {stage!r}")
        reached = self.reached(stage)
        folders = {PurePosixPath(self.modules[name]).parent for name in reached}
        lines = {f"{self.modules[name]} {digest}" for name in reached if (digest := self._source(name).digest)}
        lines |= {
            f"{path} {short_hash(content)}"
            for path, content in self.files.items()
            if not path.endswith(".py") and self._owner(path) in folders
        }
        lines |= {pin for name in reached for top in self.imports(name)[1] for pin in self._pinned(top, name)}
        return "".join(f"{line}\n" for line in sorted(lines))

    def fingerprints(self) -> dict[str, str]:
        """Return the fingerprint of every stage by its name."""
        return {stage: self.fingerprint(stage) for stage in self.stages()}

    def reached(self, stage: str) -> set[str]:
        """Return the dotted names of the modules of the packages that running a stage can import, its own included."""
        reached: set[str] = set()
        waiting = list(self._with_parents(f"{STAGES}.{stage}"))
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += self.imports(name)[0]
        return reached

    def _imports(self, name: str) -> tuple[set[str], set[str]]:
        """Return what one module imports itself: modules of the packages, and top-level modules of distributions."""
        own, others = set[str](), set[str]()
        path, source = self.modules[name], self._source(name)
        for one in [*source.imported, *self._declared(path, source)]:
            top = one.name.partition(".")[0]
            if top in PACKAGES:
                if not (one.may_be_within or self._exists(one.name)):
                    raise FingerprintError(f"{path}:{one.line}: imports {one.name}, which does not exist")
                own |= set(self._with_parents(one.name))
            elif top not in STANDARD:
                others.add(top)
        # A module may also be named in a text, as in `python -m stages.prepare` or `resources.files("stages.words")`.
        own |= {module for text in source.texts & self.modules.keys() for module in self._with_parents(text)}
        return own - {name}, others

    def _declared(self, path: str, source: Source) -> Iterator[Imported]:
        """Yield what comments say that the computed imports of a file import."""
        for place in source.computed:
            if place.owner is not None and not self._may_be_module(place.owner):
                continue
            if place.declared is None:
                raise FingerprintError(
                    f"{path}:{place.line}: what `{place.what}` imports cannot be read from the code: import it by name,"
                    " or take it from a table of names and functions, or say it in a comment on the statement,"
                    " `# imports: a.b, c` or `# imports: nothing (and why)`"
                )
            yield from (Imported(name, place.line) for name in place.declared)

    def _may_be_module(self, name: str) -> bool:
        top = name.partition(".")[0]
        if top in PACKAGES:
            return self._exists(name)
        # Of a distribution only names are known: classes begin with capitals, functions are not asked for attributes.
        return top not in STANDARD and name.rpartition(".")[2].islower()

    def _exists(self, name: str) -> bool:
        return name in self.modules or PurePosixPath(*name.split(".")) in self._folders

    def _with_parents(self, name: str) -> Iterator[str]:
        """Importing a.b.c also runs a/__init__.py and a/b/__init__.py."""
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            if (module := ".".join(parts[:depth])) in self.modules:
                yield module

    def _source(self, name: str) -> Source:
        path = self.modules[name]
        return read_source(self.files[path], path, _package(path))

    def _owner(self, path: str) -> PurePosixPath | None:
        """Return the nearest folder around a file that has modules."""
        return next((folder for folder in PurePosixPath(path).parents if folder in self._folders), None)

    def _pinned(self, top: str, importer: str) -> set[str]:
        """Return the pins of the distributions that provide a top-level module: several may share a namespace."""
        path = self.modules[importer]
        if not (providers := _providers().get(top)):
            raise FingerprintError(f"{path}: imports {top}, which no installed distribution provides")
        if not (pinned := {f"{one}=={self.pins[one]}" for one in providers if one in self.pins}):
            raise FingerprintError(
                f"{path}: imports {top} of {' or '.join(sorted(providers))}, which {PINS} does not pin: name it in"
                " pyproject.toml and run `make lock`"
            )
        return pinned


def read_fingerprints(root: Path) -> dict[str, str]:
    """Return the fingerprint of every stage of a project by its name, and that of its catalogue."""
    return {**Code.read(root).fingerprints(), CATALOGUE.name: catalogue_fingerprint(root)}


def catalogue_fingerprint(root: Path) -> str:
    """Return a line for each entry of the catalogue, with a hash of its values (of its bytes, if it is not YAML).

    It stands for the parameters of a stage that reads every entry of a run: DVC can name one file of a list, not all.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    lines = []
    for path in sorted((root / CATALOGUE).rglob("*.yaml")):
        try:
            values = json.dumps(YAML(typ="safe", pure=True).load(path), sort_keys=True, default=str).encode()
        except (YAMLError, UnicodeDecodeError):
            values = path.read_bytes()
        lines.append(f"{path.relative_to(root).as_posix()} {short_hash(values)}\n")
    return "".join(lines)


def _package(path: str) -> str:
    return ".".join(PurePosixPath(path).parent.parts)


def _dotted(path: str) -> str:
    return _package(path) if path.endswith("/__init__.py") else ".".join(PurePosixPath(path).with_suffix("").parts)


def _pins(text: str) -> dict[str, str]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    pairs = (line.split("==", 1) for line in lines if "==" in line)
    return {_normalised(name): version.strip() for name, version in pairs}


def _normalised(name: str) -> str:
    """Write the name of a distribution as PEP 503 does."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


@cache
def _providers() -> dict[str, set[str]]:
    """Return the normalised names of the installed distributions that provide each top-level module."""
    return {top: {_normalised(one) for one in names} for top, names in metadata.packages_distributions().items()}
