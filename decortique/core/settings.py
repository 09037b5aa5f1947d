"""Settings: `params.yaml` and `catalogue/`, read as YAML 1.2, and refused where no stage would understand them.

A key of `params.yaml` is a `Section` subclass, a folder of the catalogue a `Catalogue` subclass, in a module whose name
ends with `settings`. `Section.load` and `Catalogue.named` validate all of `params.yaml` and the entries that it names,
so that a typing error anywhere stops the first stage, not the ninth. A stage imports only the sections that it uses.
"""

import difflib
import importlib
import json
import pkgutil
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from decortique.core.files import StageError

PARAMS = Path("params.yaml")
CATALOGUE = "catalogue"  # the folder beside it
ROOMS = Path(__file__).parents[1]

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
        """Return this section of `path`, once all sections and the entries that they name are valid.

        Otherwise a `StageError` names the file, the key in full and what is allowed there.
        """
        section = _validated(path)[cls.key]
        assert isinstance(section, cls)  # noqa: S101  (narrows the type; `_validated` built it from `cls`)
        return section

    def names(self) -> Iterator[tuple[str, str, str]]:
        """Yield (full key, folder of the catalogue, name) of each entry that this section names."""
        yield from ()

    def contradictions(self, run: "Run") -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """Yield (full key, what is wrong) where this section contradicts another one, or an entry that is named."""
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
        """Return an entry of the catalogue beside `params`; a `StageError` says what is wrong in either."""
        value: Value = _validated(params).entry(cls.folder, name)
        return value

    @classmethod
    def file(cls, name: str) -> Path:
        """Return the file of an entry."""
        return Path(CATALOGUE, cls.folder, f"{name}.yaml")


class Run:
    """The sections of a params.yaml, and the catalogue beside it: `Any`, so that no section has to import others."""

    def __init__(self, params: Path) -> None:
        self.catalogue = params.parent / CATALOGUE
        self.sections: dict[str, Any] = {}
        self._entries: dict[tuple[str, str], Any] = {}

    def __getitem__(self, key: str) -> Any:
        return self.sections[key]

    def entry(self, folder: str, name: str) -> Any:
        """Return an entry of the catalogue; raise a `StageError` where it is missing or wrong."""
        if (folder, name) not in self._entries:
            if absence := self.absence(folder, name):
                raise StageError(absence)
            path = self.catalogue / folder / f"{name}.yaml"
            entry, complaints = _built(catalogues()[folder], read_yaml(path))
            if complaints:
                raise StageError(f"{path}: " + "; ".join(complaints))
            self._entries[folder, name] = entry.root
        return self._entries[folder, name]

    def absence(self, folder: str, name: str) -> str | None:
        """Return a message where there is no such entry: which there are."""
        path = self.catalogue / folder / f"{name}.yaml"
        if not re.fullmatch(NAME, name):
            return f"{path}: a name is of lower-case letters, digits and hyphens"
        return None if path.is_file() else f"{path} is missing: {path.parent} has {', '.join(self.described(folder))}"

    def described(self, folder: str) -> list[str]:
        """Return the names of the entries of a folder."""
        return sorted(path.stem for path in (self.catalogue / folder).glob("*.yaml"))

    def valid(self, folder: str) -> Iterator[Any]:
        """Yield the entries of a folder without those that are wrong, which only a run that names them need refuse."""
        for name in self.described(folder):
            with suppress(StageError):
                yield self.entry(folder, name)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML 1.2 mapping: `no` is text and `1e-05` a number, unlike in YAML 1.1."""
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
    """Return every `Section` of this package by its key in `params.yaml`."""
    return {kind.key: kind for kind in _kinds(Section) if "key" in vars(kind)}


def catalogues() -> dict[str, type[Catalogue[Any]]]:
    """Return every `Catalogue` of this package by its folder."""
    return {kind.folder: kind for kind in _kinds(Catalogue) if "folder" in vars(kind)}


def _kinds(kind: type[Kind]) -> Iterator[type[Kind]]:
    # imports: nothing (a section that no stage loads is only validated; DVC tracks the values of those that it loads)
    for module in pkgutil.walk_packages([str(ROOMS)], f"{ROOMS.name}."):
        if module.name.endswith("settings"):
            # imports: nothing (as above)
            importlib.import_module(module.name)
    waiting = kind.__subclasses__()
    while waiting:
        yield (child := waiting.pop(0))
        waiting[:0] = child.__subclasses__()


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
    elsewhere = set[str]()  # complaints about entries
    for key, folder, name in [named for section in run.sections.values() for named in section.names()]:
        try:
            run.entry(folder, name)
        except StageError as error:
            if absence := run.absence(folder, name):
                complaints.append(f"{key}: {absence}")
            else:
                elsewhere.add(str(error))
    if not complaints and not elsewhere:
        complaints = [
            f"{where}: {what}" for section in run.sections.values() for where, what in section.contradictions(run)
        ]
    if complaints or elsewhere:
        raise StageError("; ".join([f"{path}: " + "; ".join(complaints)] * bool(complaints) + sorted(elsewhere)))
    return run


def _built(kind: type[Any], content: Any, *prefix: str) -> tuple[Any, list[str]]:
    """Return a section or an entry, and what is wrong with it."""
    try:
        # Through JSON, where strictness is what a reader of YAML expects: a list may fill a tuple, "3" is no number.
        return kind.model_validate_json(json.dumps(content)), []
    except ValidationError as error:
        return None, [_complaint(kind, prefix, content, dict(problem)) for problem in error.errors()]
    except TypeError as error:
        return None, [": ".join([*prefix, f"holds a value that is no number, text, list or mapping ({error})"])]


def _complaint(kind: type[BaseModel], prefix: tuple[str, ...], content: Any, problem: dict[str, Any]) -> str:
    """Return one validation error in terms of the file: `tokenize.max_length: …`."""
    location = _path(content, problem["loc"], keyed=problem["type"] in {"missing", "extra_forbidden"})
    where = ".".join([*prefix, *map(str, location)])
    if problem["type"] == "extra_forbidden":
        return _unknown(where, _owner(kind, problem["loc"]))
    message = problem["msg"].removeprefix("Value error, ")
    value = "" if isinstance(problem["input"], dict) else f" (got {json.dumps(problem['input'], default=str)[:80]})"
    return ": ".join([*([where] if where else []), f"{message[0].lower()}{message[1:]}{value}"])


def _path(content: Any, location: tuple[Any, ...], *, keyed: bool) -> list[Any]:
    """Return the parts of a pydantic location that are keys of the file (`keyed`: the last one anyway), no unions'."""
    path: list[Any] = []
    for step, part in enumerate(location, start=1):
        keys = range(len(content)) if isinstance(content, list) else content if isinstance(content, dict) else ()
        if part in keys:
            content = content[part]
            path.append(part)
        elif keyed and step == len(location) and isinstance(content, dict):
            path.append(part)
    return path


def _owner(model: Any, location: tuple[int | str, ...]) -> list[str]:
    """Return the keys allowed beside the last part of `location`, read from the model's JSON schema."""
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


def _unknown(where: str, allowed: Collection[str]) -> str:
    close = difflib.get_close_matches(where.rsplit(".", 1)[-1], allowed, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{where} is not a setting (allowed: {', '.join(allowed)}{hint})"


class Tasks(Single[Annotated[list[Name], Field(min_length=1)]]):
    """The tasks of a run, each described in `catalogue/tasks/`."""

    key: ClassVar[str] = "tasks"

    def names(self) -> Iterator[tuple[str, str, str]]:
        """Yield the tasks: each must be described."""
        yield from (("tasks", "tasks", name) for name in self.root)


class Approaches(Single[Annotated[list[Name], Field(min_length=1)]]):
    """The approaches that predict and are compared; the first one is the baseline of the paired tests."""

    key: ClassVar[str] = "approaches"

    @property
    def baseline(self) -> str:
        """The approach that every other one is compared with."""
        return self.root[0]


class EncoderName(Single[Name]):
    """The pretrained encoder of a run, described in `catalogue/encoders/`."""

    key: ClassVar[str] = "encoder"

    def names(self) -> Iterator[tuple[str, str, str]]:
        """Yield the encoder: it must be described."""
        yield "encoder", "encoders", self.root

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """Yield a truncation that would remove the prefix of the encoder."""
        if run.entry("encoders", self.root).prefix and run["tokenize"].truncation_side == "left":
            where = run.catalogue / "encoders" / f"{self.root}.yaml"
            yield "tokenize.truncation_side", f"left cuts the prefix of {where} off long texts: choose right"


class Launcher(Single[Annotated[str, Field(min_length=1)]]):
    """What starts the stages that train: python, or a launcher of several processes."""

    key: ClassVar[str] = "launcher"


class Compute(Section, Strict):
    """The machine's part in a result: its threads change the order of sums, hence the last digits of weights."""

    key: ClassVar[str] = "compute"

    threads: Annotated[int, Field(ge=1)]  # of torch and ONNX Runtime
    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$", description="auto, cpu, cuda, cuda:N or mps")]
    batch_size: Annotated[int, Field(ge=1)]  # texts at once wherever nothing is trained
    portable: bool = False  # the same bytes on other processors: see `decortique.core.portable`

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """Yield a device that is not the same everywhere."""
        if self.portable and self.device != "cpu":
            yield "compute.device", f"must be cpu where compute.portable is true (got {self.device!r})"
