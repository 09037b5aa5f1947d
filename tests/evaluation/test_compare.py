"""A person who changed a parameter learns whether predictions became better, worse, or neither."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from decortique.__main__ import app
from decortique.core import paths
from decortique.core.files import StageError
from decortique.data.corpus import LabelledSplit
from decortique.evaluation.compare import compare
from decortique.evaluation.versions import Version
from decortique.models.predictions import PredictionTable, read_predictions, write_predictions
from experiments.clone import set_params
from tests.evaluation.conftest import AFTER
from tests.evaluation.made_runs import TEXTS, run, write_answers, write_corpus


def ask(*arguments: str) -> tuple[int, str]:
    """Return the exit code of the command, and what it printed."""
    result = CliRunner().invoke(app, ["compare", *arguments])
    return result.exit_code, result.output


def told(*arguments: str) -> str:
    code, printed = ask(*arguments)
    assert code == 0, printed
    return printed


def flowing(printed: str) -> str:
    """Return the text without line breaks."""
    return " ".join(printed.split())


def rows(printed: str, task: str) -> dict[str, str]:
    """Return the line of each approach in the table of a task."""
    table = printed.partition(f"\n{task}: {TEXTS} ")[2].partition("\n\n")[0]
    return {line.split()[0]: line for line in table.splitlines()[2:] if not line.startswith(" ")}


def refusal(first: str, second: str = "workspace", *tasks: str) -> str:
    with pytest.raises(StageError) as caught:
        compare(Version.named(first), Version.named(second), tasks)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_gain_a_loss_and_no_difference_are_told_apart(project: Path) -> None:
    printed = told("HEAD~1", "HEAD")
    lines = rows(printed, "opinion")
    assert lines["bag-of-words"].split()[:5] == ["bag-of-words", "accuracy", "0.667", "0.958", "+0.292"]
    assert lines["bag-of-words"].endswith("< 0.001  gained")
    assert lines["transformer"].endswith("< 0.001  lost")
    assert lines["static"].endswith("1.000    no significant difference")
    assert "macro-F1" in printed
    assert max(map(len, printed.splitlines())) <= 100


def test_texts_of_a_group_are_not_taken_for_independent(project: Path) -> None:
    printed = told("HEAD~1", "HEAD", "--task", "author")
    assert f"author: {TEXTS} test texts, permutation test over 12 groups" in printed
    assert "+0.292" in rows(printed, "author")["bag-of-words"]
    assert rows(printed, "author")["bag-of-words"].endswith("no significant difference")
    assert "F1 of clinton" in printed
    assert max(map(len, printed.splitlines())) <= 100


def test_p_values_are_corrected_for_all_approaches_and_tasks_compared(project: Path) -> None:
    found = compare(Version.named("HEAD~1"), Version.named("HEAD"))["tasks"]
    one = found["opinion"]["approaches"]["bag-of-words"]
    assert one["only_this_right"] == 35
    assert one["holm_p"] == pytest.approx(6 * one["mcnemar_p"])


def test_parameters_and_code_of_the_two_runs_are_named(project: Path) -> None:
    printed = told("HEAD~1", "HEAD")
    assert "  bag_of_words.candidates.style.ngrams: [1, 2] → [1, 1]\n" in printed
    assert "  bag_of_words.select_by: macro_f1 → accuracy\n" in printed
    assert "Stages whose code differs: predict@opinion, predict@author.\n" in printed
    assert "Both ran with the same parameters." in told("HEAD")


def test_approaches_that_only_one_has_are_named(project: Path) -> None:
    commits = [run("git", "rev-parse", "--short=7", revision).strip() for revision in ("HEAD~1", "HEAD")]
    printed = told("HEAD~1", "HEAD")
    assert f"opinion: only HEAD~1 ({commits[0]}) has the approaches: student." in printed
    assert f"opinion: only HEAD ({commits[1]}) has the approaches: off-the-shelf." in printed


def test_the_workspace_is_compared_as_it_is(project: Path) -> None:
    write_answers("opinion", {**AFTER, "static": range(1)})
    printed = told("HEAD")
    assert "B: workspace" in printed
    assert rows(printed, "opinion")["static"].endswith("gained")
    assert rows(printed, "author")["static"].endswith("1.000  no significant")  # and "difference" below


def test_an_experiment_is_compared_by_its_name(project: Path) -> None:
    printed = told("tried", "HEAD")
    assert printed.startswith("A: tried (")
    assert "bag_of_words.candidates.style.ngrams: [1, 3] → [1, 1]" in printed
    assert rows(printed, "opinion")["bag-of-words"].endswith("gained")


def test_where_test_sets_differ_the_texts_in_both_are_compared(project: Path) -> None:
    write_corpus("opinion", dict.fromkeys(range(100, 110), "new"), {115: "negative", 117: "negative"})
    write_answers("opinion", AFTER)
    printed = told("HEAD", "--task", "opinion")
    said = (
        "Of 120 texts in A and 120 in B, 108 are the same and compared; 10 have another text under their id, 2 another"
    )
    assert said in flowing(printed)
    assert "opinion: 108 test texts" in printed
    assert "+0.000 [+0.000, +0.000]" in printed


def test_test_sets_without_a_common_text_are_refused(project: Path) -> None:
    write_corpus("opinion", dict.fromkeys(range(TEXTS), "new"))
    write_answers("opinion", AFTER)
    assert refusal("HEAD").startswith("opinion: of 120 test texts in A and 120 in B, none is the same")
    told("HEAD", "--task", "author")


def test_labels_that_only_one_has_are_named(project: Path) -> None:
    ids = LabelledSplit.read("opinion", "test", ["negative", "positive"], keep_groups=False).ids
    for approach in AFTER:
        folder = paths.predictions("opinion", approach)
        table = read_predictions(folder, "test", ["negative", "positive"], ids)
        three = PredictionTable(table.ids, table.prediction * 2, table.probability[:, [0, 0, 1]] / [2, 2, 1])
        write_predictions(folder, "test", approach, ["negative", "neutral", "positive"], three)
    printed = told("HEAD", "--task", "opinion")
    assert "opinion: only workspace has the labels: neutral." in printed
    assert "+0.000 [+0.000, +0.000]" in rows(printed, "opinion")["static"]


def test_results_older_than_their_parameters_are_pointed_out(project: Path) -> None:
    set_params(project, {"bag_of_words.select_by": "log_loss"})
    printed = " ".join(told("HEAD").split())
    assert "Both ran with the same parameters." in printed
    assert (
        "workspace has results that are older than its parameters: those of predict@author, predict@opinion" in printed
    )


def test_tasks_that_only_one_has_are_named_and_a_wrong_task_is_refused(project: Path) -> None:
    set_params(project, {"tasks": ["opinion"]})
    assert "has the tasks: author." in told("HEAD")
    assert refusal("HEAD", "workspace", "author") == "the task 'author' is not in both (there are: opinion)"


def test_an_unknown_revision_is_named_with_the_experiments_that_there_are(project: Path) -> None:
    said = "'tired' is neither a Git revision nor an experiment (there are the experiments tried)"
    assert ask("HEAD", "tired") == (1, f"ERROR {said}\n")


@pytest.mark.parametrize("notes", ["kept", "lost"])  # of DVC, about what lies in the cache
def test_what_the_cache_lacks_is_refused_with_the_commands_that_bring_it(
    project: Path, notes: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if notes == "lost":
        monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "notes"))
    shutil.rmtree(".dvc/cache")
    message = refusal("HEAD")
    assert message.startswith("data/corpus/opinion/test.parquet of HEAD (")
    assert "`dvc fetch --all-commits`" in message
    assert "`git checkout HEAD`, then `dvc repro`" in message
    assert "`dvc exp apply tried`, then `dvc repro`" in refusal("tried")


def test_a_workspace_without_predictions_is_told_how_to_make_them(project: Path) -> None:
    shutil.rmtree("data/predictions")
    assert refusal("HEAD") == "data/predictions/opinion is missing: run `dvc repro` to make it"


def test_a_commit_that_was_never_run_has_nothing_to_compare(project: Path) -> None:
    run("git", "rm", "--quiet", "--cached", "dvc.lock")
    run("git", "commit", "--quiet", "--message", "parameters alone")
    assert "is not in DVC's cache" in refusal("HEAD")


def test_json_holds_the_numbers_as_they_are(project: Path) -> None:
    found: dict[str, Any] = json.loads(told("HEAD~1", "HEAD", "--format", "json"))
    one = found["tasks"]["opinion"]["approaches"]["bag-of-words"]
    assert one["b"]["accuracy"]["value"] - one["a"]["accuracy"]["value"] == pytest.approx(35 / TEXTS)
    assert one["accuracy_difference"]["low"] < 35 / TEXTS < one["accuracy_difference"]["high"]
    assert one["verdict"] == "gained"
    assert found["parameters"]["bag_of_words.select_by"] == {"a": "macro_f1", "b": "accuracy"}


def test_markdown_is_a_table_with_what_is_significant_in_bold(project: Path) -> None:
    printed = told("HEAD~1", "HEAD", "--format", "markdown")
    assert "- bag_of_words.select_by: macro_f1 → accuracy" in printed
    assert "| approach | measure | A | B | difference | p | verdict |\n| --- |" in printed
    assert "| **gained** |" in printed


def test_outside_a_project_the_command_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert ask("HEAD")[1].startswith("ERROR this folder is in no DVC project")
