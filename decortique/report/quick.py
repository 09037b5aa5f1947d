"""A rehearsal: the whole chain on few texts, with short trainings, as an experiment in a temporary copy of the project.

The copy is that of `dvc exp run --temp`: whatever happens to it, the workspace stays as it was. What its stages make
lies in DVC's cache, so a rehearsal that was stopped goes on where it was, and `dvc repro` need not download again.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dvc.repo.experiments.refs import ExpRefInfo

from decortique.core import paths
from decortique.core.files import StageError, read_json
from decortique.core.findings import decimal, rehearsal
from decortique.core.settings import Approaches, Tasks
from decortique.data.settings import Collections, CollectionSection, Languages, TaskSection
from decortique.data.web import CACHE, DOWNLOADS
from decortique.distillation.settings import Distill
from decortique.evaluation.settings import Decode
from decortique.evaluation.versions import Version
from decortique.models.settings import Export, Stack
from decortique.summarization.settings import Summarize

NAME = "quick"  # of the experiment
PAGE = paths.CACHE / NAME / "index.html"
READ = ("catalogue", "decortique", "probes", "stages")  # folders in which a new file may matter to the stages
MAX_GROUPS = 8  # of each collection
COPIES = Path(".dvc", "tmp", "exps", "standalone")  # where DVC puts temporary copies

# What a rehearsal changes in params.yaml: every stage has something to do, and none has much.
CHOICES: dict[str, Any] = {
    "prepare.limit": 200,
    "finetune.num_train_epochs": 1,
    "distill.training.num_train_epochs": 1,
    "evaluate.resamples": 200,
    "slices.n_splits": 5,
    "audit.folds": 2,
    "robustness.texts": 40,
    "explain.steps": 4,
    "explain.n_tested": 20,
    "word2vec.epochs": 1,
    "word_pairs.train": 20,
    "word_pairs.validation": 20,
    "word_pairs.test": 40,
    "pronouns.stop_words": 8,
    "pronouns.occurrences": 8,
    "pronouns.random_words": 40,
    "pronouns.probe_occurrences": 20,
    "polysemy.candidates": 200,
    "cluster.groups_per_set": 2,
    "summarize.n_random": 3,
}


def choices(tasks: Sequence[str]) -> dict[str, Any]:
    """Return what a rehearsal changes, by key as DVC has it; with tasks, what else goes with these."""
    chosen, collections, languages = dict(CHOICES), Collections.load().root, Languages.load().root
    if tasks:
        languages = [code for code in languages if code in {TaskSection.named(name).language for name in tasks}]
        if not languages or Summarize.load().opinion.task not in tasks:
            collections = []  # they need vectors of words, and a classifier of opinions
        chosen |= {"tasks": list(tasks), "languages": languages, "collections": collections}
    for name in collections:
        groups = CollectionSection.named(name).max_groups or MAX_GROUPS
        chosen[f"{CollectionSection.file(name).as_posix()}:max_groups"] = min(groups, MAX_GROUPS)
    return chosen | _fewer_students()


def _fewer_students() -> dict[str, list[str]]:
    """Return the lists of approaches with one student: others begin with the whole vocabulary, on however few texts."""
    students = Distill.load().students
    left_out = set(students) - set(Stack.load().students or students[:1])
    lists = {
        "distill.students": students,
        "approaches": Approaches.load().root,
        "export.approaches": Export.load().approaches,
        "decode.combine": Decode.load().combine,
    }
    return {key: [name for name in names if name not in left_out] for key, names in lists.items()}


def rehearse(tasks: Sequence[str]) -> Iterator[str]:
    """Run the chain on few texts; yield what to tell of it: at the end, headline numbers and where the report lies.

    Raises:
        StageError: there is no commit to start from, a task is wrong, or the run failed or was stopped.
    """
    started, chosen = time.monotonic(), choices(tasks)
    if not (head := _git("rev-parse", "--verify", "--quiet", "HEAD")):
        raise StageError(
            "there is no commit to start from: `git init`, where there is none, then `git add --all`, `git commit`"
        )
    if unknown := _git("ls-files", "--others", "--exclude-standard", "--", *READ).splitlines():
        yield f"left out, as Git does not know them yet (`git add`): {', '.join(unknown)}"
    experiment = str(ExpRefInfo(head, NAME))
    if last := _git("rev-parse", "--verify", "--quiet", experiment):
        yield f"the experiment {NAME} of an earlier rehearsal will be replaced"
        _git("update-ref", "-d", experiment)
    yield f"rehearsing in a temporary copy, on about {chosen['prepare.limit']} texts of each split; Ctrl-C stops it"
    if problem := _run(chosen):
        if last:
            _git("update-ref", experiment, last)
        raise StageError(f"{problem}; the workspace is as it was")
    version = Version(NAME, _git("rev-parse", experiment), f"run `decortique {NAME}` again")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(version.file(paths.REPORT / PAGE.name), PAGE)
    yield from _table(version, tasks or Tasks.load().root)
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    yield f"{rehearsal(chosen['prepare.limit'])} It took {minutes} min {seconds} s."
    yield f"Its report: {PAGE}. `dvc exp show` has it as {NAME}; `make repro` makes the results that count."


def _git(*arguments: str) -> str:
    """Return what a Git command prints; nothing where it fails."""
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()


def _run(chosen: Mapping[str, Any]) -> str:
    """Run the experiment, which prints its progress; return what went wrong, or an empty text."""
    settings = [f"--set-param={key}={json.dumps(value)}" for key, value in chosen.items()]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    # The copy has no files that Git ignores, so no downloads either.
    environment = {**os.environ, "PATH": path, DOWNLOADS: str(CACHE.resolve())}
    # Not the stages that the report does not rest on.
    command = [sys.executable, "-m", "dvc", "exp", "run", "--temp", "--name", NAME, *settings, "report"]
    before = set(COPIES.glob("tmp*"))
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL) as running:
        try:
            failed = running.wait()
        except KeyboardInterrupt:
            running.wait()  # it was told too, and removes its copy, unless it had just begun with it
            for copy in set(COPIES.glob("tmp*")) - before:
                shutil.rmtree(copy, ignore_errors=True)
            return "stopped: the same command goes on after the last stage that ended"
    return "the rehearsal failed: the lines above say why" if failed else ""


def _table(version: Version, tasks: Sequence[str]) -> Iterator[str]:
    """Yield lines with the score of each approach on the test texts of each task."""
    scores = {task: read_json(version.file(paths.metrics("evaluate", task))) for task in tasks}
    approaches = dict.fromkeys(name for one in scores.values() for name in one)
    rows = [["", *scores], *([name, *(_first(one.get(name, {})) for one in scores.values())] for name in approaches)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _first(numbers: Mapping[str, float]) -> str:
    """Return the first of an approach's headline numbers, which is its accuracy or F1."""
    return decimal(next(iter(numbers.values()))) if numbers else ""
