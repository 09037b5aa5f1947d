"""What is run again when something changes, breaks off or breaks."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from decortique.models.checkpoint import load_checkpoint
from tests.pipeline.conftest import REPORTED, ROOT, Clone, overwrite

WORDS = {"pronouns@en", "polysemy@en"}
COLLECTED = {f"{stage}@{name}" for stage in ("cluster", "summarize") for name in ("films", "editorials")}


def of_both(*stages: str) -> set[str]:
    """Name stages of the task `opinion`, and the same ones of `author`."""
    return {*stages, *(stage.replace("opinion", "author") for stage in stages)}


def test_a_changed_evaluation_parameter_runs_the_evaluation_only(chain: Clone) -> None:
    chain.set(evaluate__resamples=300)
    # The intervals about words are drawn as those of the scores are.
    scored = ("evaluate", "export", "validity", "robustness", "explain")
    assert chain.changed() == WORDS | REPORTED | of_both(*(f"{stage}@opinion" for stage in scored))


def test_a_changed_comment_in_a_module_that_all_import_runs_nothing_again(chain: Clone) -> None:
    with (chain.folder / "decortique/data/source_settings.py").open("a", encoding="utf-8") as file:
        file.write("\n# A remark.\n")
    assert chain.repro() == ["code"]


def test_a_changed_constant_runs_the_stages_that_import_it_and_no_other(chain: Clone) -> None:
    path = chain.folder / "decortique/diagnosis/perturbations.py"
    path.write_text(f"{path.read_text(encoding='utf-8')}\nANOTHER = 1\n", encoding="utf-8")
    why = chain.run("decortique", "why", "robustness@opinion").stdout
    assert "code: decortique/diagnosis/perturbations.py changed" in why
    assert chain.repro("code") == ["code"]
    assert chain.changed() == of_both("robustness@opinion")


def test_a_newer_package_runs_the_stages_that_use_it_and_no_other(chain: Clone) -> None:
    path = chain.folder / "requirements.lock"
    path.write_text(re.sub(r"(?m)^rouge_score==.*$", "rouge_score==99.0", path.read_text("utf-8")), encoding="utf-8")
    assert "version: rouge-score" in chain.run("decortique", "why", "summarize@films").stdout
    assert chain.repro("code") == ["code"]
    assert chain.changed() == {"summarize@films", "summarize@editorials"}


def test_a_comment_in_the_catalogue_runs_nothing_again_and_a_title_the_report(chain: Clone) -> None:
    path = chain.folder / "catalogue/encoders/multilingual-e5-small-hub.yaml"
    path.write_text(f"# A remark.\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    assert chain.repro() == ["code"]
    chain.set({"catalogue/collections/films.yaml:licence": "another"})
    assert chain.repro() == ["code", "report"]


def test_a_clone_with_a_filled_cache_runs_nothing(chain: Clone, tmp_path: Path) -> None:
    chain.run("git", "add", "--all")
    chain.run("git", "commit", "--quiet", "--message", "results")
    chain.run("git", "clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Clone(tmp_path / "clone")
    clone.run("dvc", "cache", "dir", "--local", "--quiet", str(chain.folder / ".dvc/cache"))
    assert clone.repro() == []
    assert (clone.folder / "data/report/index.html").read_bytes() == (
        chain.folder / "data/report/index.html"
    ).read_bytes()


def test_a_changed_choice_about_pronouns_concerns_nothing_else(chain: Clone) -> None:
    chain.set(pronouns__seed=1)
    assert chain.changed() == {"pronouns@en"}


def test_changed_vectors_of_words_concern_all_who_take_them(chain: Clone) -> None:
    chain.set(word2vec__epochs=2)
    assert chain.changed() == {"word2vec@en"}
    assert chain.repro("word2vec@en") == ["word2vec@en"]
    assert chain.changed() == WORDS | COLLECTED | REPORTED  # which looks at all models


def test_a_changed_combination_is_decoded_and_evaluated_only(chain: Clone) -> None:
    chain.set(decode__combine=["bag-of-words", "student"])
    assert chain.changed() == of_both("decode@opinion")
    assert chain.repro("decode@opinion") == ["decode@opinion"]
    assert chain.changed() == REPORTED | {"decode@author", "evaluate@opinion"}


def test_a_changed_student_leaves_its_teacher_alone(chain: Clone) -> None:
    chain.set({"catalogue/students/student.yaml:start.layers": [5]})
    assert chain.changed() == {"code"} | of_both("distill@opinion-student")
    assert chain.repro("predict@opinion") == ["code", "distill@opinion-student", "predict@opinion"]
    asked = ("decode", "evaluate", "export", "validity", "robustness", "explain")
    assert chain.changed() == REPORTED | {"distill@author-student", *(f"{stage}@opinion" for stage in asked)}
    config = json.loads((chain.folder / "data/models/opinion/student/config.json").read_text())
    assert config["num_hidden_layers"] == 1


def test_a_round_is_added_by_one_option_and_followed_back_to_the_first_teacher(chain: Clone) -> None:
    chain.run("git", "add", "--all")
    chain.run("git", "commit", "--quiet", "--message", "results")
    added = "+rounds.thrice={task: opinion, teacher: again, student: born-again, seed: 2}"
    chain.run("dvc", "exp", "run", "-S", added, "evaluate@opinion")
    members = json.loads((chain.folder / "data/results/evaluate/opinion/generations.json").read_text())["members"]
    assert members["thrice"]["generation"] == 3
    assert members["thrice"]["ancestor"] == "transformer"
    assert members["again"]["teacher"] == "student-1"


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
    while not list((chain.folder / "data/plots/finetune").glob(".opinion-*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    subprocess.run(["pkill", "-INT", "-s", str(process.pid)], check=False)
    assert process.wait(timeout=60) != 0
    assert not (chain.folder / "data/models/opinion/transformer").exists()
    states = chain.folder / ".cache/trainings/finetune-opinion"
    (checkpoint,) = states.glob("*.safetensors")
    state = load_checkpoint(checkpoint)
    assert state is not None
    assert state["progress"]["step"] > 0
    again = chain.repro("finetune@opinion")
    assert "prepare@opinion" not in again
    assert "finetune@opinion" in again
    assert chain.outputs() == rehearsed.outputs()
    assert not list(states.iterdir())


def test_several_processes_train_as_one_does(rehearsed: Clone, chain: Clone) -> None:
    chain.set(launcher="accelerate launch --multi_gpu --num_processes 2 --main_process_port 0")
    assert chain.repro("finetune@author") == ["finetune@author"]
    alone, together = (
        json.loads((one.folder / "data/results/finetune/author.json").read_text())["validation"][-1]
        for one in (rehearsed, chain)
    )
    assert together["log_loss"] == pytest.approx(alone["log_loss"], abs=0.01)
    assert together["accuracy"] == pytest.approx(alone["accuracy"], abs=0.02)


def test_a_corrupted_cache_is_noticed_and_the_stage_run_again(rehearsed: Clone, chain: Clone) -> None:
    corpus = chain.folder / "data/corpus/opinion/test.parquet"
    overwrite(corpus, b"damaged")
    assert "prepare@opinion" in chain.changed()
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
    result = chain.stage("download", "task", "opinion")
    assert (chain.folder / "data/raw/opinion/films.txt").read_bytes() == before
    assert "WARNING" in result.stderr
