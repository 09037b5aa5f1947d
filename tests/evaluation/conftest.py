"""Two runs of a small project, committed one after the other, and an experiment."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from decortique.core import settings
from experiments.clone import set_params
from tests.evaluation.made_runs import keep, run, start_project, write_answers, write_corpus

BEFORE = {"bag-of-words": range(40), "static": range(30), "student": range(20), "transformer": range(10)}
AFTER = {"bag-of-words": range(5), "off-the-shelf": range(60), "static": range(2, 32), "transformer": range(45)}


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Commit the run `BEFORE`, then `AFTER`, and add the experiment `tried`, which has other style n-grams."""
    folder = tmp_path_factory.mktemp("two-runs") / "project"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path_factory.mktemp("notes")))
        start_project()
        for task in ("opinion", "author"):
            write_corpus(task)
            write_answers(task, BEFORE)
        keep("before", "one")
        for task in ("opinion", "author"):
            write_answers(task, AFTER)
        ngrams = "bag_of_words.candidates.style.ngrams"
        keep("after", "another", {ngrams: [1, 1], "bag_of_words.select_by": "accuracy"})
        write_answers("opinion", {**AFTER, "bag-of-words": range(50)})
        set_params(folder, {ngrams: [1, 3]})
        run("dvc", "commit", "--force", "--quiet")
        run("dvc", "exp", "save", "--quiet", "--name", "tried")
        run("git", "reset", "--quiet", "--hard")
        run("dvc", "checkout", "--quiet")
    return folder


@pytest.fixture
def project(two_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Copy the project, for a test to change."""
    folder = tmp_path / "project"
    shutil.copytree(two_runs, folder, symlinks=True)
    monkeypatch.chdir(folder)
    settings._validated.cache_clear()
    yield folder
    settings._validated.cache_clear()
