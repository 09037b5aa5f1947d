"""Reads `params.yaml` as YAML 1.2 and refuses what no stage would understand.

A section of `params.yaml` is a `Section` subclass in a module of this package. `Section.load` validates the
*whole* file, so that a typing error in any section stops the first stage, not the ninth; but a stage imports
only the sections it uses, so that a new section elsewhere does not make DVC run it again.
"""

import difflib
import importlib
import json
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages import settings
from stages.errors import StageError

PARAMS = Path("params.yaml")

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="lower-case letters, digits and hyphens")]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Value = TypeVar("Value")
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Strict(BaseModel):
    """A group of settings: immutable, without unknown keys, without silent conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Section:
    """Mixin of a top-level key of `params.yaml`; a subclass is also a `Strict` or a `RootModel`."""

    key: ClassVar[str]

    @classmethod
    def load(cls, path: Path = PARAMS) -> Self:
        """Gives this section of `path`, after all sections were found valid.

        Raises:
            StageError: the file is missing or not YAML, or a value is unknown, mistyped or contradictory; the
                message names the key in full and what is allowed there.
        """
        section = _validated(path)[cls.key]
        assert isinstance(section, cls)  # noqa: S101  (narrows the type; `_validated` built it from `cls`)
        return section

    def contradictions(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """Yields (full key, what is wrong) where this section contradicts another one of `params`."""
        yield from ()


class Single(Section, RootModel[Value], Generic[Value]):
    """A top-level key that holds a plain value instead of a group."""

    model_config = ConfigDict(frozen=True, strict=True)


class Catalogue(Single[dict[Name, Value]], Generic[Value]):
    """A top-level key that describes several things by name."""

    @classmethod
    def named(cls, name: str) -> Value:
        """Gives one of those of `params.yaml`.

        Raises:
            StageError: `params.yaml` is wrong, or describes no such thing.
        """
        return cls.load().one(name)

    def one(self, name: str) -> Value:
        """Gives one of them.

        Raises:
            StageError: there is no such thing.
        """
        if name not in self.root:
            raise StageError(f"params.yaml: {self.key}.{name} is missing (described: {', '.join(self.root)})")
        return self.root[name]


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
        raise StageError(f"{path} must hold a mapping of sections, found {type(content).__name__}")
    return content


def sections() -> dict[str, type[Section]]:
    """Gives every section of this package by its key in `params.yaml`."""
    for module in pkgutil.iter_modules(settings.__path__):
        importlib.import_module(f"{settings.__name__}.{module.name}")
    return {kind.key: kind for kind in _subclasses(Section) if "key" in vars(kind)}


def _subclasses(kind: type[Section]) -> Iterator[type[Section]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


@cache
def _validated(path: Path) -> dict[str, Section]:
    params = read_yaml(path)
    known = sections()
    complaints = [_unknown(key, known) for key in params if key not in known]
    loaded: dict[str, Section] = {}
    for key, kind in known.items():
        if key not in params:
            complaints.append(f"{key}: this section is missing")
            continue
        try:
            # Through JSON, where strictness means what a reader of YAML expects: a list may fill a tuple,
            # but "3" is not a number.
            loaded[key] = kind.model_validate_json(json.dumps(params[key]))  # type: ignore[attr-defined]
        except ValidationError as error:
            complaints += [_complaint(key, params[key], dict(problem)) for problem in error.errors()]
        except TypeError as error:
            complaints.append(f"{key}: holds a value that is no number, text, list or mapping ({error})")
    if not complaints:
        complaints = [
            f"{where}: {what}" for section in loaded.values() for where, what in section.contradictions(params)
        ]
    if complaints:
        raise StageError(f"{path}: " + "; ".join(complaints))
    return loaded


def _complaint(section: str, content: Any, problem: dict[str, Any]) -> str:
    """Says one validation error in terms of the file: `tokenize.max_length: …`."""
    location = _path(content, problem["loc"], keyed=problem["type"] in {"missing", "extra_forbidden"})
    where = ".".join([section, *map(str, location)])
    if problem["type"] == "extra_forbidden":
        owner = _owner(sections()[section], problem["loc"])
        return _unknown(where, owner, depth=len(location))
    message = problem["msg"].removeprefix("Value error, ")
    shown = "" if isinstance(problem["input"], dict) else f" (got {json.dumps(problem['input'], default=str)[:80]})"
    return f"{where}: {message[0].lower()}{message[1:]}{shown}"


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
