"""Reads `params.yaml` and `catalogue/` as YAML 1.2, and refuses what no stage would understand.

A key of `params.yaml` is a `Section` subclass, a folder of the catalogue a `Catalogue` subclass, in a module of a room
whose name ends with `settings`. `Section.load` and `Catalogue.named` validate the *whole* of `params.yaml` and the
entries that it names, so that a typing error anywhere stops the first stage, not the ninth; but a stage imports only
the sections it uses, so that a new section elsewhere does not make DVC run it again.
"""

import difflib
import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

import decortique
from decortique.core.errors import StageError

PARAMS = Path("params.yaml")
CATALOGUE = "catalogue"  # the folder beside it

NAME = r"^[a-z0-9][a-z0-9-]*$"
Name = Annotated[str, Field(pattern=NAME, description="lower-case letters, digits and hyphens")]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Value = TypeVar("Value")
Kind = TypeVar("Kind")
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Strict(BaseModel):
    """A group of settings: immutable, without unknown keys, without silent conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Section:
    """Mixin of a top-level key of `params.yaml`; a subclass is also a `Strict` or a `RootModel`."""

    key: ClassVar[str]

    @classmethod
    def load(cls, path: Path = PARAMS) -> Self:
        """Gives this section of `path`, after all sections and the entries that they name were found valid.

        Raises:
            StageError: a file is missing or not YAML, or a value is unknown, mistyped or contradictory; the message
                names the file, the key in full and what is allowed there.
        """
        section = _validated(path)[cls.key]
        assert isinstance(section, cls)  # noqa: S101  (narrows the type; `_validated` built it from `cls`)
        return section

    def names(self) -> Iterator[tuple[str, str, str]]:
        """Yields (full key, folder of the catalogue, name) of each entry that this section names."""
        yield from ()

    def contradictions(self, run: "Run") -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """Yields (full key, what is wrong) where this section contradicts another one, or an entry that is named."""
        yield from ()


class Single(Section, RootModel[Value], Generic[Value]):
    """A top-level key that holds a plain value instead of a group."""

    model_config = ConfigDict(frozen=True, strict=True)


class Catalogue(RootModel[Value], Generic[Value]):
    """A folder of the catalogue, each of whose files describes one thing."""

    model_config = ConfigDict(frozen=True, strict=True)
    folder: ClassVar[str]

    @classmethod
    def named(cls, name: str, params: Path = PARAMS) -> Value:
        """Gives the entry of a name, of the catalogue beside `params`.

        Raises:
            StageError: there is none, or it is wrong; or `params` is, or an entry that it names.
        """
        value: Value = _validated(params).entry(cls.folder, name)
        return value

    @classmethod
    def file(cls, name: str) -> Path:
        """Gives the file of an entry."""
        return Path(CATALOGUE, cls.folder, f"{name}.yaml")


class Run:
    """The sections of a params.yaml, and the catalogue beside it.

    Sections and entries are given as `Any`, so that no section need import those it could contradict.
    """

    def __init__(self, params: Path) -> None:
        """Takes a params.yaml, of which sections are added one by one."""
        self.catalogue = params.parent / CATALOGUE
        self.sections: dict[str, Any] = {}
        self._entries: dict[tuple[str, str], Any] = {}

    def __getitem__(self, key: str) -> Any:
        """Gives a section."""
        return self.sections[key]

    def entry(self, folder: str, name: str) -> Any:
        """Gives an entry of the catalogue.

        Raises:
            StageError: there is none, or it is wrong.
        """
        if (folder, name) not in self._entries:
            if absence := self.absence(folder, name):
                raise StageError(absence)
            path = self.catalogue / folder / f"{name}.yaml"
            read, complaints = _built(catalogues()[folder], read_yaml(path))
            if complaints:
                raise StageError(f"{path}: " + "; ".join(complaints))
            self._entries[folder, name] = read.root
        return self._entries[folder, name]

    def absence(self, folder: str, name: str) -> str | None:
        """Says that there is no such entry, and which there are."""
        path = self.catalogue / folder / f"{name}.yaml"
        if not re.fullmatch(NAME, name):
            return f"{path}: a name is of lower-case letters, digits and hyphens"
        return None if path.is_file() else f"{path} is missing: {path.parent} has {', '.join(self.described(folder))}"

    def described(self, folder: str) -> list[str]:
        """Names the entries of a folder."""
        return sorted(path.stem for path in (self.catalogue / folder).glob("*.yaml"))

    def valid(self, folder: str) -> Iterator[Any]:
        """Yields the entries of a folder but those that are wrong, which a run that names them would be told."""
        for name in self.described(folder):
            with suppress(StageError):
                yield self.entry(folder, name)


def read_yaml(path: Path) -> dict[str, Any]:
    """Reads a YAML 1.2 mapping: `no` is text and `1e-05` a number, unlike in YAML 1.1."""
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StageError(f"{path} is missing: run the command from the project's root folder") from None
    except UnicodeDecodeError as error:
        raise StageError(f"{path} is not UTF-8 text ({error}): save it as UTF-8") from None
    except YAMLError as error:
        raise StageError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise StageError(f"{path} must hold a mapping of settings, found {type(content).__name__}")
    return content


def sections() -> dict[str, type[Section]]:
    """Gives every section of this package by its key in `params.yaml`."""
    return {kind.key: kind for kind in _kinds(Section) if "key" in vars(kind)}


def catalogues() -> dict[str, type[Catalogue[Any]]]:
    """Gives every kind of entry of this package by its folder in the catalogue."""
    return {kind.folder: kind for kind in _kinds(Catalogue) if "folder" in vars(kind)}


def _kinds(kind: type[Kind]) -> Iterator[type[Kind]]:
    # imports: nothing (a section that no stage loads is only validated; DVC tracks the values of those that it loads)
    for module in pkgutil.walk_packages(decortique.__path__, "decortique."):
        if module.name.endswith("settings"):
            # imports: nothing (as above)
            importlib.import_module(module.name)
    yield from _subclasses(kind)


def _subclasses(kind: type[Kind]) -> Iterator[type[Kind]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


@cache
def _validated(path: Path) -> Run:
    params, known, run = read_yaml(path), sections(), Run(path)
    complaints = [_unknown(key, known) for key in params if key not in known]
    for key, kind in known.items():
        if key not in params:
            complaints.append(f"{key}: this section is missing")
            continue
        section, wrong = _built(kind, params[key], key)
        complaints += wrong
        if not wrong:
            run.sections[key] = section
    named, elsewhere = [named for section in run.sections.values() for named in section.names()], set[str]()
    for key, folder, name in named:
        if absence := run.absence(folder, name):
            complaints.append(f"{key}: {absence}")
            continue
        try:
            run.entry(folder, name)
        except StageError as error:
            elsewhere.add(str(error))
    if not complaints and not elsewhere:
        found = (one for section in run.sections.values() for one in section.contradictions(run))
        complaints = [f"{where}: {what}" for where, what in found]
    if complaints or elsewhere:
        raise StageError("; ".join([f"{path}: " + "; ".join(complaints)] * bool(complaints) + sorted(elsewhere)))
    return run


def _built(kind: type[Any], content: Any, *prefix: str) -> tuple[Any, list[str]]:
    """Gives a section or an entry, and what is wrong with it."""
    try:
        # Through JSON, where strictness means what a reader of YAML expects: a list may fill a tuple,
        # but "3" is not a number.
        return kind.model_validate_json(json.dumps(content)), []
    except ValidationError as error:
        return None, [_complaint(kind, prefix, content, dict(problem)) for problem in error.errors()]
    except TypeError as error:
        what = f"holds a value that is no number, text, list or mapping ({error})"
        return None, [": ".join([*prefix, what])]


def _complaint(kind: type[BaseModel], prefix: tuple[str, ...], content: Any, problem: dict[str, Any]) -> str:
    """Says one validation error in terms of the file: `tokenize.max_length: …`."""
    location = _path(content, problem["loc"], keyed=problem["type"] in {"missing", "extra_forbidden"})
    where = ".".join([*prefix, *map(str, location)])
    if problem["type"] == "extra_forbidden":
        return _unknown(where, _owner(kind, problem["loc"]), depth=len(location))
    message = problem["msg"].removeprefix("Value error, ")
    shown = "" if isinstance(problem["input"], dict) else f" (got {json.dumps(problem['input'], default=str)[:80]})"
    return ": ".join([*([where] if where else []), f"{message[0].lower()}{message[1:]}{shown}"])


def _path(content: Any, location: tuple[int | str, ...], *, keyed: bool) -> list[int | str]:
    """Keeps the parts of a pydantic location that are keys of the file, and drops the tags of unions.

    With `keyed`, the last part is a key even where the file does not have it.
    """
    path: list[int | str] = []
    for step, part in enumerate(location):
        last = step == len(location) - 1
        inside = (isinstance(content, dict) and part in content) or (
            isinstance(content, list) and isinstance(part, int) and part < len(content)
        )
        if inside:
            content = content[part]
        if inside or (keyed and last and isinstance(content, dict)):
            path.append(part)
    return path


def _owner(model: Any, location: tuple[int | str, ...]) -> list[str]:
    """The keys allowed beside the last part of `location`, read from the model's JSON schema."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})

    def resolved(node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            node = definitions[node["$ref"].rsplit("/", 1)[1]]
        return node

    node = resolved(schema)
    for part in location[:-1]:
        if "discriminator" in node and part in node["discriminator"]["mapping"]:
            node = resolved({"$ref": node["discriminator"]["mapping"][part]})
        elif part in node.get("properties", {}):
            node = resolved(node["properties"][part])
        else:
            values = [*node.get("patternProperties", {}).values(), node.get("additionalProperties"), node.get("items")]
            node = resolved(next((value for value in values if isinstance(value, dict)), {}))
        for option in node.get("anyOf", []):
            if option.get("type") != "null":
                node = resolved(option)
    return list(node.get("properties", {}))


def _unknown(where: str, allowed: Any, depth: int = 0) -> str:
    key = where.rsplit(".", 1)[-1] if depth else where
    close = difflib.get_close_matches(key, list(allowed), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{where} is not a setting (allowed: {', '.join(allowed)}{hint})"
