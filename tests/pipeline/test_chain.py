"""The whole chain on a slice of the real data, as a stranger runs it."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.pipeline.conftest import GUARDED, ROOT, STAGES, Clone, clone_into, overwrite

APPROACHES = ["bag-of-words", "retrieved", "transformer", "student", "student-1", "static"]
LABELS = {"opinion": ["negative", "positive"], "author": ["trump", "clinton"]}
WORDS = {"similarity@en", "pronouns@en", "polysemy@en"}
COLLECTED = {f"{stage}@{name}" for stage in ("cluster", "summarize") for name in ("films", "editorials")}
EXPORTS = {"export@opinion-transformer", "export@opinion-student", "export@opinion-student-1"}
METHODS = {"opinion": ["none"], "author": ["none", "moving_average", "gaussian", "viterbi"]}


@pytest.mark.parametrize("task", LABELS)
def test_one_command_makes_decisions_of_every_approach(rehearsed: Clone, task: str) -> None:
    for approach in APPROACHES:
        assert_handed_in(rehearsed, task, f"data/decisions/{task}/{approach}")


@pytest.mark.parametrize("task", LABELS)
def test_every_approach_and_their_combination_decide_over_the_stream_too(rehearsed: Clone, task: str) -> None:
    for method in METHODS[task]:
        for approach in [*APPROACHES, "combined"]:
            assert_handed_in(rehearsed, task, f"data/decoded/{task}/{method}/{approach}")


@pytest.mark.parametrize("task", LABELS)
def test_nobody_decides_on_what_is_learnt_from(rehearsed: Clone, task: str) -> None:
    """The pool is a file of its own, so that its decisions would be handed in beside those of the test."""
    learnt = {"train", "pool"} if task == "opinion" else {"train"}
    corpus = {path.stem for path in (rehearsed.folder / f"data/corpus/{task}").glob("*.parquet")}
    assert learnt < corpus
    for folder in (f"decisions/{task}/student", f"decoded/{task}/none/student"):
        assert {path.stem for path in (rehearsed.folder / "data" / folder).glob("*.parquet")} == corpus - learnt


def assert_handed_in(chain: Clone, task: str, folder: str) -> None:
    """Decisions are in the order of the test rows, a label and a score per line, as in the table beside them."""
    table = pq.read_table(chain.folder / folder / "test.parquet")
    lines = (chain.folder / folder / "test.txt").read_text().splitlines()
    scores = [float(line) for line in (chain.folder / folder / "test.scores.txt").read_text().splitlines()]
    assert lines == table.column("decision").to_pylist()
    assert set(lines) <= set(LABELS[task])
    last = [row[LABELS[task][-1]] for row in table.column("probability").to_pylist()]
    assert scores == pytest.approx(last, rel=1e-5)
    rows = pq.read_table(chain.folder / f"data/corpus/{task}/test.parquet")
    assert table.column("id") == rows.column("id")


@pytest.mark.parametrize("task", LABELS)
def test_every_measure_of_every_approach_has_an_interval(rehearsed: Clone, task: str) -> None:
    metrics = json.loads((rehearsed.folder / f"metrics/evaluate/{task}.json").read_text())
    assert set(metrics["transfer"]) == ({"products", "tweets", "editorials"} if task == "opinion" else set())
    for scores in (metrics, *metrics["transfer"].values()):
        for approach in APPROACHES:
            for measure in ("accuracy", "macro_f1", "roc_auc", "average_precision", "log_loss"):
                score = scores[approach][measure]
                assert score["low"] <= score["value"] <= score["high"]
        assert set(scores["versus"]) == set(APPROACHES) - {"bag-of-words"}


def test_every_head_is_evaluated(rehearsed: Clone) -> None:
    metrics = json.loads((rehearsed.folder / "metrics/evaluate/opinion.json").read_text())
    assert set(metrics["graded"]) == {"test", "products", "tweets", "editorials"}
    for scores in metrics["graded"].values():
        assert set(scores) == {*APPROACHES, "constant"}
        for score in (*scores["transformer"]["intensity"].values(), scores["student"]["probability"]["spearman"]):
            found = score.get("spearman_difference", score)
            assert found["low"] <= found["value"] <= found["high"]
    assert json.loads((rehearsed.folder / "metrics/evaluate/author.json").read_text())["graded"] == {}


@pytest.mark.parametrize("task", LABELS)
def test_the_model_is_taken_apart_step_by_step(rehearsed: Clone, task: str) -> None:
    found = json.loads((rehearsed.folder / f"metrics/dissect/{task}.json").read_text())
    heads = {"opinion": {"polarity", "intensity"}, "author": {"speaker"}}[task]
    assert {name.split(":")[0] for name in found["steps"] if ":" in name} == heads
    assert all(set(one["decisions"]) == heads for one in found["sentences"].values())
    assert len(list((rehearsed.folder / f"data/dissections/{task}").iterdir())) == len(found["sentences"])


def test_decoding_is_tested_against_no_decoding_by_whole_groups(rehearsed: Clone) -> None:
    decoded = json.loads((rehearsed.folder / "metrics/evaluate/author.json").read_text())["decoded"]
    assert list(decoded) == METHODS["author"]
    for method, lines in decoded.items():
        assert set(lines) == {*APPROACHES, "combined"}
        for line, scores in lines.items():
            assert ("versus_none" in scores) == (method != "none")
            assert ("versus_baseline" in scores) == (line != "bag-of-words")
            for test in {"versus_none", "versus_baseline"} & set(scores):
                assert 0 < scores[test]["accuracy_p"] <= 1
    groups = (rehearsed.folder / "metrics/evaluate/author/groups.csv").read_text().splitlines()[1:]
    assert {line.split(",")[1][:3] for line in groups} == {"3rd"}


@pytest.mark.parametrize("task", LABELS)
def test_the_controls_say_what_another_split_would_have_claimed(rehearsed: Clone, task: str) -> None:
    controls = json.loads((rehearsed.folder / f"metrics/validity/{task}.json").read_text())
    test = json.loads((rehearsed.folder / f"metrics/evaluate/{task}.json").read_text())["bag-of-words"]
    assert controls["own_split"]["as_it_is"]["accuracy"] == test["accuracy"]
    assert set(controls["random_split"]) == {"as_it_is", "masked"}
    for shares in controls["relies_on"].values():
        assert sum(shares.values()) == pytest.approx(1)


def test_no_debate_that_is_tested_on_was_learnt_from(rehearsed: Clone) -> None:
    corpus = rehearsed.folder / "data/corpus/author"
    groups = {path.stem: set(pq.read_table(path).column("group").to_pylist()) for path in corpus.glob("*.parquet")}
    assert all(group.startswith("3rd") for group in groups["test"])
    assert not any(group.startswith("3rd") for group in groups["train"] | groups["validation"])
    assert not groups["train"] & groups["validation"]


def test_nothing_is_run_again_when_nothing_changed(rehearsed: Clone) -> None:
    assert rehearsed.repro() == []
    assert "up to date" in rehearsed.run("dvc", "status").stdout


def ran(chain: Clone) -> set[str]:
    """Names the stages that ran for the task `opinion`, and sees that they ran for `author` too."""
    return same_of_both(set(chain.repro()))


def same_of_both(stages: set[str]) -> set[str]:
    """Names the stages of the task `opinion`, and sees that there are as many of `author`."""
    opinion = {name for name in stages if "author" not in name}
    assert {name.replace("opinion", "author") for name in opinion} == stages - opinion
    return opinion


def test_a_changed_evaluation_parameter_runs_the_evaluation_only(chain: Clone) -> None:
    chain.set(evaluate__resamples=300)
    # Nothing follows these stages, so that what DVC finds changed is all that it would run.
    changed = set(json.loads(chain.run("dvc", "status", "--json").stdout))
    assert changed >= WORDS  # their intervals are drawn as those of the scores are
    assert same_of_both(changed - WORDS) == {"evaluate@opinion", "trace@opinion", "validity@opinion", *EXPORTS}


def test_a_changed_choice_about_words_runs_what_depends_on_it(chain: Clone) -> None:
    chain.set(pronouns__seed=1)
    assert chain.repro() == ["pronouns@en"]
    chain.set(word2vec__epochs=2)
    assert set(chain.repro()) == {"word2vec@en", *WORDS, *COLLECTED}  # these may take vectors of words, too
    pronouns, polysemy = (
        json.loads((chain.folder / f"metrics/{stage}/en.json").read_text()) for stage in ("pronouns", "polysemy")
    )
    assert pronouns["antecedents"]["pairs"] >= 30
    assert polysemy["pairs"]["pairs"]["test"] == 40


def test_a_changed_combination_is_decoded_and_evaluated_only(chain: Clone) -> None:
    chain.set(decode__combine=["bag-of-words", "student"])
    assert ran(chain) == {"decode@opinion", "evaluate@opinion"}


def test_a_changed_student_leaves_its_teacher_alone(chain: Clone) -> None:
    chain.set(students__student__start__layers=[5])
    after = {"decide@opinion-student", "export@opinion-student", "decode@opinion", "evaluate@opinion", "trace@opinion"}
    assert ran(chain) == {"distill@opinion-student", *after}
    config = json.loads((chain.folder / "data/models/opinion/student/config.json").read_text())
    assert config["num_hidden_layers"] == 1


def test_a_round_is_added_by_one_option_and_followed_back_to_the_first_teacher(chain: Clone) -> None:
    chain.run("git", "add", "--all")
    chain.run("git", "commit", "--quiet", "--message", "results")
    chain.run("dvc", "exp", "run", "-S", "+rounds.thrice={task: opinion, teacher: again, student: born-again, seed: 2}")
    members = json.loads((chain.folder / "metrics/trace/opinion.json").read_text())["members"]
    assert members["thrice"]["generation"] == 3
    assert members["thrice"]["ancestor"] == "transformer"
    assert members["again"]["teacher"] == "student-1"


def test_a_second_run_from_nothing_gives_the_same_bytes(rehearsed: Clone, tmp_path: Path) -> None:
    again = clone_into(tmp_path / "again")
    # The smaller task goes through every stage.
    again.repro(*(f"{stage}@author" for stage in ("embed", "evaluate", "trace", "dissect", "validity")))
    again.repro(*(name.replace("opinion", "author") for name in EXPORTS))
    first, second = (
        {name: content for name, content in clone.outputs().items() if "/author" in name}
        for clone in (rehearsed, again)
    )
    assert list(first) == list(second)
    assert len(first) > 100
    assert [name for name in first if first[name] != second[name]] == []


def test_an_interrupted_run_goes_on_where_it_stopped_and_ends_the_same(rehearsed: Clone, chain: Clone) -> None:
    shutil.rmtree(chain.folder / ".dvc/cache/runs")  # or DVC would take the results from the first run
    shutil.rmtree(chain.folder / "data/models/opinion/transformer")
    (chain.folder / "dvc.lock").unlink()
    process = subprocess.Popen(
        ["dvc", "repro", "finetune@opinion"],
        cwd=chain.folder,
        env=None,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        executable=str(Path(sys.executable).parent / "dvc"),
    )
    assert process.stdout
    for line in process.stdout:
        if "finetune@opinion" in line:
            break
    # The curves are begun where the training begins, and end with it.
    deadline = time.monotonic() + 120
    while not list((chain.folder / "metrics/finetune").glob(".opinion-*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    subprocess.run(["pkill", "-INT", "-s", str(process.pid)], check=False)
    assert process.wait(timeout=60) != 0
    assert not (chain.folder / "data/models/opinion/transformer").exists()
    states = chain.folder / ".cache/trainings/finetune-opinion"
    (numbers,) = states.glob("*/numbers.json")
    assert json.loads(numbers.read_text())["progress"]["step"] > 0
    again = chain.repro("finetune@opinion")
    assert "prepare@opinion" not in again
    assert "finetune@opinion" in again
    assert chain.outputs() == rehearsed.outputs()
    assert not list(states.iterdir())


def test_several_processes_train_as_one_does(rehearsed: Clone, chain: Clone) -> None:
    chain.set(launcher="accelerate launch --multi_gpu --num_processes 2 --main_process_port 0")
    assert chain.repro("finetune@author") == ["finetune@author"]
    alone, together = (
        json.loads((one.folder / "metrics/finetune/author.json").read_text())["validation"][-1]
        for one in (rehearsed, chain)
    )
    assert together["log_loss"] == pytest.approx(alone["log_loss"], abs=0.01)
    assert together["accuracy"] == pytest.approx(alone["accuracy"], abs=0.02)


def test_a_corrupted_cache_is_noticed_and_the_stage_run_again(rehearsed: Clone, chain: Clone) -> None:
    corpus = chain.folder / "data/corpus/opinion/test.parquet"
    overwrite(corpus, b"damaged")
    entry = json.loads(chain.run("dvc", "status", "--json").stdout)
    assert "prepare@opinion" in entry
    for kept in (chain.folder / ".dvc/cache/files").rglob("*"):
        if kept.is_file() and kept.read_bytes() == (rehearsed.folder / corpus.relative_to(chain.folder)).read_bytes():
            overwrite(kept, b"damaged too")
    chain.repro()
    assert corpus.read_bytes() == (rehearsed.folder / corpus.relative_to(chain.folder)).read_bytes()


def test_a_corrupted_download_is_noticed_and_fetched_again(chain: Clone, tmp_path: Path) -> None:
    (chain.folder / ".cache/downloads").unlink()
    shutil.copytree(ROOT / ".cache/downloads", chain.folder / ".cache/downloads")
    for kept in (chain.folder / ".cache/downloads").iterdir():
        kept.write_bytes(b"damaged")
    before = (chain.folder / "data/raw/opinion/films.txt").read_bytes()
    shutil.rmtree(chain.folder / "data/raw/opinion")
    result = chain.stage("download", "opinion")
    assert (chain.folder / "data/raw/opinion/films.txt").read_bytes() == before
    assert "WARNING" in result.stderr


def test_an_experiment_varies_a_parameter_and_shows_the_difference(chain: Clone) -> None:
    chain.run("git", "add", "--all")
    chain.run("git", "commit", "--quiet", "--message", "results")
    chain.run("dvc", "exp", "run", "--set-param", "bag_of_words.candidates.content.stemming=false")
    difference = json.loads(chain.run("dvc", "metrics", "diff", "--json").stdout)
    assert "metrics/bag_of_words/opinion.json" in difference
    shown = chain.run("dvc", "plots", "diff", "--out", "plots", "HEAD").stdout
    assert (chain.folder / "plots" / "index.html").exists(), shown


def test_texts_of_my_own_are_answered_by_every_approach_side_by_side(rehearsed: Clone) -> None:
    output = rehearsed.stage(
        "decide", "--task", "opinion", "--text", "A wonderful, moving film.", "--text", "Dull."
    ).stdout
    heading, *lines = output.splitlines()
    assert all(approach in heading for approach in APPROACHES)
    assert [line.rsplit("  ", 1)[1] for line in lines] == ["A wonderful, moving film.", "Dull."]
    assert all(line.count("tive 0.") + line.count("tive 1.") == len(APPROACHES) for line in lines)


def test_lines_of_standard_input_are_answered_too(rehearsed: Clone) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "stages.decide", "--task", "opinion"],
        cwd=rehearsed.folder,
        input="A wonderful film.\n\nDull.\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(result.stdout.splitlines()) == 3


@pytest.mark.parametrize("approach", ["transformer", "student"])
def test_a_model_loads_with_the_pipeline_of_transformers_in_a_fresh_process(rehearsed: Clone, approach: str) -> None:
    code = (
        "from transformers import pipeline;"
        f"print(pipeline('text-classification', 'data/models/opinion/{approach}')('A wonderful film.')[0]['label'])"
    )
    assert rehearsed.run(sys.executable, "-c", code).stdout.strip() in ("negative", "positive")


def test_decisions_on_texts_are_those_of_the_tokens_the_model_was_trained_on(rehearsed: Clone) -> None:
    code = """
from pathlib import Path
from stages.artifacts.tables import read_columns
from stages.transformer.tokenizer import load_tokenizer, tokenize_texts
texts = read_columns(Path("data/corpus/opinion/test.parquet"), ["text"])["text"]
rows = read_columns(Path("data/tokens/opinion/test.parquet"), ["input_ids", "attention_mask"])
stored = [[i for i, m in zip(ids, mask) if m] for ids, mask in zip(rows["input_ids"], rows["attention_mask"])]
assert tokenize_texts(load_tokenizer(Path("data/models/opinion/transformer")), texts).input_ids == stored
"""
    rehearsed.run(sys.executable, "-c", code)


def test_no_stage_after_the_downloads_opens_a_socket(rehearsed: Clone) -> None:
    # The rehearsal ran with every connection refused, and wrote down which stages it refused them to.
    guarded = (rehearsed.folder / GUARDED).read_text().split()
    assert set(guarded) == {f"stages.{name}" for name in STAGES if not name.startswith("download")}
