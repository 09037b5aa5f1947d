"""Why a stage will run again: what changed since its last run in its code, parameters, inputs, command and outputs.

DVC says which files changed; here a changed fingerprint is described by its modules and versions, and a changed
parameter by its values. Fingerprints are those of the code as it is now; those in `data/code` may be older.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from dvc.exceptions import NotDvcRepoError
from dvc.repo import Repo
from dvc.stage import PipelineStage

from decortique.core.files import StageError
from decortique.core.fingerprints import FOLDER, read_fingerprints

MAX_LENGTH = 60  # characters of a parameter's value
STATES = {
    "deleted": "is missing",
    "modified": "changed since the last run",
    "new": "was no dependency at the last run",
    "not in cache": "is not in DVC's cache",
}


@dataclass
class Reasons:
    """Why one stage runs again: `certain` reasons, and inputs that are made again, perhaps without a change."""

    certain: list[str] = field(default_factory=list)
    possible: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.certain or self.possible)


def why(names: Sequence[str], folder: Path) -> Iterator[str]:
    """Yield lines that say why stages will run again: those named (`evaluate` means every `evaluate@…`), or all.

    Errors are a `StageError` (no DVC project, no such stage), a `FingerprintError` or a `DvcException`.
    """
    try:
        repo = Repo(str(folder))
    except NotDvcRepoError:
        raise StageError("this folder is in no DVC project: run the command from the project's root folder") from None
    with repo:
        yield from _Chain(repo).lines(names)


class _Chain:
    def __init__(self, repo: Any) -> None:
        self.root = Path(repo.root_dir)
        self.cache = repo.cache.local
        self.stages = {stage.addressing: stage for stage in repo.index.stages if isinstance(stage, PipelineStage)}
        self.outputs = [(Path(out.fs_path), name) for name, stage in self.stages.items() for out in stage.outs]
        self.reasons = cache(self._reasons)
        self.locks: dict[str, Mapping[str, Any]] = {}  # DVC reads the whole file anew at each question

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        return read_fingerprints(self.root)

    def lines(self, names: Sequence[str]) -> Iterator[str]:
        asked = [stage for stage in self.stages if not names or {stage, stage.partition("@")[0]} & {*names}]
        if unknown := [name for name in names if not any(name in {one, one.partition("@")[0]} for one in self.stages)]:
            known = sorted({stage.partition("@")[0] for stage in self.stages})
            raise StageError(f"there is no stage {unknown[0]!r} in dvc.yaml (there are: {', '.join(known)})")
        for stage in asked:
            if reasons := self.reasons(stage):
                yield f"{stage} {'will' if reasons.certain else 'may'} run again:"
                yield from (f"  {line}" for line in [*reasons.certain, *reasons.possible])
        if not any(self.reasons(stage) for stage in asked):
            yield "nothing to do: code, parameters, inputs and outputs are those of the last run"
        if any(self._is_stale(stage) for stage in asked):
            yield (
                f"{FOLDER.as_posix()} is older than the code: `dvc repro` writes it first, but"
                " `dvc repro --single-item` would miss the change: run `dvc repro code` before that"
            )

    def _reasons(self, name: str) -> Reasons:
        stage = self.stages[name]
        if not (last := self._last_run(stage)):
            return Reasons(["it never ran"])
        reasons = Reasons()
        if stage.is_callback or stage.always_changed:
            reasons.certain.append("it runs every time")
        if stage.cmd_changed:
            reasons.certain.append(f"command: {_short(last['cmd'])} → {_short(stage.cmd)}")
        for dependency in [] if stage.frozen else stage.deps:
            if (fingerprint := self._fingerprint(dependency)) is not None:
                reasons.certain += self._changed_code(dependency, fingerprint)
            elif hasattr(dependency, "read_params"):
                reasons.certain += _changed_parameters(dependency)
            else:
                self._add_input(dependency, reasons)
        for output in stage.outs:
            if state := _state(output):
                reasons.certain.append(f"output: {output} {state.replace('changed', 'was changed')}")
        if reasons and any(Path(output.fs_path) == self.root / FOLDER for output in stage.outs):
            changed = sorted(one for one in self.stages if one != name and self._code_changed(one))
            reasons.certain.append(f"it changes the code of: {', '.join(changed) or 'no stage'}")
        return reasons

    def _last_run(self, stage: Any) -> Mapping[str, Any]:
        """Return the entry of a stage in `dvc.lock`, empty where it never ran."""
        if stage.path not in self.locks:
            self.locks[stage.path] = stage.dvcfile.lockfile_contents.get("stages", {})
        return dict(self.locks[stage.path].get(stage.name, {}))

    def _fingerprint(self, dependency: Any) -> str | None:
        """Return the present text of a dependency that is a fingerprint; None for other dependencies."""
        path = Path(dependency.fs_path)
        return self.fingerprints.get(path.stem) if path.parent == self.root / FOLDER else None

    def _code_changed(self, name: str) -> bool:
        pairs = [(one, self._fingerprint(one)) for one in self.stages[name].deps]
        return any(now and one.hash_info and one.hash_info.value != _md5(now.encode()) for one, now in pairs)

    def _is_stale(self, name: str) -> bool:
        """Whether the code of a stage was edited after the stage `code` ran."""
        pairs = [(Path(one.fs_path), self._fingerprint(one)) for one in self.stages[name].deps]
        return any(now is not None and (not path.exists() or path.read_text("utf-8") != now) for path, now in pairs)

    def _changed_code(self, dependency: Any, now: str) -> Iterator[str]:
        if (last := dependency.hash_info.value) == _md5(now.encode()):
            return
        if last is None:
            yield f"code: the last run did not record it in {dependency}"
        elif (then := self._recorded(Path(dependency.fs_path), last)) is None:
            yield (
                "code: it changed; which modules is unknown, because DVC's cache lacks the fingerprint of the last run"
                " (`dvc fetch` may bring it)"
            )
        else:
            yield from _difference(then, now)

    def _recorded(self, path: Path, md5: str) -> str | None:
        """Return the text of a fingerprint by its hash, from the project's files or from DVC's cache."""
        for file in (path, Path(self.cache.oid_to_path(md5))):
            if file.is_file() and _md5(content := file.read_bytes()) == md5:
                return content.decode()
        return None

    def _add_input(self, dependency: Any, reasons: Reasons) -> None:
        path = Path(dependency.fs_path)
        makers = [name for made, name in self.outputs if made in (path, *path.parents) or path in made.parents]
        if again := [name for name in dict.fromkeys(makers) if self.reasons(name)]:
            reasons.possible.append(f"input: {dependency} is made by {', '.join(again)}")
        elif state := _state(dependency):
            reasons.certain.append(f"input: {dependency} {state}")


def _state(entry: Any) -> str:
    """Return how a file or folder differs from `dvc.lock`; an empty text where it does not."""
    state = next(iter(entry.status().values()), "") if entry.hash_info else "new"
    return STATES.get(state, state)


def _changed_parameters(dependency: Any) -> Iterator[str]:
    """Yield the parameters of one file that are not as at the last run, by their innermost keys."""
    then, now = dependency.hash_info.value or {}, dependency.read_params()
    for name in dependency.params or sorted({*then, *now}):
        for key, old, new in _leaves(name, then.get(name, Ellipsis), now.get(name, Ellipsis)):
            yield f"parameter: {key} {_short(old)} → {_short(new)} ({dependency})"


def _leaves(name: str, then: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield key, old and new value of what differs; Ellipsis stands for what is not there."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*then, *now]):
            yield from _leaves(f"{name}.{key}", then.get(key, Ellipsis), now.get(key, Ellipsis))
    elif then != now:
        yield name, then, now


def _difference(then: str, now: str) -> Iterator[str]:
    """Yield what differs between two fingerprints: modules and other files first, then versions."""
    old, new = _entries(then), _entries(now)
    for name in sorted({*old, *new}, key=lambda name: ("/" not in name, name)):
        before, after = old.get(name), new.get(name)
        if before != after and "/" not in name:
            yield f"version: {name} {before or 'not used'} → {after or 'not used'}"
        elif before != after:
            yield f"code: {name} {'changed' if before and after else 'is used now' if after else 'is used no more'}"


def _entries(fingerprint: str) -> dict[str, str]:
    parts = (line.replace("==", " ").rpartition(" ") for line in fingerprint.splitlines())
    return {name: value for name, _, value in parts}


def _short(value: Any) -> str:
    if value is Ellipsis:
        return "(none)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
