"""A temporary clone of the project with the whole chain run once on a slice of the real data."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from ruamel.yaml import YAML

from experiments.clone import set_params
from tests.conftest import WORKER
from tests.pipeline.warm import warm_commands

ROOT = Path(__file__).parents[2]
SESSION = os.getppid() if WORKER else os.getpid()  # the process of pytest that all workers have in common
EXPORTED = ["transformer", "student-1"]
# A slice that every stage goes through in seconds: 120 rows per split, one epoch, two of six layers.
REHEARSAL: dict[str, Any] = {
    "compute.threads": 1,  # other tests run beside it
    "prepare.limit": 120,
    "tokenize.max_length": 48,
    "embed.splits": ["test"],
    "finetune.num_train_epochs": 1,
    "distill.training.num_train_epochs": 1,
    "catalogue/students/student.yaml:start.layers": [1, 4],
    "catalogue/students/static.yaml:training.num_train_epochs": 1,
    "rounds": {"again": {"task": "opinion", "teacher": "student-1", "student": "born-again", "seed": 1}},
    "export.approaches": EXPORTED,
    "evaluate.resamples": 200,
    "word2vec.epochs": 1,
    "word_pairs.train": 20,
    "word_pairs.validation": 20,
    "word_pairs.test": 40,
    "pronouns.stop_words": 8,
    "pronouns.occurrences": 8,
    "pronouns.random_words": 40,
    "pronouns.probe_occurrences": 20,
    "polysemy.candidates": 200,
    "catalogue/collections/films.yaml:max_groups": 6,
    "catalogue/collections/editorials.yaml:max_groups": 4,
    "cluster.groups_per_set": 2,
    "summarize.n_random": 3,
    "audit.folds": 2,
    "slices.min_count": 5,
    "slices.n_splits": 5,
    "robustness.texts": 40,
    "explain.steps": 4,
    "explain.n_tested": 20,
}


def module_of(command: str) -> str:
    """Return the module of stages/ that a command runs: `python -m stages.predict …` runs `predict`."""
    words = command.split()
    return words[words.index("-m") + 1].removeprefix("stages.")


STAGES = {
    module_of(stage.get("do", stage)["cmd"]) for stage in YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"].values()
}

REPORTED = {"report"}  # the stage that depends on all that was measured

GUARDED = ".guarded"
# Python runs it at every start; it minds the stages only, not DVC.
GUARD = f"""
import sys
module = sys.orig_argv[2] if sys.orig_argv[1:2] == ["-m"] else ""
if module.startswith("stages."):
    import socket
    def refuse(*_, **__):
        raise RuntimeError("a socket was opened")
    socket.socket.connect = refuse
    socket.getaddrinfo = refuse
    with open("{GUARDED}", "a") as file:
        print(module, file=file)
"""


@dataclass(frozen=True)
class Clone:
    """A copy of the project in which commands can be run."""

    folder: Path
    warm: bool = True  # False for processes that a stranger would start, imports and all

    @property
    def environment(self) -> dict[str, str]:
        """This process's, but that commands are found warm, or else beside this Python."""
        warm = [str(warm_commands(ROOT, SESSION))] if self.warm else []
        path = os.pathsep.join([*warm, str(Path(sys.executable).parent), os.environ["PATH"]])
        return {**os.environ, "PATH": path}

    def run(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone."""
        result = subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if check:
            assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
        return result

    def stage(
        self, name: str, *arguments: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one stage by hand."""
        return self.run("python", "-m", f"stages.{name}", *arguments, check=check, **environment)

    def repro(self, *arguments: str) -> list[str]:
        """Run `dvc repro` and names the stages that ran."""
        output = self.run("dvc", "repro", *arguments).stdout
        return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]

    def changed(self) -> set[str]:
        """Name the stages that DVC knows to be out of date; what follows these may be, once they have run."""
        return set(json.loads(self.run("dvc", "status", "--json").stdout))

    def set(self, choices: Mapping[str, Any] | None = None, /, **settings: Any) -> None:
        """Change settings in params.yaml, `__` standing for the dot; `choices` may be about the catalogue too."""
        set_params(self.folder, {**(choices or {}), **{k.replace("__", "."): value for k, value in settings.items()}})

    def outputs(self) -> dict[str, bytes]:
        """Read every file that the stages made."""
        return {name: (self.folder / name).read_bytes() for name in self.files()}

    def files(self) -> dict[str, tuple[int, int]]:
        """Return of every file that the stages made which one it is, and when it was last written."""
        return {
            str(path.relative_to(self.folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
            for top in ("data", "metrics")
            for path in sorted((self.folder / top).rglob("*"))
            if path.is_file() and path.name != ".gitignore"
        }


def clone_into(folder: Path) -> Clone:
    """Copy what Git would commit, as it is in the working tree, into a repository of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if name.startswith(("metrics/", "dvc.lock")) or not (ROOT / name).exists():
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    clone = Clone(folder)
    # Downloads are shared with the project, so that a test run does not fetch 80 MB anew.
    (ROOT / ".cache" / "downloads").mkdir(parents=True, exist_ok=True)
    (folder / ".cache").mkdir()
    (folder / ".cache" / "downloads").symlink_to(ROOT / ".cache" / "downloads")
    clone.run("git", "init", "--quiet", "--initial-branch=main")
    clone.run("git", "config", "user.email", "test@example.com")
    clone.run("git", "config", "user.name", "test")
    set_params(folder, REHEARSAL)
    clone.run("git", "add", "--all")
    clone.run("git", "commit", "--quiet", "--message", "rehearsal")
    return clone


@pytest.fixture(scope="package", autouse=True)
def notes_of_dvc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What DVC notes of each repository outside it goes with the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path_factory.mktemp("notes")))
        yield


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The chain, run once for all workers; tests leave its files as they are, and have DVC look at copies of it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if WORKER else own
    folder, ready = shared / "rehearsed", shared / "rehearsed.ready"
    with FileLock(shared / "rehearsed.lock"):
        if not ready.exists():
            assert not folder.exists(), "the rehearsal failed: see the test that began it"
            folder.mkdir()
            rehearse(clone_into(folder), tmp_path_factory.mktemp("guard"))
            ready.touch()
    return Clone(folder)


def rehearse(clone: Clone, guard: Path) -> None:
    """Run the whole chain, with no connection allowed after the downloads."""
    clone.repro("download", "download_encoder", "download_language", "download_collection")  # and `code` before them
    (guard / "sitecustomize.py").write_text(GUARD)
    clone.run("dvc", "repro", PYTHONPATH=str(guard))


@pytest.fixture
def chain(rehearsed: Clone, tmp_path: Path) -> Clone:
    """A copy of the chain after its run, for a test to change as it likes: with `overwrite` where it damages a file."""
    return copied(rehearsed, tmp_path / "chain")


def copied(chain: Clone, folder: Path, *names: str) -> Clone:
    """Copy a chain, or what is named of it."""
    for name in names or [path.name for path in chain.folder.iterdir()]:
        source, target = chain.folder / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, copy_function=partial(link_or_copy, chain.folder))
        else:
            target.parent.mkdir(exist_ok=True)
            shutil.copy2(source, target)
    return Clone(folder)


def link_or_copy(chain: Path, source: str, target: str) -> None:
    """Link a file that is never changed in its place, and copy others: a chain weighs a gigabyte.

    What the stages write is a new file put in the old one's place, so what is shared stays as it is.
    """
    link = Path(source).relative_to(chain).as_posix().startswith(("data/", ".dvc/cache/files/", ".git/objects/"))
    (os.link if link else shutil.copy2)(source, target)


def overwrite(path: Path, content: bytes) -> None:
    """Damages a file that other chains may share."""
    path.unlink()
    path.write_bytes(content)
