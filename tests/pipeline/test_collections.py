"""Collections as a stranger uses them: one's own, summaries of one's own texts, and what a change runs again."""

import csv
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.conftest import REPORTED, Clone
from tests.pipeline.test_own_corpus import described_in

BATTERY = [f"The battery lasts {hours} hours and hardly needs charging." for hours in range(5, 12)]
STAGES = ("cluster", "summarize")
SCREEN = [f"The screen is bright, even in the sun of {month}." for month in ("May", "June", "July", "August")]


def described(chain: Clone, name: str, **changes: Any) -> None:
    """Make the collection of docs/own-texts.md, changed, the only one of the run."""
    entry = {**described_in("docs/own-texts.md", "catalogue/collections/letters.yaml"), **changes}
    chain.set({"collections": [name], f"catalogue/collections/{name}.yaml:": entry})


def summaries(chain: Clone, name: str) -> list[dict[str, Any]]:
    lines = (chain.folder / f"data/summaries/{name}/summaries.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_a_collection_of_ones_own_is_clustered_and_summarised(chain: Clone, tmp_path: Path) -> None:
    with (tmp_path / "letters.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["subject", "body"])
        for subject in ("phones", "radios", "lamps"):
            table.writerows([subject, f"{first} {second}"] for first, second in zip(BATTERY, SCREEN * 2, strict=False))
    source = {"kind": "folder", "path": str(tmp_path), "files": {"letters.csv": "letters.csv"}}
    described(chain, "letters", source=source)
    assert {name for name in chain.repro() if "letters" not in name} == REPORTED | {"code"}
    found = [row for row in summaries(chain, "letters") if row["approach"] == "clusters"]
    assert [row["group"] for row in found] == ["lamps", "phones", "radios"]
    for row in found:
        assert row["of"] == 14, "each letter was cut into its two sentences"
        assert len(set(row["sentences"])) == 3
        assert {"battery" in sentence for sentence in row["sentences"]} == {True, False}
    page = (chain.folder / "data/summaries/letters/index.html").read_text(encoding="utf-8")
    assert all(sentence in page for sentence in found[0]["sentences"])
    assert json.loads((chain.folder / "data/results/cluster/letters.json").read_text())["sets"] == 1


def test_summaries_that_people_wrote_are_scored_against(chain: Clone, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "opinions.zip", "w") as archive:
        for group in ("phones", "radios"):
            archive.writestr(f"Opinions/topics/{group}.txt.data", "\n".join([*BATTERY, *SCREEN]))
            archive.writestr(
                f"Opinions/summaries-gold/{group}/{group}.1.gold", "The battery lasts long.\nBright screen."
            )
        archive.writestr("__MACOSX/Opinions/topics/._phones.txt.data", "no text at all")
    source = {"kind": "folder", "path": str(tmp_path), "files": {"opinosis.zip": "opinions.zip"}}
    chain.set({"collections": ["opinosis"], "catalogue/collections/opinosis.yaml:source": source})
    chain.repro("summarize@opinosis")
    approaches = json.loads((chain.folder / "data/results/summarize/opinosis.json").read_text())["approaches"]
    assert 0.2 < approaches["clusters"]["rouge_1_f1"]["value"] <= 1
    assert approaches["first"]["rouge_1_recall"]["value"] < approaches["clusters"]["rouge_1_recall"]["value"]


def test_a_changed_choice_runs_what_depends_on_it(chain: Clone) -> None:
    chain.set(summarize__clusters__word_weight=0.0, cluster__terms=2)
    assert chain.changed() == {
        f"{stage}@{name}" for stage in ("cluster", "summarize") for name in ("films", "editorials")
    }


def test_a_changed_collection_leaves_the_others_alone(chain: Clone) -> None:
    chain.set({"catalogue/collections/films.yaml:sentences": 1})
    assert chain.changed() == {"code", "summarize@films"}
    chain.set({"catalogue/collections/films.yaml:held_out": 0.25})
    assert chain.changed() == {"code", "gather@films", "summarize@films"}
    chain.repro("gather@films")
    assert chain.changed() == REPORTED | {f"{stage}@films" for stage in STAGES}


def summarize(chain: Clone, text: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Pipes a text into the stage."""
    command = ["python", "-m", "stages.summarize", *arguments]
    return subprocess.run(
        command, cwd=chain.folder, env=chain.environment, input=text, capture_output=True, check=False
    )


def test_a_text_is_summarised_with_the_sizes_of_its_clusters(rehearsed: Clone) -> None:
    text = " ".join([*BATTERY, *SCREEN])
    done = summarize(rehearsed, text.encode(), "--sentences", "2")
    first, second = done.stdout.decode().splitlines()
    assert (first.partition("  [")[0], second.partition("  [")[0]) in {
        (battery, screen) for battery in BATTERY for screen in SCREEN
    }
    assert "[7 of 11: " in first
    assert "[4 of 11: " in second
    short = summarize(rehearsed, text.encode(), "--words", "9").stdout.decode().splitlines()
    assert len(short) == 1


@pytest.mark.parametrize("text", [b"", b"  \n\n ", b"... !? --"])
def test_a_text_without_a_sentence_has_an_empty_summary(rehearsed: Clone, text: bytes) -> None:
    done = summarize(rehearsed, text)
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"no sentence" in done.stderr


def test_one_sentence_is_its_own_summary(rehearsed: Clone) -> None:
    assert summarize(rehearsed, b"The battery lasts long.").stdout.startswith(b"The battery lasts long.  [1 of 1")


def test_languages_may_be_mixed_and_a_foreign_one_is_noticed(rehearsed: Clone) -> None:
    french = [f"La batterie dure {hours} heures et se charge en peu de temps." for hours in range(5, 12)]
    mixed = summarize(rehearsed, " ".join([*BATTERY, *french]).encode(), "--sentences", "2")
    sentences = [line.partition("  [")[0] for line in mixed.stdout.decode().splitlines()]
    assert {sentence in french for sentence in sentences} == {True, False}
    english = summarize(rehearsed, " ".join([*BATTERY, *SCREEN]).encode())
    assert b"few function words" not in english.stderr
    foreign = summarize(rehearsed, " ".join(french).encode())
    assert b"few function words of 'en'" in foreign.stderr
    assert b"few function words" not in summarize(rehearsed, " ".join(french).encode(), "--language", "fr").stderr


def test_a_text_that_is_not_utf_8_is_refused_in_one_line(rehearsed: Clone) -> None:
    done = summarize(rehearsed, "Déjà vu.".encode("latin-1"))
    assert done.returncode == 1
    assert b"standard input is not UTF-8 text" in done.stderr
    assert b"Traceback" not in done.stderr
