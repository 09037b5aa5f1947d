"""A person's own corpus, described as the README says, goes through the whole chain."""

import csv
import random
import re
from pathlib import Path

from ruamel.yaml import YAML

from tests.pipeline.conftest import ROOT, Clone, clone_into

NOUNS = ["kettle", "lamp", "chair", "radio", "blanket", "clock", "basket", "mirror"]
GOOD = ["works perfectly", "is beautiful", "was worth every cent", "makes me happy"]
BAD = ["broke at once", "is ugly", "was a waste of money", "makes me angry"]


def readme_yaml(key: str) -> str:
    """The YAML block of the README that describes `key`."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return next(block for block in blocks if f"\n{key}:" in f"\n{block}")


def reviews(path: Path) -> None:
    """Writes 200 made-up reviews, one of which is empty."""
    choose = random.Random(0)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["number", "comment", "verdict"])
        for number in range(200):
            good = number % 2 == 0
            words = f"The {choose.choice(NOUNS)} I got,\nnumber {number}, {choose.choice(GOOD if good else BAD)}."
            table.writerow([number, "" if number == 7 else words, "good" if good else "bad"])


def with_own_task(tmp_path: Path) -> Clone:
    """A clone whose params.yaml was edited as the README says."""
    clone = clone_into(tmp_path / "clone")
    (tmp_path / "corpora").mkdir()
    reviews(tmp_path / "corpora" / "reviews.csv")
    yaml = YAML()
    params = yaml.load(clone.folder / "params.yaml")
    section = yaml.load(readme_yaml("task").replace("~/corpora/reviews", str(tmp_path / "corpora")))
    params["tasks"], params["rounds"], params["collections"] = section["tasks"], {}, section["collections"]
    params["languages"] = []  # what is asked about words has nothing to do with it
    params["task"].update(section["task"])
    yaml.dump(params, clone.folder / "params.yaml")
    return clone


def test_a_corpus_of_ones_own_goes_through_the_whole_chain(tmp_path: Path) -> None:
    clone = with_own_task(tmp_path)
    refused = clone.run("dvc", "repro", check=False)
    assert refused.returncode != 0
    assert "reviews.csv line 16: comment is empty" in refused.stderr + refused.stdout

    clone.set(prepare__bad_rows=1)
    clone.repro()
    for approach in ("bag-of-words", "retrieved", "transformer", "student"):
        lines = (clone.folder / "data/decisions/reviews" / approach / "test.txt").read_text().split()
        assert set(lines) <= {"good", "bad"}
        assert len(lines) >= 10
    assert (clone.folder / "metrics/evaluate/reviews.json").exists()


def test_the_readme_describes_an_encoder_that_is_understood(tmp_path: Path) -> None:
    clone = clone_into(tmp_path / "clone")
    yaml = YAML()
    params = yaml.load(clone.folder / "params.yaml")
    section = yaml.load(
        readme_yaml("encoders").replace("<the full commit hash>", "0123456789abcdef0123456789abcdef01234567")
    )
    params["encoder"] = section["encoder"]
    params["encoders"].update(section["encoders"])
    yaml.dump(params, clone.folder / "params.yaml")
    assert "download_encoder" in clone.run("dvc", "stage", "list").stdout
    result = clone.stage("download_encoder", "distilbert", check=False, HF_HUB_OFFLINE="1")
    assert result.returncode == 1
    assert "encoders.distilbert.source (hub distilbert/distilbert-base-uncased)" in result.stderr
