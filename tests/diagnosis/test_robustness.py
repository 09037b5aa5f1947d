"""The stage, on texts that are read by VADER and by a classifier that looks for one word."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from decortique.core import paths
from decortique.core.files import StageError, read_json
from decortique.core.settings import Approaches, Compute
from decortique.core.tables import CORPUS, write_table
from decortique.data.settings import TaskSection
from decortique.diagnosis.settings import Rewrite, Robustness
from decortique.evaluation.settings import Evaluate
from decortique.models.folder import Classifier, Manifest
from decortique.models.loading import load_classifier
from stages import robustness
from tests.diagnosis.made_rewriting import EVALUATE, Fake

ROOT = Path(__file__).parents[2]
TEXTS = [f"The {what} is {how} ." for what in ("film", "plot", "cast") for how in ("Good", "awful", "fine", "dull")]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set up twelve graded texts; the baseline predicts by `Good`, with its capital."""
    opinion = TaskSection.named("opinion", ROOT / "params.yaml")
    monkeypatch.chdir(tmp_path)
    chosen: dict[type, Any] = {
        Approaches: Approaches(["words", "off-the-shelf"]),
        Compute: Compute(threads=1, device="cpu", batch_size=4),
        Evaluate: EVALUATE,
    }
    for kind, value in chosen.items():
        monkeypatch.setattr(kind, "load", lambda value=value: value)
    monkeypatch.setattr(TaskSection, "named", lambda _: opinion)
    monkeypatch.setattr(robustness, "load_classifier", opened)
    write_test(TEXTS)
    paths.model("film", "off-the-shelf").mkdir(parents=True)
    Manifest(kind="vader", labels=opinion.labels).write(paths.model("film", "off-the-shelf"))
    return tmp_path


def opened(folder: Path, compute: Compute) -> tuple[Manifest, Classifier]:
    if folder.name == "words":
        return Manifest(kind="bag-of-words", labels=["negative", "positive"]), Fake(lambda text: "Good" in text)
    return load_classifier(folder, compute)


def write_test(texts: Sequence[str], score: float | None = 1.0) -> None:
    path = paths.corpus("film") / "test.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_table(path, CORPUS) as append:
        append(
            {
                "id": [f"t{index}" for index in range(len(texts))],
                "text": list(texts),
                "label": ["positive" if "Good" in text or "fine" in text else "negative" for text in texts],
                "score": [score] * len(texts),
                "group": ["g"] * len(texts),
                "position": list(range(len(texts))),
            }
        )


def robust(monkeypatch: pytest.MonkeyPatch, *rewrites: Rewrite, texts: int | None = None) -> None:
    settings = Robustness(rewrites=list(rewrites), texts=texts, typo_rate=0.2, seed=0)
    monkeypatch.setattr(Robustness, "load", lambda: settings)
    robustness.robustness("film")


def measured() -> Any:
    return read_json(paths.results("robustness", "film"))


def examples() -> list[dict[str, Any]]:
    return [json.loads(line) for line in paths.rewrites("film").read_text(encoding="utf-8").splitlines()]


@pytest.mark.usefixtures("project")
def test_the_stage_shows_which_approach_reads_capitals_and_which_negations(monkeypatch: pytest.MonkeyPatch) -> None:
    robust(monkeypatch, "lower_case", "negation")
    lower, negation = (measured()["rewrites"][name] for name in ("lower_case", "negation"))
    assert lower["approaches"]["words"]["flips"]["value"] == 3 / 12
    assert lower["approaches"]["off-the-shelf"]["flips"]["value"] == 0
    assert lower["versus"]["off-the-shelf"]["only_baseline_flips"] == 3
    assert negation["should"] == "flip"
    assert negation["approaches"]["words"]["flips"]["value"] == 0
    # "dull" and "not dull", "awful" and "not awful", "good" and "not good", "fine" and "not fine"
    assert negation["approaches"]["off-the-shelf"]["flips"]["value"] > 0.5


@pytest.mark.usefixtures("project")
def test_examples_curve_and_picture_match_the_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    robust(monkeypatch, "lower_case")
    lines = examples()
    assert [line["text"] for line in lines] == [text for text in TEXTS if "Good" in text]
    assert lines[0]["rewritten"] == "the film is good ."
    assert lines[0]["approaches"]["words"]["flipped"] is True
    with (paths.plots("robustness", "film") / "flips.csv").open(encoding="utf-8") as file:
        assert [row["flips"] for row in csv.DictReader(file)] == ["0.25", "0"]
    assert (paths.plots("robustness", "film") / "flips.png").read_bytes().startswith(b"\x89PNG")
    assert "film is" not in paths.results("robustness", "film").read_text(encoding="utf-8")


@pytest.mark.usefixtures("project")
def test_the_metrics_name_rewrites_that_are_not_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    write_test(["awful", "dull"])
    robust(monkeypatch, "lower_case", "synonyms", "typos")
    assert measured()["left_out"] == {
        "synonyms": "data/raw/film holds no WordNet: a part of the task's source may bring it",
        "lower_case": "it changes none of the texts",
    }
    assert list(measured()["rewrites"]) == ["typos"]


@pytest.mark.usefixtures("project")
def test_without_possible_rewrites_the_results_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    write_test(["awful", "dull"])
    with pytest.raises(StageError, match=r"robustness\.rewrites has nothing for film \(synonyms: .* holds no WordNet"):
        robust(monkeypatch, "synonyms", "lower_case")
    assert not paths.results("robustness", "film").exists()


@pytest.mark.usefixtures("project")
def test_without_grades_a_negation_should_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    write_test(TEXTS, score=None)
    robust(monkeypatch, "negation")
    assert measured()["rewrites"]["negation"]["should"] == "stay"
    assert "accuracy_difference" in measured()["rewrites"]["negation"]["approaches"]["words"]


def test_a_second_run_writes_the_same_bytes_and_a_sample_has_fewer_texts(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(texts: int | None) -> dict[Path, bytes]:
        robust(monkeypatch, "typos", "negation", texts=texts)
        written = [path for folder in ("results", "plots") for path in (project / "data" / folder).rglob("*.*")]
        return {path: path.read_bytes() for path in written}

    assert run(10) == run(10)
    assert measured()["texts"] == 10
    run(None)
    assert measured()["texts"] == 12
