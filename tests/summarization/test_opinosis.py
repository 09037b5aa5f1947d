"""Reviews with summaries that people wrote (Ganesan, Zhai & Han, 2010), where a person has put an extract."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from decortique.core.settings import PARAMS
from decortique.data.collections import by_group, read_archive
from decortique.data.corpus import Row
from decortique.data.settings import Collection, CollectionSection
from decortique.data.source_settings import ArchiveReader
from decortique.summarization.choosing import Budget
from decortique.summarization.rating import rouge
from tests.summarization.made_summaries import summary

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "corpora" / "opinosis"

pytestmark = pytest.mark.skipif(not REAL.exists(), reason="the extract of Opinosis is not part of the project")


@pytest.fixture(scope="module")
def described() -> Collection:
    return CollectionSection.named("opinosis", ROOT / PARAMS)


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory, described: Collection) -> tuple[list[Row], dict[str, list[str]]]:
    """Return the extract, packed as published and read as the catalogue describes."""
    assert isinstance(described.reader, ArchiveReader)
    path = tmp_path_factory.mktemp("opinosis") / described.reader.file
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(REAL.rglob("*")):
            if file.is_file():
                archive.write(file, f"OpinosisDataset1.0/{file.relative_to(REAL).as_posix()}")
                archive.writestr(f"__MACOSX/OpinosisDataset1.0/topics/._{file.name}", b"\x00\x05\x16\x07")
    return read_archive(path, described.reader)


def test_every_topic_is_read_with_its_reference_summaries(gathered: tuple[list[Row], dict[str, list[str]]]) -> None:
    topics = {row.group for row in gathered[0]}
    assert len(topics) == 34
    assert set(gathered[1]) == topics
    assert {len(references) for references in gathered[1].values()} <= {3, 4, 5}
    assert all(text.strip() for references in gathered[1].values() for text in references)
    assert len({row.id for row in gathered[0]}) == len(gathered[0]) > 3000


def test_a_cluster_summary_has_a_better_rouge_than_the_first_sentences(
    gathered: tuple[list[Row], dict[str, list[str]]], described: Collection
) -> None:
    assert described.sentences == 2
    topics = sorted(by_group(gathered[0]), key=len)[:5]
    scores: dict[str, list[float]] = {"clusters": [], "first": []}
    for rows in topics:
        texts = [row.text for row in rows]
        chosen = {
            "clusters": summary(texts, Budget(described.sentences)).indices,
            "first": list(range(described.sentences)),
        }
        for approach, indices in chosen.items():
            chosen_text = " ".join(texts[index] for index in indices)
            result = rouge(chosen_text, gathered[1][rows[0].group], described.language)
            scores[approach].append(result["rouge_1_f1"])
    assert np.mean(scores["clusters"]) > np.mean(scores["first"])
