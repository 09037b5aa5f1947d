"""Versions of the project: a Git revision, an experiment of DVC or the workspace; their files and their parameters.

What another version made comes from DVC's cache, and its parameters from Git.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dvc.api import DVCFileSystem
from dvc.exceptions import NotDvcRepoError
from dvc.repo import Repo
from dvc.repo.data import DataIndexDirError
from dvc.repo.experiments.utils import exp_refs
from dvc.scm import RevError, resolve_rev
from dvc.stage import PipelineStage
from dvc.utils.flatten import flatten

from decortique.core import paths
from decortique.core.files import StageError, new_file
from decortique.core.fingerprints import FOLDER as FINGERPRINTS
from decortique.core.settings import PARAMS

Values = dict[tuple[str, str], Any]  # (stage, parameter) → value
Changes = Mapping[str, tuple[Any, Any]]  # parameter → old and new value; Ellipsis stands for what is not there

WORKSPACE = "workspace"
FETCHED = paths.CACHE / "compare"  # the files of other commits, a folder for each
MAX_VALUE = 40  # characters of a parameter's value
MAX_CHANGES = 30  # parameters that are listed


@dataclass(frozen=True)
class Version:
    """A version of the project in this folder."""

    name: str
    commit: str | None  # None for the workspace
    remedy: str  # what brings or makes data that are missing

    @classmethod
    def named(cls, name: str) -> "Version":
        """Return a Git revision, an experiment or the workspace; raise a `StageError` where there is none."""
        try:
            repo = Repo()
        except NotDvcRepoError:
            raise StageError("this folder is in no DVC project: run the command from the project's root") from None
        with repo:
            if name == WORKSPACE:
                return cls(name, None, "run `dvc repro` to make it")
            experiments = sorted({ref.name for ref in exp_refs(repo.scm)})
            try:
                commit = resolve_rev(repo.scm, name)
            except RevError:
                known = f"there are the experiments {', '.join(experiments)}" if experiments else "there is none"
                raise StageError(f"{name!r} is neither a Git revision nor an experiment ({known})") from None
        option, again = ("experiments", "dvc exp apply") if name in experiments else ("commits", "git checkout")
        fetch, make = f"`dvc fetch --all-{option}` brings it from a remote", f"`{again} {name}`, then `dvc repro`, make"
        return cls(name, commit, f"{fetch}; {make} it anew")

    @property
    def title(self) -> str:
        """The name, and the beginning of the commit's hash."""
        return f"{self.name} ({self.commit[:7]})" if self.commit else self.name

    def names(self, folder: Path) -> list[str]:
        """Return the names of what a folder holds; raise a `StageError` where there is nothing."""
        if self.commit is None:
            names = [path.name for path in folder.glob("*")]
        else:
            try:
                found = self._files.ls(folder.as_posix(), detail=False)
            except (FileNotFoundError, DataIndexDirError):
                raise self._lacks(folder) from None
            names = [Path(name).name for name in found if Path(name) != folder]  # itself, where it was never made
        if not names:
            raise self._lacks(folder)
        return sorted(names)

    def file(self, path: Path) -> Path:
        """Return where a file of this version lies; raise a `StageError` where it is missing."""
        here = path if self.commit is None else FETCHED / self.commit / path
        if self.commit is not None and not here.exists():
            try:
                with new_file(here) as temporary:
                    self._files.get_file(path.as_posix(), str(temporary))
            except (FileNotFoundError, DataIndexDirError):
                raise self._lacks(path) from None
        if not here.exists():
            raise self._lacks(path)
        return here

    def _lacks(self, path: Path) -> StageError:
        where = "is missing" if self.commit is None else f"of {self.title} is not in DVC's cache"
        return StageError(f"{path} {where}: {self.remedy}")

    @cached_property
    def _files(self) -> Any:
        return DVCFileSystem(".", rev=self.commit)

    @cached_property
    def _stages(self) -> list[Any]:
        return [stage for stage in self._files.repo.index.stages if isinstance(stage, PipelineStage)]

    @cached_property
    def parameters(self) -> Values:
        """What `params.yaml` and the catalogue say of all that stages read."""
        return self._values(lambda dependency: dependency.read_params())

    @cached_property
    def recorded(self) -> Values:
        """What stages read when they last ran, from `dvc.lock`."""
        return self._values(lambda dependency: dependency.hash_info.value or {})

    def _values(self, read: Callable[[Any], Mapping[str, Any]]) -> Values:
        repo, values = self._files.repo, Values()
        for stage in self._stages:
            for dependency in stage.params:
                file = Path(repo.fs.relpath(dependency.fs_path, repo.root_dir))
                prefix = "" if file == PARAMS else f"{file.as_posix()}:"
                found = flatten(read(dependency))
                values |= {(stage.name, f"{prefix}{key}"): value for key, value in found.items()}
        return values

    @property
    def not_run(self) -> list[str]:
        """The stages that last ran with other parameters than those of the files, or never."""
        return sorted({stage for (stage, _), *_ in _differences(self.recorded, self.parameters)})

    @property
    def code(self) -> dict[str, str]:
        """The hash of what the code of each stage said when it last ran."""
        pairs = [(stage.name, dependency) for stage in self._stages for dependency in stage.deps]
        folder = FINGERPRINTS.parts
        return {name: one.hash_info.value for name, one in pairs if Path(one.fs_path).parts[-3:-1] == folder}


def _differences(old: Values, new: Values) -> Iterator[tuple[tuple[str, str], Any, Any]]:
    for key in dict.fromkeys([*old, *new]):
        if old.get(key, ...) != new.get(key, ...):
            yield key, old.get(key, ...), new.get(key, ...)


def changes(old: Values, new: Values) -> Changes:
    """Return the parameters that differ in a stage that both have."""
    stages = {stage for stage, _ in old} & {stage for stage, _ in new}
    return {key: (before, after) for (stage, key), before, after in _differences(old, new) if stage in stages}


def change_lines(changed: Changes) -> Iterator[str]:
    """Yield a line for each parameter, of many for the first ones."""
    for key, values in list(changed.items())[:MAX_CHANGES]:
        yield f"{key}: {' → '.join(map(_short, values))}"
    if len(changed) > MAX_CHANGES:
        yield f"and {len(changed) - MAX_CHANGES} more"


def _short(value: Any) -> str:
    text = "(none)" if value is ... else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"
