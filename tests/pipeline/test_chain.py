"""The whole chain on a slice of the real data, as a stranger runs it."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from decortique.core.tables import read_columns
from decortique.models.tokenizer import load_tokenizer, tokenize_texts
from tests.pipeline.conftest import GUARDED, STAGES, Clone, clone_into

APPROACHES = ["bag-of-words", "off-the-shelf", "transformer", "student", "student-1", "static", "stacked"]
LABELS = {"opinion": ["negative", "positive"], "author": ["trump", "clinton"]}
EXAMINED = ("validity", "robustness", "explain")
METHODS = {"opinion": ["none"], "author": ["none", "moving_average", "gaussian", "viterbi"]}


@pytest.mark.parametrize("task", LABELS)
def test_one_command_makes_predictions_of_every_approach(rehearsed: Clone, task: str) -> None:
    for approach in APPROACHES:
        assert_handed_in(rehearsed, task, f"data/predictions/{task}/{approach}")


@pytest.mark.parametrize("task", LABELS)
def test_every_approach_and_their_combination_decide_over_the_stream_too(rehearsed: Clone, task: str) -> None:
    for method in METHODS[task]:
        for approach in [*APPROACHES, "combined"]:
            assert_handed_in(rehearsed, task, f"data/decoded/{task}/{method}/{approach}")


@pytest.mark.parametrize("task", LABELS)
def test_nobody_predicts_on_what_is_learnt_from(rehearsed: Clone, task: str) -> None:
    """The pool is a file of its own, so that its predictions would be handed in beside those of the test."""
    learnt = {"train", "pool"} if task == "opinion" else {"train"}
    corpus = {path.stem for path in (rehearsed.folder / f"data/corpus/{task}").glob("*.parquet")}
    assert learnt < corpus
    for folder in (f"predictions/{task}/student", f"decoded/{task}/none/student"):
        assert {path.stem for path in (rehearsed.folder / "data" / folder).glob("*.parquet")} == corpus - learnt


def assert_handed_in(chain: Clone, task: str, folder: str) -> None:
    """Predictions are in the order of the test rows, a label and a score per line, as in the table beside them."""
    table = pq.read_table(chain.folder / folder / "test.parquet")
    lines = (chain.folder / folder / "test.txt").read_text().splitlines()
    scores = [float(line) for line in (chain.folder / folder / "test.scores.txt").read_text().splitlines()]
    assert lines == table.column("prediction").to_pylist()
    assert set(lines) <= set(LABELS[task])
    last = [row[LABELS[task][-1]] for row in table.column("probability").to_pylist()]
    assert scores == pytest.approx(last, rel=1e-5)
    rows = pq.read_table(chain.folder / f"data/corpus/{task}/test.parquet")
    assert table.column("id") == rows.column("id")


@pytest.mark.parametrize("task", LABELS)
def test_every_measure_of_every_approach_has_an_interval(rehearsed: Clone, task: str) -> None:
    metrics = json.loads((rehearsed.folder / f"data/results/evaluate/{task}/scores.json").read_text())
    assert set(metrics["transfer"]) == ({"products", "tweets", "editorials"} if task == "opinion" else set())
    for scores in (metrics, *metrics["transfer"].values()):
        for approach in APPROACHES:
            for measure in ("accuracy", "macro_f1", "roc_auc", "average_precision", "log_loss"):
                score = scores[approach][measure]
                assert score["low"] <= score["value"] <= score["high"]
        assert set(scores["versus"]) == set(APPROACHES) - {"bag-of-words"}


def test_every_head_is_evaluated(rehearsed: Clone) -> None:
    metrics = json.loads((rehearsed.folder / "data/results/evaluate/opinion/scores.json").read_text())
    assert set(metrics["graded"]) == {"test", "products", "tweets", "editorials"}
    for scores in metrics["graded"].values():
        assert set(scores) == {*APPROACHES, "constant"}
        for score in (*scores["transformer"]["intensity"].values(), scores["student"]["probability"]["spearman"]):
            found = score.get("spearman_difference", score)
            assert found["low"] <= found["value"] <= found["high"]
    assert json.loads((rehearsed.folder / "data/results/evaluate/author/scores.json").read_text())["graded"] == {}


@pytest.mark.parametrize("task", LABELS)
def test_the_model_is_taken_apart_step_by_step(rehearsed: Clone, task: str) -> None:
    found = json.loads((rehearsed.folder / f"data/results/dissect/{task}.json").read_text())
    heads = {"opinion": {"polarity", "intensity"}, "author": {"speaker"}}[task]
    assert {name.split(":")[0] for name in found["steps"] if ":" in name} == heads
    assert all(set(one["decisions"]) == heads for one in found["sentences"].values())
    assert len(list((rehearsed.folder / f"data/dissections/{task}").iterdir())) == len(found["sentences"])


def test_decoding_is_tested_against_no_decoding_by_whole_groups(rehearsed: Clone) -> None:
    decoded = json.loads((rehearsed.folder / "data/results/evaluate/author/scores.json").read_text())["decoded"]
    assert list(decoded) == METHODS["author"]
    for method, lines in decoded.items():
        assert set(lines) == {*APPROACHES, "combined"}
        for line, scores in lines.items():
            assert ("versus_none" in scores) == (method != "none")
            assert ("versus_baseline" in scores) == (line != "bag-of-words")
            for test in {"versus_none", "versus_baseline"} & set(scores):
                assert 0 < scores[test]["accuracy_p"] <= 1
    groups = (rehearsed.folder / "data/plots/evaluate/author/groups.csv").read_text().splitlines()[1:]
    assert {line.split(",")[1][:3] for line in groups} == {"3rd"}


@pytest.mark.parametrize("task", LABELS)
def test_the_controls_say_what_another_split_would_have_claimed(rehearsed: Clone, task: str) -> None:
    controls = json.loads((rehearsed.folder / f"data/results/validity/{task}/controls.json").read_text())
    test = json.loads((rehearsed.folder / f"data/results/evaluate/{task}/scores.json").read_text())["bag-of-words"]
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


def test_pronouns_and_words_of_several_senses_are_found(rehearsed: Clone) -> None:
    pronouns, polysemy = (
        json.loads((rehearsed.folder / f"data/results/{stage}.json").read_text())
        for stage in ("pronouns/en/contextuality", "polysemy/en/senses")
    )
    assert pronouns["antecedents"]["pairs"] >= 30
    assert polysemy["pairs"]["pairs"]["test"] == 40


def test_nothing_is_run_again_when_nothing_changed(chain: Clone) -> None:
    assert chain.repro() == []
    assert "up to date" in chain.run("dvc", "status").stdout


def test_a_second_run_from_nothing_gives_the_same_bytes(rehearsed: Clone, tmp_path: Path) -> None:
    # In processes of its own, with nothing imported before and other orders of sets; the smaller task goes through all.
    again = replace(clone_into(tmp_path / "again"), warm=False)
    again.repro(*(f"{stage}@author" for stage in ("embed", "evaluate", "dissect", "export", *EXAMINED)))
    first, second = (
        {
            name: content
            for name, content in clone.outputs().items()
            if "/author" in name and not name.startswith(("data/cards", "data/report"))  # these tell of both tasks
        }
        for clone in (rehearsed, again)
    )
    assert list(first) == list(second)
    assert len(first) > 100
    assert [name for name in first if first[name] != second[name]] == []


def test_what_is_told_of_a_run_is_told_in_the_same_bytes(rehearsed: Clone, chain: Clone) -> None:
    for folder in ("cards", "report"):
        shutil.rmtree(chain.folder / "data" / folder)
    chain.stage("report")
    first, second = (
        {name: content for name, content in clone.outputs().items() if name.startswith(("data/cards/", "data/report/"))}
        for clone in (rehearsed, chain)
    )
    assert len(first) > 8
    assert first == second


def test_texts_of_my_own_are_answered_by_every_approach_side_by_side(rehearsed: Clone) -> None:
    output = rehearsed.stage("predict", "opinion", "--text", "A wonderful, moving film.", "--text", "Dull.").stdout
    heading, *lines = output.splitlines()
    assert all(approach in heading for approach in APPROACHES)
    assert [line.rsplit("  ", 1)[1] for line in lines] == ["A wonderful, moving film.", "Dull."]
    assert all(line.count("tive 0.") + line.count("tive 1.") == len(APPROACHES) for line in lines)


def test_lines_of_standard_input_are_answered_too(rehearsed: Clone) -> None:
    result = subprocess.run(
        ["python", "-m", "stages.predict", "opinion"],
        cwd=rehearsed.folder,
        env=rehearsed.environment,
        input="A wonderful film.\n\nDull.\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(result.stdout.splitlines()) == 3


def test_models_load_with_the_pipeline_of_transformers_in_a_fresh_process(rehearsed: Clone) -> None:
    code = """
from transformers import pipeline
for approach in ("transformer", "student"):
    print(pipeline("text-classification", f"data/models/opinion/{approach}")("A wonderful film.")[0]["label"])
"""
    answers = rehearsed.run(sys.executable, "-c", code).stdout.split()
    assert len(answers) == 2
    assert set(answers) <= {"negative", "positive"}


def test_predictions_on_texts_are_those_of_the_tokens_the_model_was_trained_on(rehearsed: Clone) -> None:
    data = rehearsed.folder / "data"
    texts = read_columns(data / "corpus/opinion/test.parquet", ["text"])["text"]
    rows = read_columns(data / "tokens/opinion/test.parquet", ["input_ids", "attention_mask"])
    stored = [
        [token for token, mask in zip(ids, masks, strict=True) if mask]
        for ids, masks in zip(rows["input_ids"], rows["attention_mask"], strict=True)
    ]
    assert tokenize_texts(load_tokenizer(data / "models/opinion/transformer"), texts).input_ids == stored


def test_no_stage_after_the_downloads_opens_a_socket(rehearsed: Clone) -> None:
    # The rehearsal ran with every connection refused, and wrote down which stages it refused them to.
    guarded = (rehearsed.folder / GUARDED).read_text().split()
    assert set(guarded) == {f"stages.{name}" for name in STAGES - {"code", "download"}}
