"""Every stage, given something bad, says so in one line, fails, and leaves nothing half-written."""

import shutil
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from decortique.core.command import run
from tests.conftest import project_in
from tests.pipeline.conftest import Clone, copied, overwrite

Damage = Callable[[Clone], None]


def damaged(name: str) -> Damage:
    """Overwrites a file of the chain."""
    return lambda chain: overwrite(chain.folder / name, b"this is no such file")


def missing(name: str) -> Damage:
    """Remove a file or folder of the chain."""

    def damage(chain: Clone) -> None:
        path = chain.folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def setting(name: str, value: object) -> Damage:
    """Change params.yaml or the catalogue."""
    return lambda chain: chain.set({name: value})


def other_rows(chain: Clone) -> None:
    """Return an approach the predictions of another split."""
    folder = chain.folder / "data/predictions/opinion/student"
    (folder / "test.parquet").unlink()
    shutil.copy(folder / "transfer-tweets.parquet", folder / "test.parquet")


def of_another_collection(chain: Clone) -> None:
    """Return a collection the vectors of another one."""
    path = chain.folder / "data/embeddings/films/seen.parquet"
    path.unlink()
    shutil.copy(chain.folder / "data/embeddings/editorials/seen.parquet", path)


GRADED = ("films", "products", "tweets", "editorials")
NOWHERE = {f"{name}.txt": "nowhere.txt" for kind in GRADED for name in (kind, f"{kind}-ratings")}

CASES: list[tuple[str, list[str], Damage, str]] = [
    (
        "download",
        ["task", "opinion"],
        setting("catalogue/tasks/opinion.yaml:source.parts.graded.sha256", "0" * 64),
        "catalogue/tasks/opinion.yaml: source",
    ),
    (
        "download",
        ["task", "opinion"],
        setting("catalogue/tasks/opinion.yaml:source.parts.graded.files", {"films.txt": "a"}),
        "which source.files does not bring",
    ),
    (
        "download",
        ["task", "opinion"],
        setting("catalogue/tasks/opinion.yaml:source.parts.graded.files", NOWHERE),
        "catalogue/tasks/opinion.yaml: source.parts.graded (pypi vaderSentiment",
    ),
    ("download", ["task", "opinions"], lambda _: None, "catalogue/tasks/opinions.yaml is missing"),
    ("download", ["encoder", "nothing"], lambda _: None, "catalogue/encoders/nothing.yaml is missing"),
    ("prepare", ["opinion"], missing("data/raw/opinion/films.txt"), "films.txt is missing"),
    ("prepare", ["opinion"], damaged("data/raw/opinion/tweets.txt"), "tweets.txt line 1: 1 fields"),
    ("prepare", ["opinion"], setting("prepare.limits", 3), "prepare.limits is not a setting"),
    ("tokenize", ["opinion"], damaged("data/corpus/opinion/test.parquet"), "test.parquet is not a valid Parquet file"),
    ("tokenize", ["opinion"], setting("tokenize.max_length", 5000), "tokenize.max_length is 5000"),
    ("tokenize", ["opinion"], missing("data/encoders/all-minilm-l6-v2"), "all-minilm-l6-v2 holds no tokenizer"),
    ("embed", ["opinion"], damaged("data/tokens/opinion/test.parquet"), "test.parquet is not a valid Parquet file"),
    ("embed", ["opinion"], setting("embed.layer", 99), "embed.layer is 99"),
    ("embed", ["opinion"], setting("embed.splits", ["tests"]), "tests.parquet is missing"),
    ("embed", ["opinion"], setting("compute.device", "cuda:77"), "compute.device is 'cuda:77'"),
    ("bag_of_words", ["opinion"], missing("data/corpus/opinion/train.parquet"), "train.parquet is missing"),
    ("bag_of_words", ["opinion"], setting("bag_of_words.candidates.content.min_documents", 1000), "min_documents"),
    (
        "off_the_shelf",
        ["opinion"],
        setting("catalogue/tasks/opinion.yaml:off_the_shelf.kind", "oracle"),
        "catalogue/tasks/opinion.yaml: off_the_shelf",
    ),
    ("finetune", ["opinion"], setting("finetune.learning_rate", 1e30), "the loss became nan"),
    ("finetune", ["opinion"], damaged("data/encoders/all-minilm-l6-v2/model.safetensors"), "model.safetensors"),
    (
        "distill",
        ["opinion", "student"],
        setting("catalogue/students/student.yaml:start.layers", [2, 9]),
        "start.layers names layer 9",
    ),
    ("distill", ["opinion", "student"], setting("distill.teacher", "nobody"), "nobody/approach.json is missing"),
    ("distill", ["opinion", "nobody"], lambda _: None, "catalogue/students/nobody.yaml is missing"),
    (
        "distill",
        ["author", "student-1"],
        setting("catalogue/students/student-1.yaml:texts", {"pool": True}),
        "pool.parquet is missing",
    ),
    ("distill", ["opinion", "again"], setting("rounds.again.teacher", "again"), "again learns from again: a circle"),
    ("stack", ["opinion", "student-1"], missing("data/models/opinion/student-1"), "student-1/approach.json is missing"),
    ("stack", ["opinion", "student-1"], setting("stack.partner", "oracle"), "stack.partner: 'oracle'"),
    ("evaluate", ["opinion"], missing("data/predictions/opinion/again"), "again/test.parquet is missing"),
    ("export", ["opinion"], setting("export.approaches", ["static"]), "only a transformer can be exported"),
    (
        "predict",
        ["opinion", "--approach", "oracle", "--text", "Dull."],
        lambda _: None,
        "oracle/approach.json is missing",
    ),
    (
        "predict",
        ["opinion", "--examples"],
        damaged("data/models/opinion/bag-of-words/model.skops"),
        "model.skops is damaged",
    ),
    ("prepare", ["author"], damaged("data/raw/author/debates.csv.gz"), "debates.csv.gz cannot be read to its end"),
    ("prepare", ["author"], setting("catalogue/tasks/author.yaml:split.test", ["4th-*"]), "4th-*"),
    ("prepare", ["author"], setting("catalogue/tasks/author.yaml:reader.text", "speech"), "no column 'speech'"),
    ("decode", ["author"], missing("data/predictions/author/student"), "student/test.parquet is missing"),
    ("decode", ["opinion"], other_rows, "student/test.parquet is not about the rows of the corpus"),
    ("decode", ["author"], setting("decode.combine", ["bag-of-words", "oracle"]), "decode.combine: 'oracle'"),
    (
        "decode",
        ["author"],
        setting("catalogue/tasks/author.yaml:decoding.methods", ["viterbi"]),
        "catalogue/tasks/author.yaml: decoding",
    ),
    (
        "decode",
        ["opinion"],
        setting("catalogue/tasks/opinion.yaml:decoding.methods", ["none", "gaussian"]),
        "catalogue/tasks/opinion.yaml: decoding",
    ),
    ("evaluate", ["author"], missing("data/decoded/author/viterbi"), "viterbi holds no predictions"),
    ("validity", ["author"], missing("data/results/bag_of_words/author.json"), "bag_of_words/author.json is missing"),
    ("download", ["collection", "nothing"], lambda _: None, "catalogue/collections/nothing.yaml is missing"),
    ("gather", ["films"], missing("data/raw/films/reviews.csv.bz2"), "reviews.csv.bz2 is missing"),
    ("gather", ["films"], damaged("data/raw/films/reviews.csv.bz2"), "reviews.csv.bz2 cannot be read to its end"),
    (
        "gather",
        ["films"],
        setting("catalogue/collections/films.yaml:min_texts", 99),
        "0 groups have 99 texts (the largest has 35)",
    ),
    ("gather", ["editorials"], damaged("data/raw/editorials/editorials.txt"), "editorials.txt line 1: 1 fields"),
    ("gather", ["films"], setting("embed.layer", 99), "embed.layer is 99"),
    ("cluster", ["films"], damaged("data/embeddings/films/seen.parquet"), "seen.parquet is not a valid Parquet file"),
    ("cluster", ["films"], of_another_collection, "holds vectors of other texts"),
    ("cluster", ["films"], setting("cluster.representations", ["glvoe"]), "no vectors 'glvoe' in any language"),
    ("cluster", ["films"], setting("cluster.methods", ["dbscan"]), "cluster.methods.0"),
    ("summarize", ["films"], setting("summarize.opinion.approach", "oracle"), "'oracle' is not among approaches"),
    ("summarize", ["films"], missing("data/models/opinion/bag-of-words"), "bag-of-words/approach.json is missing"),
    ("summarize", ["films", "--sentences", "2"], lambda _: None, "options are for a text of your own"),
    ("summarize", ["--file", "nowhere.txt"], lambda _: None, "nowhere.txt cannot be read: No such file or directory"),
    ("evaluate", ["opinion"], missing("data/raw/opinion/films-ratings.txt"), "films-ratings.txt is missing"),
    (
        "evaluate",
        ["opinion"],
        damaged("data/raw/opinion/tweets-ratings.txt"),
        "tweets-ratings.txt line 1 holds no list",
    ),
    ("cluster", ["films"], missing("data/collections/films/seen.parquet"), "seen.parquet is missing"),
    ("predict", ["opinion", "--examples", "--text", "Dull."], lambda _: None, "omit --approach and --text"),
    (
        "validity",
        ["author"],
        missing("data/predictions/author/bag-of-words"),
        "bag-of-words/validation.parquet is missing",
    ),
    ("validity", ["author"], setting("audit.folds", 1), "audit.folds"),
    (
        "robustness",
        ["opinion"],
        missing("data/models/opinion/bag-of-words/approach.json"),
        "bag-of-words/approach.json is missing",
    ),
    ("robustness", ["opinion"], missing("data/raw/opinion/data.adv"), "data.adv is missing"),
    (
        "explain",
        ["opinion"],
        damaged("data/models/opinion/transformer/model.safetensors"),
        "model.safetensors cannot be loaded",
    ),
    ("explain", ["opinion"], setting("explain.n_deleted", [1, 500]), "no test text has more than 500 words"),
    ("report", [], missing("data/models/author/static/README.md"), "README.md is missing or damaged"),
    ("report", [], missing("data/results/evaluate/opinion/slices.json"), "opinion/slices.json is missing"),
    ("report", [], damaged("data/plots/evaluate/author/accuracy.png"), "accuracy.png is missing, or no picture"),
    ("report", [], setting("report.max_megabytes", 0.01), "report.max_megabytes allows 0.01"),
    ("evaluate", ["opinion"], other_rows, "student/test.parquet is not about the rows of the corpus"),
    ("evaluate", ["opinion"], missing("data/predictions/opinion/student"), "student/test.parquet is missing"),
]


@pytest.fixture
def project(rehearsed: Clone, tmp_path: Path) -> Clone:
    """What the stages read and write of the chain, for a test to damage."""
    names = (".cache", "catalogue", "data", "dvc.yaml", "metrics", "params.yaml", "probes")
    return copied(rehearsed, tmp_path / "project", *names)


@pytest.fixture
def run_here(project: Clone, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str | int | None]:
    """Run a stage as `python -m` does, but in this process, which need not import torch eighty times."""

    def run_stage(stage: str, *arguments: str) -> str | int | None:
        monkeypatch.setattr(sys, "argv", [stage, *arguments])
        with project_in(project.folder), pytest.raises(SystemExit) as ended:
            run(getattr(import_module(f"stages.{stage}"), stage))
        return ended.value.code

    return run_stage


@pytest.mark.parametrize(("stage", "arguments", "damage", "said"), CASES, ids=[f"{c[0]}-{c[3][:40]}" for c in CASES])
def test_a_failure_is_one_plain_line_and_leaves_nothing_half_written(
    project: Clone,
    run_here: Callable[..., str | int | None],
    stage: str,
    arguments: list[str],
    damage: Damage,
    said: str,
) -> None:
    damage(project)
    before = project.files()
    last = run_here(stage, *arguments)
    assert isinstance(last, str)
    assert last.startswith("ERROR ")
    assert "\n" not in last
    assert said in last
    assert project.files() == before


def test_a_stage_that_fails_ends_with_exit_code_1_and_no_traceback(chain: Clone) -> None:
    damaged("data/raw/opinion/tweets.txt")(chain)
    result = chain.stage("prepare", "opinion", check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.strip().splitlines()[-1].startswith("ERROR ")


def test_dvc_records_no_success_when_a_stage_fails(chain: Clone) -> None:
    chain.set(finetune__learning_rate=1e30)
    result = chain.run("dvc", "repro", check=False)
    assert result.returncode != 0
    assert "finetune@opinion" in chain.run("dvc", "status").stdout


def test_a_full_disk_is_said_in_plain_words(chain: Clone, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "sitecustomize.py").write_text(
        "import pathlib, errno\n"
        "def refuse(self, *_, **__): raise OSError(errno.ENOSPC, 'No space left on device', str(self))\n"
        "pathlib.Path.write_text = refuse\n"
    )
    result = chain.stage("off_the_shelf", "opinion", check=False, PYTHONPATH=str(full))
    assert result.returncode == 1
    assert "the disk is full" in result.stderr
    assert "Traceback" not in result.stderr
