"""The stage itself, on a small corpus of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from decortique.core.tables import CORPUS, read_columns
from decortique.data.corpus import Row
from decortique.data.settings import Split
from decortique.data.splitting import clean_splits
from experiments.clone import choose
from stages import prepare as stage
from tests.conftest import project_in

TASK: dict[str, Any] = {
    "title": "Speakers",
    "language": "en",
    "licence": "none",
    "labels": ["a", "b"],
    "source": {"kind": "folder", "path": ".", "files": {"learn": "learn", "new": "new"}},
    "reader": {"format": "speeches", "files": {"learn": "all", "new": "unlabelled"}, "labels": {"A": "a", "B": "b"}},
    "split": {"validation": 0.25, "test": 0.25, "keep_groups": True, "seed": 0},
    "heads": {"prediction": {"kind": "classification", "column": "label", "loss": "cross_entropy"}},
    "decoding": {"methods": ["none", "viterbi", "one_run"], "measure": "f1"},
    "off_the_shelf": {"kind": "zero-shot", "descriptions": {"a": "one", "b": "other"}},
}
SPEECH = ["A> Thank you.", "A> We met Paul in 1999.", "B> Thank you.", "A> So we leave number {}."]


# Capitals that would make names of the words of the speeches; a text of theirs, one that is repeated, a mark of nobody.
POOL = ["text,mark", "Thank you!,A", "We met Paul in 1998,", "All said Thank You,B", "all said THANK you.,", "Why,C"]


def prepare(
    folder: Path, *, mask: bool = False, pool: bool = False, near: float | None = None, **split: bool
) -> tuple[dict[str, dict[str, list[Any]]], dict[str, Any]]:
    """Run the stage, with a pool beside the speeches on request; return the columns of each split, and the metrics."""
    described = {**(with_pool() if pool else TASK), "split": {**TASK["split"], **split}}
    if not described["split"]["keep_groups"]:
        described["decoding"] = {"methods": ["none"], "measure": "f1"}
    raw = folder / "data/raw/speakers"
    raw.mkdir(parents=True)
    lines = [f"<{speech}:{index}:{text}" for speech in range(1, 13) for index, text in enumerate(SPEECH, start=1)]
    (raw / "learn").write_text("\n".join(lines).replace("{}", "seven"), encoding="utf-8")
    (raw / "new").write_text("<1:1> Paul left.\n<1:2>\n", encoding="utf-8")
    (raw / "pool.csv").write_text("\n".join(POOL), encoding="utf-8")
    choose(folder, {"catalogue/tasks/speakers.yaml:": described, "prepare.mask": mask, "prepare.near_duplicates": near})
    with project_in(folder):
        stage.prepare("speakers")
    tables = (folder / "data/corpus/speakers").glob("*.parquet")
    splits = {path.stem: read_columns(path, CORPUS.names) for path in tables}
    return splits, json.loads((folder / "data/results/prepare/speakers.json").read_text(encoding="utf-8"))


def with_pool() -> dict[str, Any]:
    """Return the task with a pool in another format."""
    files = {**TASK["source"]["files"], "pool.csv": "pool.csv"}
    table = {"format": "table", "files": {"pool.csv": "pool"}, "text": "text", "label": "mark"}
    parts = {"speeches": TASK["reader"], "pool": {**table, "labels": TASK["reader"]["labels"]}}
    return {**TASK, "source": {**TASK["source"], "files": files}, "reader": {"format": "several", "parts": parts}}


def test_streams_stay_whole_even_if_their_sentences_occur_in_others(tmp_path: Path) -> None:
    splits, metrics = prepare(tmp_path, mask=False)
    assert {name: len(columns["id"]) for name, columns in splits.items()} == {
        "train": 24,
        "validation": 12,
        "test": 12,
        "unlabelled": 2,
    }
    assert metrics["duplicates_across_splits"] == {"test": 0, "train": 24, "unlabelled": 0, "validation": 12}
    assert "duplicates_removed" not in metrics
    assert "masked" not in metrics


def test_masked_rows_keep_all_but_names_and_numbers(tmp_path: Path) -> None:
    plain, _ = prepare(tmp_path / "plain", mask=False)
    masked, metrics = prepare(tmp_path / "masked", mask=True)
    for name, columns in plain.items():
        assert {field: values for field, values in masked[name].items() if field != "text"} == {
            field: values for field, values in columns.items() if field != "text"
        }
    assert masked["unlabelled"]["text"] == ["xxname left.", ""]
    assert masked["test"]["text"][:2] == ["Thank you.", "We met xxname in xxnumber."]
    assert metrics["masked"] == {"test": 3, "train": 6, "unlabelled": 1, "validation": 3}


@pytest.mark.parametrize(("keep_groups", "mask"), [(True, True), (False, False)])
def test_a_pool_does_not_change_the_other_splits(tmp_path: Path, *, keep_groups: bool, mask: bool) -> None:
    without, before = prepare(tmp_path / "without", mask=mask, keep_groups=keep_groups)
    beside, after = prepare(tmp_path / "beside", mask=mask, keep_groups=keep_groups, pool=True)
    assert {name: columns for name, columns in beside.items() if name != "pool"} == without
    assert {name: count for name, count in after["rows"].items() if name != "pool"} == before["rows"]


@pytest.mark.parametrize("keep_groups", [True, False])
def test_texts_shared_with_streams_are_removed_from_a_pool(tmp_path: Path, *, keep_groups: bool) -> None:
    splits, metrics = prepare(tmp_path, keep_groups=keep_groups, pool=True)
    assert splits["pool"]["text"] == ["We met Paul in 1998", "All said Thank You"]
    assert splits["pool"]["label"] == [None, "b"]
    assert metrics["rows"]["pool"] == {"all": 2, "b": 1}
    assert metrics["duplicates_removed"]["pool"] == 2
    assert metrics["overlaps_removed"] == {"pool": 0}
    assert ("duplicates_across_splits" in metrics) == keep_groups


def test_near_duplicates_stay_in_streams_but_are_removed_from_a_pool(tmp_path: Path) -> None:
    before, _ = prepare(tmp_path / "before", pool=True)
    splits, metrics = prepare(tmp_path / "after", pool=True, near=0.5)
    # "We met Paul in 1998" is half of "We met Paul in 1999.": 4 of 8 pairs of words.
    assert splits.pop("pool")["text"] == ["All said Thank You"]
    del before["pool"]
    assert splits == before
    assert metrics["near_duplicates_removed"] == {"pool": 1}
    assert metrics["near_duplicates_across_splits"] == {"test": 0, "train": 24, "unlabelled": 0, "validation": 12}


def test_near_duplicates_of_test_texts_are_removed_from_training_if_requested(tmp_path: Path) -> None:
    rows = {
        name: [Row(f"{name}-{index}", text, "a", None, "", index) for index, text in enumerate(texts)]
        for name, texts in {
            "test": ["We met Paul in 1999."],
            "validation": ["Nobody came."],
            "train": ["We met Paul in 1998.", "we met Paul in 1999", "Nobody left at all."],
        }.items()
    }
    rule = Split.model_validate({**TASK["split"], "keep_groups": False})
    splits, counted = clean_splits(rows, rule, None, 0.5)
    assert [row.text for row in splits["train"]] == ["Nobody left at all."]
    assert counted == {
        "duplicates_removed": {"test": 0, "train": 1, "validation": 0},
        "near_duplicates_removed": {"test": 0, "train": 1, "validation": 0},
    }
    assert list(clean_splits(rows, rule, None)[1]) == ["duplicates_removed"]


def test_streams_without_a_pool_report_no_removed_texts(tmp_path: Path) -> None:
    _, metrics = prepare(tmp_path, near=0.5)
    assert "near_duplicates_removed" not in metrics
    assert metrics["near_duplicates_across_splits"]["train"] == 24


def test_names_of_a_pool_are_masked_like_those_of_the_other_splits(tmp_path: Path) -> None:
    splits, metrics = prepare(tmp_path, mask=True, pool=True)
    assert splits["pool"]["text"] == ["We met xxname in xxnumber", "All said xxname"]
    assert metrics["masked"]["pool"] == 2


def test_a_rehearsal_limits_the_pool_too(tmp_path: Path) -> None:
    """Shown by the function itself, as the smallest limit of a rehearsal is longer than this pool."""
    texts = [Row(f"p{number}", f"text {number}", None, None, f"p{number}", number) for number in range(30)]
    rows = {"train": texts[:8], "validation": texts[8:9], "test": texts[9:10], "pool": texts[10:]}
    for keep_groups in (True, False):
        rule = Split.model_validate({**TASK["split"], "keep_groups": keep_groups})
        splits, _ = clean_splits(rows, rule, limit=5)
        assert len(splits["pool"]) == 5
