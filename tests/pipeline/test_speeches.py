"""Speeches in the course's format go through the whole chain, and come back as it wants them handed in."""

import hashlib
import random
from itertools import groupby
from pathlib import Path

import pytest

from decortique.data.readers import read
from decortique.data.settings import TaskSection
from tests.pipeline.conftest import ROOT, Clone, clone_into

# Two that are quick to make: to the others a speech is texts, as any.
APPROACHES = ["bag-of-words", "off-the-shelf"]
METHODS = ["none", "moving_average", "gaussian", "viterbi", "one_run"]
CHIRAC = ["La France est un grand pays .", "Je vous remercie , mes chers amis .", "L'Europe avance avec nous ."]
MITTERRAND = [
    "Moi , je le dis comme je le pense .",
    "Eh bien , il faut choisir , voilà .",
    "On me dit que non : soit .",
]
REAL = ROOT.parent / "shared" / "corpora" / "chirac-mitterrand"  # the real file, where a person has put an extract


def speeches(path: Path, count: int, *, labelled: bool) -> None:
    """Write made-up speeches of twelve sentences, in most of which five are Mitterrand's, in one go."""
    choose = random.Random(count)
    lines = []
    for speech in range(1, count + 1):
        start = choose.randrange(1, 7) if speech % 8 else 99
        for sentence in range(1, 13):
            mark = "M" if start < sentence <= start + 5 else "C"
            text = choose.choice(MITTERRAND if mark == "M" else CHIRAC)
            lines.append(f"<{speech}:{sentence}{f':{mark}' if labelled else ''}> {text}\n")
    path.write_text("".join(lines), encoding="utf-8")


def address(path: Path) -> str:
    """A file's address with its pin, quoted as `-S` needs it."""
    return f"'{path.as_uri()}#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}'"


def run(clone: Clone, folder: Path) -> str:
    """Add the task as the README says, on files of one's own."""
    source = "catalogue/tasks/author-fr.yaml:source.parts"
    result = clone.run(
        *("dvc", "exp", "run", "-S", "tasks=[author-fr]", "-S", "languages=[fr]", "-S", "collections=[]"),
        *("-S", f"{source}.learn.url={address(folder / 'learn.utf8')}"),
        *("-S", f"{source}.test.url={address(folder / 'test.utf8')}"),
        *("-S", f"approaches={APPROACHES}", "-S", f"decode.combine={APPROACHES}"),
        *("-S", "export.approaches=[]", "-S", "stack.students=[]"),
        "evaluate@author-fr",
        check=False,
    )
    return "" if result.returncode == 0 else result.stdout + result.stderr


def test_speeches_of_ones_own_are_predicted_line_by_line_and_at_most_once_contiguously(tmp_path: Path) -> None:
    clone = clone_into(tmp_path / "clone")
    clone.set(rounds={})  # they are those of another task
    speeches(tmp_path / "learn.utf8", 40, labelled=True)
    speeches(tmp_path / "test.utf8", 8, labelled=False)
    whole = (tmp_path / "learn.utf8").read_text(encoding="utf-8")
    (tmp_path / "learn.utf8").write_text(whole.replace("<2:5:C>", "<2:5:X>").replace("<2:5:M>", "<2:5:X>"))
    assert "learn line 17" in run(clone, tmp_path)

    (tmp_path / "learn.utf8").write_text(whole, encoding="utf-8")
    assert run(clone, tmp_path) == ""
    folders = [clone.folder / "data/predictions/author-fr" / approach for approach in APPROACHES]
    folders += [clone.folder / "data/decoded/author-fr" / m / a for m in METHODS for a in [*APPROACHES, "combined"]]
    for folder in folders:
        labels = (folder / "unlabelled.txt").read_text().splitlines()
        scores = [float(line) for line in (folder / "unlabelled.scores.txt").read_text().splitlines()]
        assert len(labels) == len(scores) == 8 * 12
        assert set(labels) <= {"chirac", "mitterrand"}
        assert all(0 <= score <= 1 for score in scores)
        if folder.parent.name == "one_run":
            for start in range(0, len(labels), 12):
                runs = [label for label, _ in groupby(labels[start : start + 12])]
                assert runs.count("mitterrand") <= 1


@pytest.mark.skipif(not REAL.is_dir(), reason="the speeches are not published for redistribution: no extract is here")
def test_every_line_of_the_real_files_is_read(tmp_path: Path) -> None:
    (tmp_path / "learn").symlink_to(REAL / "learn-66-speeches.utf8")
    (tmp_path / "test").symlink_to(REAL / "test-unlabelled.utf8")
    found = read(TaskSection.named("author-fr", ROOT / "params.yaml"), tmp_path)
    assert found.bad == []
    labels = [row.label for row in found.rows["all"]]
    assert (labels.count("chirac"), labels.count("mitterrand")) == (5367, 1255)
    assert len({row.group for row in found.rows["all"]}) == 66
    unlabelled = [row.text for row in found.rows["unlabelled"]]
    lines = (REAL / "test-unlabelled.utf8").read_text(encoding="utf-8").split("\n")
    assert unlabelled == [line.partition(">")[2].strip() for line in lines if line]
    assert len(unlabelled) == 27162
