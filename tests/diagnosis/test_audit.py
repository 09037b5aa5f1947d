"""The stage itself, on a small corpus with mistakes in it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decortique.core import paths
from decortique.core.files import StageError, read_json, write_json
from decortique.core.settings import Approaches
from decortique.core.tables import CORPUS, write_table
from decortique.data.corpus import Row
from decortique.data.settings import Task, TaskSection
from decortique.diagnosis.settings import Audit, Validity
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable, write_predictions
from decortique.models.settings import BagOfWords
from stages import validity as stage
from tests.data.test_prepare import TASK as SPEECHES
from tests.diagnosis.made_auditing import CANDIDATE, SETTINGS

TASK = "kinds"
KINDS = {"fruit": "apple pear plum", "metal": "iron gold tin", "tree": "oak elm ash"}
WORDS = {kind: words.split() for kind, words in KINDS.items()}
DESCRIBED = Task.model_validate(
    {
        **SPEECHES,
        "labels": list(KINDS),
        "reader": {**SPEECHES["reader"], "labels": {kind[0].upper(): kind for kind in KINDS}},
        "split": {"validation": 0.2, "test": 0.2, "keep_groups": False, "seed": 0},
        "decoding": {"methods": ["none"], "measure": "accuracy"},
        "off_the_shelf": {"kind": "zero-shot", "descriptions": {kind: kind for kind in KINDS}},
    }
)


def corpus() -> dict[str, list[Row]]:
    """Return 48 texts of three labels, two of them wrong; one test text is copied from train."""
    random = np.random.default_rng(0)
    made = {
        split: [
            Row(f"{split}-{at}", f"{' '.join(random.permutation(WORDS[kind] * 2))} {split}{at}", kind, None, split, at)
            for at, kind in enumerate(list(KINDS) * count)
        ]
        for split, count in (("train", 10), ("validation", 3), ("test", 3))
    }
    made["test"][1] = Row("copy", made["train"][1].text.upper(), "metal", None, "test", 1)
    made["test"][0] = Row("mistaken", "oak elm ash oak elm another oak", "fruit", None, "test", 0)
    made["train"][3] = Row("mistaken-too", "iron gold tin gold gold iron", "fruit", None, "train", 3)
    return made


def prepare_project(folder: Path, monkeypatch: pytest.MonkeyPatch, rows: dict[str, list[Row]]) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(Audit, "load", lambda: Audit(threshold=0.8, folds=3, seed=0))
    monkeypatch.setattr(Evaluate, "load", lambda: SETTINGS)
    monkeypatch.setattr(Validity, "load", lambda: Validity(features=3, seed=0))
    monkeypatch.setattr(
        BagOfWords,
        "load",
        lambda: BagOfWords(candidates={"plain": CANDIDATE}, select_by="log_loss", strongest=3),
    )
    monkeypatch.setattr(Approaches, "load", lambda: Approaches(["bag-of-words", "transformer"]))
    monkeypatch.setattr(TaskSection, "named", lambda _: DESCRIBED)
    write_json(paths.results("bag_of_words", TASK), {"chosen": "plain", "regularization": 8.0})
    for split, split_rows in rows.items():
        with write_table(paths.corpus(TASK) / f"{split}.parquet", CORPUS) as append:
            append({field: [getattr(row, field) for row in split_rows] for field in CORPUS.names})
    for approach in ("bag-of-words", "transformer"):
        for split in ("validation", "test"):
            # Both approaches know the topic of a text from its first word.
            ids = [row.id for row in rows[split]]
            truth = [
                next(number for number, words in enumerate(WORDS.values()) if row.text.lower().split()[0] in words)
                for row in rows[split]
            ]
            outputs = np.eye(3)[truth] * 0.7 + 0.1
            predicted = PredictionTable(ids, np.array(truth), outputs)
            write_predictions(paths.predictions(TASK, approach), split, approach, list(KINDS), predicted)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    prepare_project(tmp_path, monkeypatch, corpus())
    return tmp_path


def lines(name: str) -> list[dict[str, Any]]:
    text = paths.audit(TASK, name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_the_audit_finds_mistakes_and_leaks_in_a_corpus_of_three_labels(project: Path) -> None:
    stage.validity(TASK)
    suspected = {line["id"]: line for line in lines("labels")}
    assert {"mistaken", "mistaken-too"} <= set(suspected)
    assert lines("labels")[0]["id"] == "mistaken"  # the transformer doubts it too
    assert (suspected["mistaken"]["suggested"], suspected["mistaken-too"]["suggested"]) == ("tree", "metal")
    copies = [line for line in lines("near_duplicates") if line["exact"]]
    assert [(line["first"]["id"], line["second"]["id"]) for line in copies] == [("train-1", "copy")]
    report = read_json(paths.results("validity", TASK, "audit"))
    assert report["near_duplicates"]["overlap"]["test"]["train"] == {"exact": 1, "near": 0}
    leaks = report["near_duplicates"]["leaks"]
    assert leaks["texts"] == 1
    assert leaks["accuracy"]["transformer"]["without"]["value"] == pytest.approx(7 / 8)
    assert report["labels"]["suspected"]["count"] == len(suspected)
    assert report["labels"]["second_opinion"]["best"] == "transformer"
    assert (paths.plots("validity", TASK) / "suspected.png").exists()


def test_an_audit_is_the_same_each_time(project: Path) -> None:
    written = []
    for _ in range(2):
        stage.validity(TASK)
        files = sorted(path for folder in ("data/results", "data/plots") for path in Path(folder).rglob("*.*"))
        written.append({path: path.read_bytes() for path in files})
    assert written[0] == written[1]
    assert len(written[0]) == 6


def test_files_under_git_hold_no_texts(project: Path) -> None:
    stage.validity(TASK)
    assert "another oak" not in paths.results("validity", TASK, "audit").read_text(encoding="utf-8")


def test_a_corpus_without_leaks_is_reported_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = corpus()
    del rows["test"][1]
    prepare_project(tmp_path, monkeypatch, rows)
    stage.validity(TASK)
    assert lines("near_duplicates") == []
    assert read_json(paths.results("validity", TASK, "audit"))["near_duplicates"]["leaks"] == {
        "texts": 0,
        "accuracy": {},
    }


def test_predictions_on_other_rows_are_refused(project: Path) -> None:
    rows = corpus()["test"][::-1]
    with write_table(paths.corpus(TASK) / "test.parquet", CORPUS) as append:
        append({field: [getattr(row, field) for row in rows] for field in CORPUS.names})
    with pytest.raises(StageError, match=r"test\.parquet is not about the rows of the corpus"):
        stage.validity(TASK)
    assert not paths.audit(TASK, "labels").exists()


def test_a_corpus_without_validation_reports_what_is_missing(project: Path) -> None:
    (paths.corpus(TASK) / "validation.parquet").unlink()
    with pytest.raises(StageError, match=r"validation\.parquet is missing"):
        stage.validity(TASK)
