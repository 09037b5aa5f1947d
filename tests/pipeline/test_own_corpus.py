"""A person's own corpus, described as the README says, goes through the whole chain."""

import csv
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.pipeline.conftest import ROOT, Clone, clone_into

NOUNS = ["kettle", "lamp", "chair", "radio", "blanket", "clock", "basket", "mirror"]
GOOD = ["works perfectly", "is beautiful", "was worth every cent", "makes me happy"]
BAD = ["broke at once", "is ugly", "was a waste of money", "makes me angry"]


def described_in(page: str, file: str) -> dict[str, Any]:
    """What a page says should stand in a file: the YAML block whose first line names it."""
    blocks = re.findall(r"```yaml\n# (\S+)\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    described: dict[str, Any] = YAML(typ="safe", pure=True).load(dict(blocks)[file])
    return described


def reviews(path: Path) -> None:
    """Write 200 made-up reviews, one of which is empty."""
    choose = random.Random(0)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["number", "comment", "verdict"])
        for number in range(200):
            good = number % 2 == 0
            words = f"The {choose.choice(NOUNS)} I got,\nnumber {number}, {choose.choice(GOOD if good else BAD)}."
            table.writerow([number, "" if number == 7 else words, "good" if good else "bad"])


def with_own_task(tmp_path: Path) -> Clone:
    """A clone with a task that the README describes."""
    clone = clone_into(tmp_path / "clone")
    (tmp_path / "corpora").mkdir()
    reviews(tmp_path / "corpora" / "reviews.csv")
    entry = described_in("README.md", "catalogue/tasks/reviews.yaml")
    assert entry["source"]["path"] == "~/corpora/reviews"
    entry["source"]["path"] = str(tmp_path / "corpora")
    # What is asked about words has nothing to do with it.
    clone.set({"catalogue/tasks/reviews.yaml:": entry}, tasks=["reviews"], collections=[], languages=[], rounds={})
    return clone


def test_a_corpus_of_ones_own_goes_through_the_whole_chain(tmp_path: Path) -> None:
    clone = with_own_task(tmp_path)
    refused = clone.run("dvc", "repro", check=False)
    assert refused.returncode != 0
    assert "reviews.csv line 16: comment is empty" in refused.stderr + refused.stdout

    clone.set(prepare__bad_rows=1)
    clone.repro()
    for approach in ("bag-of-words", "off-the-shelf", "transformer", "student"):
        lines = (clone.folder / "data/predictions/reviews" / approach / "test.txt").read_text().split()
        assert set(lines) <= {"good", "bad"}
        assert len(lines) >= 10
    assert (clone.folder / "data/results/evaluate/reviews/scores.json").exists()


def test_the_page_on_own_texts_describes_an_encoder_that_is_understood(tmp_path: Path) -> None:
    clone = replace(clone_into(tmp_path / "clone"), warm=False)  # HF_HUB_OFFLINE is read once, at import
    entry = described_in("docs/own-texts.md", "catalogue/encoders/distilbert.yaml")
    assert entry["source"]["revision"] == "<the full commit hash>"
    entry["source"]["revision"] = "0123456789abcdef0123456789abcdef01234567"
    clone.set({"catalogue/encoders/distilbert.yaml:": entry}, encoder="distilbert")
    assert "download_encoder" in clone.run("dvc", "stage", "list").stdout
    result = clone.stage("download", "encoder", "distilbert", check=False, HF_HUB_OFFLINE="1")
    assert result.returncode == 1
    assert "catalogue/encoders/distilbert.yaml: source (hub distilbert/distilbert-base-uncased)" in result.stderr
