"""`decortique quick` without its run: what it changes, and what it says where it cannot run."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from decortique.core import paths
from decortique.core.files import StageError, write_json
from decortique.core.settings import _validated
from decortique.data.settings import Prepare
from decortique.evaluation.versions import Version
from decortique.report import quick
from experiments.clone import choose

HEADLINES = {
    "opinion": {"bag-of-words": {"accuracy": 0.8, "validation": 0.7}, "transformer": {"accuracy": 0.9}},
    "own": {"bag-of-words": {"f1": 0.5}, "combined": {"f1_viterbi": 0.6}},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of this project in a Git repository without a commit."""
    choose(tmp_path, {})
    monkeypatch.chdir(tmp_path)
    _validated.cache_clear()
    git("init", "--quiet")
    git("config", "user.email", "test@example.com")
    git("config", "user.name", "test")
    return tmp_path


@pytest.fixture
def committed(project: Path) -> Path:
    git("add", "--all")
    git("commit", "--quiet", "--message", "all")
    return project


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def run_by(monkeypatch: pytest.MonkeyPatch, commit: str = "HEAD", problem: str = "") -> None:
    """Have the run end with a problem, or with a commit as its experiment."""

    def run(_: object) -> str:
        if not problem:
            git("update-ref", f"refs/exps/{git('rev-parse', 'HEAD')[:2]}/{git('rev-parse', 'HEAD')[2:]}/quick", commit)
        return problem

    def file(_: Version, path: Path) -> Path:
        if path.suffix == ".html":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"<p>{path}</p>")
        else:
            write_json(path, HEADLINES[path.stem])
        return path

    monkeypatch.setattr(quick, "_run", run)
    monkeypatch.setattr(Version, "file", file)


def experiments() -> list[str]:
    return git("for-each-ref", "--format=%(objectname)", "refs/exps").splitlines()


@pytest.mark.parametrize("tasks", [[], ["opinion"], ["author"], ["author-fr"], ["author", "author-fr"]])
@pytest.mark.parametrize(
    "own", [{}, {"stack.students": []}, {"tasks": ["author-fr"], "languages": ["fr"], "collections": []}]
)
def test_the_stages_understand_what_a_rehearsal_changes(
    project: Path, tasks: Sequence[str], own: dict[str, object]
) -> None:
    choose(project, own)
    choose(project, {**own, **quick.choices(tasks)})
    _validated.cache_clear()
    assert Prepare.load().limit == quick.CHOICES["prepare.limit"]


def test_a_task_that_is_not_described_is_refused_before_anything_runs(committed: Path) -> None:
    with pytest.raises(StageError, match=r"catalogue/tasks/weather\.yaml is missing: .* has author"):
        list(quick.rehearse(["weather"]))


def test_without_a_commit_it_says_what_to_do(project: Path) -> None:
    with pytest.raises(StageError, match=r"there is no commit to start from: .*`git add --all`, `git commit`"):
        list(quick.rehearse([]))


def test_files_that_a_copy_will_lack_are_named(committed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_by(monkeypatch)
    (committed / "catalogue/tasks/mine.yaml").write_text("title: mine\n")
    (committed / "notes.txt").write_text("no stage reads it\n")
    (line,) = [line for line in quick.rehearse(["opinion"]) if "`git add`" in line]
    assert line.endswith(": catalogue/tasks/mine.yaml")


def test_it_shows_the_headline_numbers_where_the_report_lies_and_what_they_are_worth(
    committed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_by(monkeypatch)
    lines = list(quick._table(Version("quick", None, ""), ["opinion", "own"]))
    assert [line.split() for line in lines] == [
        ["opinion", "own"],
        ["bag-of-words", "0.800", "0.500"],
        ["transformer", "0.900"],
        ["combined", "0.600"],
    ]
    last = list(quick.rehearse(["opinion"]))[-2:]
    assert (
        f"about {quick.CHOICES['prepare.limit']} texts of each split (prepare.limit): its numbers mean little"
        in last[0]
    )
    assert str(quick.PAGE) in last[1]
    assert quick.PAGE.read_text() == f"<p>{paths.REPORT / 'index.html'}</p>"


def test_the_last_rehearsal_is_replaced_and_this_is_said(committed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_by(monkeypatch)
    assert "will be replaced" not in " ".join(quick.rehearse(["opinion"]))
    other = git("commit-tree", "HEAD^{tree}", "-m", "another run")
    run_by(monkeypatch, other)
    assert "the experiment quick of an earlier rehearsal will be replaced" in list(quick.rehearse(["opinion"]))
    assert experiments() == [other]


def test_the_last_rehearsal_outlives_one_that_fails(committed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_by(monkeypatch)
    list(quick.rehearse(["opinion"]))
    before = experiments()
    run_by(monkeypatch, problem="the rehearsal failed")
    with pytest.raises(StageError, match=r"^the rehearsal failed; the workspace is as it was$"):
        list(quick.rehearse(["opinion"]))
    assert experiments() == before == [git("rev-parse", "HEAD")]
