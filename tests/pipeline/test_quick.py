"""A rehearsal of the chain, as a person starts it: the workspace stays as it was, whatever happens to it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pipeline.conftest import REHEARSAL, Clone

# The chain of the tests is a rehearsal already: with its own choices every stage is done.
DONE = "from decortique.report import quick; quick.choices = lambda tasks: {'prepare.limit': 120}"
AGAIN = f"{DONE}; print(*quick.rehearse([]), sep=chr(10))"


@pytest.fixture
def committed(chain: Clone) -> Clone:
    """The chain with its results in a commit, and a change that is not in one."""
    chain.run("git", "add", "--all")
    chain.run("git", "commit", "--quiet", "--message", "results")
    (chain.folder / "README.md").write_text("changed\n")
    return chain


def state(clone: Clone) -> tuple[str, str, dict[str, tuple[int, int]]]:
    """Return what Git says of the workspace, and which files the stages made when."""
    return (
        clone.run("git", "status", "--porcelain").stdout,
        clone.run("git", "stash", "list").stdout + clone.run("git", "rev-parse", "HEAD").stdout,
        clone.files(),
    )


def left_over(clone: Clone) -> list[str]:
    """Name the copies of the project that are left."""
    return [path.name for path in (clone.folder / ".dvc/tmp/exps/standalone").glob("tmp*")]


def test_a_rehearsal_leaves_a_report_and_an_experiment_and_nothing_else(committed: Clone) -> None:
    before = state(committed)
    for said in (False, True):
        printed = committed.run("python", "-c", AGAIN).stdout
        assert ("earlier rehearsal will be replaced" in printed) == said
        assert "bag-of-words" in printed
        assert state(committed) == before
        assert left_over(committed) == []
    page = (committed.folder / ".cache/quick/index.html").read_text()
    assert f"A rehearsal on about {REHEARSAL['prepare.limit']} texts" in page
    assert page.rstrip() == (committed.folder / "data/report/index.html").read_text().rstrip()
    assert committed.run("dvc", "exp", "list", "--name-only").stdout.split()[-1] == "quick"


def test_a_rehearsal_that_fails_says_so_and_leaves_the_workspace_alone(committed: Clone) -> None:
    before = state(committed)
    wrong = "from decortique.report import quick; quick.CHOICES['prepare.limit'] = 5; list(quick.rehearse(['opinion']))"
    done = committed.run("python", "-c", wrong, check=False)
    assert done.returncode == 1
    assert "prepare.limit: input should be greater than or equal to 10" in done.stderr
    assert "StageError: the rehearsal failed: the lines above say why; the workspace is as it was" in done.stderr
    assert state(committed) == before
    assert left_over(committed) == []


@pytest.mark.parametrize("moment", ["rehearsing in a temporary copy", "Running stage"])
def test_ctrl_c_ends_a_rehearsal_and_leaves_the_workspace_alone(committed: Clone, moment: str) -> None:
    before = state(committed)
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "decortique", "quick", "opinion"],
        cwd=committed.folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    for line in process.stdout:
        if line.startswith(moment):
            break
    time.sleep(2)  # the copy is being made, or the stage is at work
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert printed.splitlines()[-1].startswith("ERROR stopped: the same command goes on after the last stage")
    assert state(committed) == before
    assert left_over(committed) == []
