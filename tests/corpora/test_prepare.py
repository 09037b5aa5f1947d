"""The stage itself, on a small corpus of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.artifacts.tables import CORPUS, read_columns

ROOT = Path(__file__).parents[2]
TASK: dict[str, Any] = {
    "title": "Speakers",
    "language": "en",
    "licence": "none",
    "labels": ["a", "b"],
    "source": {"kind": "folder", "path": ".", "files": {"learn": "learn", "new": "new"}},
    "reader": {"format": "speeches", "files": {"learn": "all", "new": "unlabelled"}, "labels": {"A": "a", "B": "b"}},
    "split": {"validation": 0.25, "test": 0.25, "keep_groups": True, "seed": 0},
    "heads": {"decision": {"kind": "classification", "column": "label", "loss": "cross_entropy"}},
    "decoding": {"methods": ["none", "viterbi", "one_run"], "measure": "f1"},
    "retrieved": {"kind": "zero-shot", "descriptions": {"a": "one", "b": "other"}},
}
SPEECH = ["A> Thank you.", "A> We met Paul in 1999.", "B> Thank you.", "A> So we leave number {}."]


def prepare(folder: Path, *, mask: bool) -> tuple[dict[str, dict[str, list[Any]]], dict[str, Any]]:
    """Runs the stage; gives the columns of each split, and the metrics."""
    params = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["task"]["speakers"] = TASK
    params["prepare"] = {**params["prepare"], "mask": mask}
    raw = folder / "data/raw/speakers"
    raw.mkdir(parents=True)
    lines = [f"<{speech}:{place}:{text}" for speech in range(1, 13) for place, text in enumerate(SPEECH, start=1)]
    (raw / "learn").write_text("\n".join(lines).replace("{}", "seven"), encoding="utf-8")
    (raw / "new").write_text("<1:1> Paul left.\n<1:2>\n", encoding="utf-8")
    with (folder / "params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(params, file)
    command = [sys.executable, "-m", "stages.prepare", "speakers"]
    subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, check=True)
    tables = (folder / "data/corpus/speakers").glob("*.parquet")
    splits = {path.stem: read_columns(path, CORPUS.names) for path in tables}
    return splits, json.loads((folder / "metrics/prepare/speakers.json").read_text(encoding="utf-8"))


def test_streams_are_kept_whole_though_their_sentences_stand_in_others_too(tmp_path: Path) -> None:
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
