"""The walks of docs/experiments.md and of the README: each command is run, in their order, and does what is said."""

import csv
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from decortique.core.settings import read_yaml
from tests.pipeline.conftest import ROOT, Clone, copied

PAGE = (ROOT / "docs/experiments.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
IN_SHORT = README.partition("## Vary, compare, keep\n")[2].partition("\nMore to vary:\n")[0]
WORKER_ENDS_WITHIN = 180  # seconds; two runs of one stage take a tenth of it
UNSEEN = 3  # times in a row that no worker was seen, before it is started again
SINGLE = [1, 1]
ACCURACY = "metrics/evaluate/opinion.json:bag-of-words.accuracy"


@dataclass(frozen=True)
class Walk:
    """The project after the walk, and what each command printed."""

    clone: Clone
    printed: dict[str, str]

    def output(self, start: str, turn: int = 0) -> str:
        """Return what a command printed: of those that begin so, the first, or the one of that turn."""
        return [text for command, text in self.printed.items() if command.startswith(start)][turn]


def commands(page: str) -> Iterator[str]:
    """Yield the commands of a page, each without its comment."""
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        lines = block.replace("\\\n", "").splitlines()
        yield from (re.split(r" +# ", line.removeprefix("$ "))[0].strip() for line in lines)


def walk(clone: Clone, page: str) -> Walk:
    """Run every command of a page."""
    clone.run("git", "add", "--all")
    clone.run("git", "commit", "--quiet", "--message", "results")
    printed: dict[str, str] = {}
    try:
        for number, command in enumerate(commands(page)):
            name = f"{command}  # {number}"
            if command == "dvc queue start":
                start_worker(clone)
                wait_for_worker(clone)
            else:
                printed[name] = clone.run("sh", "-c", command).stdout
    finally:
        clone.run("dvc", "queue", "stop", "--kill", check=False)
    return Walk(clone, printed)


def start_worker(clone: Clone) -> None:
    # The worker keeps what it prints to open: a pipe would end with it.
    clone.run("sh", "-c", "dvc queue start > .cache/worker.txt 2>&1")


def wait_for_worker(clone: Clone) -> None:
    """Wait until the queue is worked off.

    A worker takes an inspection that was not answered for an empty queue, and ends: then it is started again, as the
    page says. One that is not seen yet may be about to begin.
    """
    deadline, unseen = time.monotonic() + WORKER_ENDS_WITHIN, 0
    while re.search("Queued|Running", status := clone.run("dvc", "queue", "status").stdout):
        assert time.monotonic() < deadline, status
        waits = "Queued" in status and "Running" not in status and "0 active, 0 idle" in status
        unseen = unseen + 1 if waits else 0
        if unseen == UNSEEN:
            start_worker(clone)
            unseen = 0
        time.sleep(1)


@pytest.fixture(scope="module")
def walked(rehearsed: Clone, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    return walk(copied(rehearsed, tmp_path_factory.mktemp("experiments") / "chain"), PAGE)


@pytest.fixture(scope="module")
def walked_in_short(rehearsed: Clone, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    return walk(copied(rehearsed, tmp_path_factory.mktemp("experiment") / "chain"), IN_SHORT)


def test_one_screen_shows_what_a_variation_changed(walked_in_short: Walk) -> None:
    heading, _, *rows = walked_in_short.output("dvc metrics diff").splitlines()
    assert heading.split() == ["Path", "Metric", "HEAD", "workspace", "Change"]
    assert 0 < len(rows) <= 60
    assert all(float(row.split()[-1]) for row in rows)
    assert "single-words" in walked_in_short.output("dvc exp show")
    heading = next(line for line in walked_in_short.output("dvc exp show").splitlines() if "Experiment" in line)
    columns = heading.replace("│", " ").replace("┃", " ").split()
    assert ACCURACY in columns
    assert len(columns) <= 40


def test_dropped_and_kept_an_experiment_is_what_it_was(walked_in_short: Walk) -> None:
    clone = walked_in_short.clone
    before, after = (walked_in_short.output("dvc metrics diff", turn) for turn in (0, 1))
    assert len(before.splitlines()) == len(after.splitlines()) > 2
    names, again = ({tuple(row.split()[:2]) for row in text.splitlines()[1:]} for text in (before, after))
    assert names == again
    assert clone.run("git", "status", "--short").stdout == ""
    assert "up to date" in clone.run("dvc", "status").stdout
    for folder in ("diff", "commits"):
        assert list((clone.folder / ".cache" / folder / "static").glob("*accuracy.png"))


def test_a_walk_starts_where_there_is_nothing_to_do(walked: Walk) -> None:
    assert "up to date" in walked.output("dvc status")
    assert walked.output("git status") == ""


def test_the_chain_can_be_looked_at(walked: Walk) -> None:
    assert "bag_of_words@opinion" in walked.output("dvc dag evaluate@opinion")
    assert "data/models/opinion/bag-of-words" in walked.output("dvc dag --outs")
    assert (walked.clone.folder / ".cache/chain.md").read_text().startswith("```mermaid\n")


def test_what_would_run_is_told_before_it_runs(walked: Walk) -> None:
    assert "evaluate.calibration_bins" in walked.output("dvc params diff")
    assert "evaluate@opinion:" in walked.output("dvc status", 1)
    assert "parameter: evaluate.calibration_bins 10 → 5 (params.yaml)" in walked.output("decortique why")
    dry = walked.output("dvc repro --dry")
    assert "'bag_of_words@opinion' didn't change" in dry
    assert "> python -m stages.evaluate opinion" in dry


def test_a_variation_runs_what_it_needs_and_nothing_else(walked: Walk) -> None:
    ran = re.findall(r"^Running stage '(.+)':$", walked.output("dvc exp run --name single-words"), re.MULTILINE)
    assert ran == [
        *("bag_of_words@opinion", "stack@opinion-student-1"),
        *("predict@opinion", "decode@opinion", "evaluate@opinion"),
    ]


def test_a_variation_is_shown_beside_what_was_before(walked: Walk) -> None:
    heading, _, workspace, before, after = walked.output("dvc exp show --only-changed").strip().splitlines()
    columns = [column.strip() for column in heading.split("|")]
    values = [dict(zip(columns, map(str.strip, row.split("|")), strict=True)) for row in (workspace, before, after)]
    assert "[single-words]" in values[2]["Experiment"]
    assert [one["bag_of_words.candidates.style.ngrams"] for one in values] == ["[1, 1]", "[1, 2]", "[1, 1]"]
    assert values[0][ACCURACY] == values[2][ACCURACY]
    changed = walked.output("dvc params diff", 1)
    assert "bag_of_words.candidates.content.ngrams" in changed
    assert "[1, 1]" in changed
    assert "bag-of-words.accuracy" in walked.output("dvc metrics diff")


def test_plots_of_both_versions_are_in_one_page(walked: Walk) -> None:
    folder = walked.clone.folder / ".cache/compared"
    page = (folder / "index.html").read_text()
    drawn = drawn_points(page)
    for shown, revision in (("HEAD", "HEAD~1"), ("workspace", "HEAD")):  # the experiment was committed since
        points = f".cache/{revision}.csv"
        walked.clone.run("dvc", "get", ".", "data/plots/evaluate/opinion/roc.csv", "--rev", revision, "--out", points)
        text = (walked.clone.folder / points).read_text(encoding="utf-8").splitlines()
        assert [x for name, x in drawn if name == shown] == [row["false_positive_rate"] for row in csv.DictReader(text)]
    assert page.count("<img") == 2
    assert {picture.name.split("_")[0] for picture in (folder / "static").iterdir()} == {"HEAD", "workspace"}
    assert (walked.clone.folder / ".cache/shown/index.html").exists()


def test_two_experiments_are_compared_by_a_paired_test(walked: Walk) -> None:
    printed = walked.output("decortique compare HEAD")
    assert "  bag_of_words.candidates.style.ngrams: [1, 2] → [1, 1]" in printed
    changed, *others = (line for line in printed.splitlines() if re.match(r"(bag-of-words|transformer) ", line))
    assert re.search(r" [+-]0\.\d{3} \[[+-]0\.\d{3}, [+-]0\.\d{3}\]  ", changed)
    assert others
    found = json.loads((walked.clone.folder / ".cache/compared.json").read_text(encoding="utf-8"))
    test = found["tasks"]["opinion"]["approaches"]["bag-of-words"]
    difference = test["accuracy_difference"]
    assert difference["low"] <= difference["value"] <= difference["high"]
    assert 0 < test["holm_p"] <= 1
    assert changed in walked.output("decortique compare HEAD~1 HEAD")  # the experiment was committed since


def test_a_queue_works_off_what_was_put_into_it(walked: Walk) -> None:
    assert walked.output("dvc queue status").count("Queued") == 2
    assert walked.output("dvc queue status", 1).count("Success") == 2
    assert "Running stage 'bag_of_words@opinion'" in walked.output("dvc queue logs rare-1")
    with (walked.clone.folder / ".cache/experiments.csv").open(encoding="utf-8") as file:
        rows = {row["Experiment"]: row for row in csv.DictReader(file)}
    tried = {name: rows[name]["bag_of_words.candidates.content.min_documents"] for name in ("rare-1", "rare-2")}
    assert tried == {"rare-1": "2", "rare-2": "3"}


def test_an_experiment_becomes_a_branch(walked: Walk) -> None:
    params = walked.clone.run("git", "show", "try-single-words:params.yaml").stdout
    (walked.clone.folder / ".cache/branch.yaml").write_text(params)
    branched = read_yaml(walked.clone.folder / ".cache/branch.yaml")
    assert branched["bag_of_words"]["candidates"]["style"]["ngrams"] == SINGLE


def test_an_experiment_becomes_the_state_of_things(walked: Walk) -> None:
    changed = walked.clone.run("git", "show", "--name-only", "--format=", "HEAD").stdout.splitlines()
    assert {"params.yaml", "dvc.lock", "metrics/evaluate/opinion.json"} <= set(changed)
    committed = read_yaml(walked.clone.folder / "params.yaml")["bag_of_words"]["candidates"]["style"]["ngrams"]
    assert committed == SINGLE


def test_two_commits_are_compared(walked: Walk) -> None:
    assert "bag_of_words.candidates.style.ngrams" in walked.output("dvc params diff HEAD~1 HEAD")
    assert "bag-of-words.accuracy" in walked.output("dvc metrics diff HEAD~1 HEAD")
    assert "bag-of-words.validation" in walked.output("dvc metrics diff HEAD rare-1")
    assert (walked.clone.folder / ".cache/commits/static").is_dir()


def test_experiments_are_removed(walked: Walk) -> None:
    listed = walked.output("dvc exp list --all-commits")
    assert all(name in listed for name in ("single-words", "rare-1", "rare-2"))
    left = walked.clone.run("dvc", "exp", "list", "--all-commits", "--name-only").stdout.split()
    assert left == ["nothing"]


def test_a_parameter_that_nothing_reads_runs_nothing(walked: Walk) -> None:
    assert "Running stage" not in walked.output("dvc exp run --name nothing")


def drawn_points(page: str) -> list[tuple[str, str]]:
    """Find the points that a page of plots draws: which version they are of, and where on the x-axis."""
    found = re.findall(r"\{[^{}]*\"false_positive_rate\": \"[^{}]*\}", page)
    return [(point["rev"], point["false_positive_rate"]) for point in map(json.loads, found)]
