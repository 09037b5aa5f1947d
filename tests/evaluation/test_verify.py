"""A person who ran the chain on another machine learns whether the committed results are reproduced."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from decortique.__main__ import app
from decortique.core import paths
from decortique.core.headlines import write_metrics
from experiments.clone import set_params
from tests.conftest import edit_json
from tests.evaluation.conftest import AFTER
from tests.evaluation.made_runs import run, write_answers, write_corpus


def ask(*arguments: str) -> tuple[int, str]:
    """Return the exit code of the command, and what it printed."""
    result = CliRunner().invoke(app, ["verify", *arguments])
    return result.exit_code, result.output


def answer(question: str, *, code: int) -> str:
    """Return what is said of one question."""
    exit_code, printed = ask()
    assert exit_code == code, printed
    lines = dict(line.split(": ", 1) for line in printed.splitlines())
    assert list(lines) == ["evaluate author", "evaluate opinion", "robustness author", "robustness opinion"]
    return lines[question]


def test_the_committed_run_reproduces_itself(project: Path) -> None:
    assert answer("evaluate opinion", code=0) == (
        "reproduced (7 numbers inside the committed intervals; all test predictions are the same)"
    )
    assert answer("robustness opinion", code=0) == "reproduced (4 numbers within 0.020 of the committed ones)"


def test_a_few_other_predictions_are_reproduced_and_counted(project: Path) -> None:
    write_answers("opinion", {**AFTER, "static": range(34)})
    assert answer("evaluate opinion", code=0) == (
        "reproduced (7 numbers inside the committed intervals; at least 96.7% of the test predictions are the same"
        " (static))"
    )


def test_a_number_outside_its_interval_is_not_reproduced(project: Path) -> None:
    write_answers("opinion", {**AFTER, "static": range(60)})
    said = answer("evaluate opinion", code=1)
    assert said.startswith("not reproduced: static.accuracy is 0.500, and was 0.750 [0.")
    assert "transformer" not in said
    assert answer("evaluate author", code=1).startswith("reproduced")


def test_a_number_without_an_interval_must_be_near_the_committed_one(project: Path) -> None:
    write_metrics("robustness", "author", {name: {"flips_typos": len(of) / 500} for name, of in AFTER.items()})
    assert answer("robustness author", code=1) == (
        "not reproduced: off-the-shelf.flips_typos is 0.120, and was 0.060 [0.040, 0.080]; static.flips_typos is 0.060,"
        " and was 0.030 [0.010, 0.050]; transformer.flips_typos is 0.090, and was 0.045 [0.025, 0.065]"
    )
    assert ask("--tolerance", "0.1")[0] == 0


def test_a_number_that_is_missing_is_not_reproduced(project: Path) -> None:
    edit_json(paths.metrics("robustness", "author"), static=None, extra={"flips": 0.5})
    said = "not reproduced: static.flips_typos is missing; extra.flips was not there"
    assert answer("robustness author", code=1) == said


def test_other_test_texts_are_not_reproduced(project: Path) -> None:
    write_corpus("opinion")
    shutil.copytree(paths.predictions("author", "static"), paths.predictions("opinion", "static"), dirs_exist_ok=True)
    said = answer("evaluate opinion", code=1)
    assert said == "not reproduced: data/predictions/opinion/static/test.parquet is about other texts"


def test_without_the_committed_intervals_those_of_this_run_are_used(project: Path) -> None:
    shutil.rmtree(".dvc/cache")
    said = answer("evaluate opinion", code=0)
    assert "this run's intervals around the committed ones" in said
    assert "the committed predictions are not in DVC's cache" in said
    write_answers("opinion", {**AFTER, "static": range(60)})
    assert answer("evaluate opinion", code=1).startswith("not reproduced: static.accuracy is 0.500, and was 0.750")


def test_other_parameters_than_the_committed_ones_are_refused(project: Path) -> None:
    choices = {"bag_of_words.select_by": "log_loss", "catalogue/tasks/opinion.yaml:split.seed": 1}
    set_params(project, choices)
    code, printed = ask()
    assert code == 1
    assert printed.startswith("ERROR parameters are not those of HEAD: ")
    assert "bag_of_words.select_by: accuracy → log_loss" in printed
    assert "catalogue/tasks/opinion.yaml:split.seed: 0 → 1" in printed


def test_parameters_that_were_committed_and_not_run_are_refused(project: Path) -> None:
    set_params(project, {"bag_of_words.select_by": "log_loss"})
    run("git", "commit", "--quiet", "--all", "--message", "parameters alone")
    said = "the workspace did not run with its parameters: run `dvc repro` (`decortique why` names the stages)"
    assert ask() == (1, f"ERROR {said}\n")


def test_a_clone_in_which_nothing_ran_is_told_to_run(project: Path) -> None:
    shutil.rmtree("data")
    shutil.rmtree(".dvc/cache")
    code, printed = ask()
    assert code == 1
    assert "run `dvc repro` to make it" in printed


@pytest.mark.usefixtures("project")
def test_what_compares_two_versions_leaves_the_workspace_as_it_is() -> None:
    before = run("git", "status", "--short")
    CliRunner().invoke(app, ["compare", "HEAD~1", "HEAD"])
    ask()
    assert run("git", "status", "--short") == before
    assert "up to date" in run("dvc", "status")
