"""The required settings of a collection, and the other settings it depends on."""

from typing import Any

import pytest
from pydantic import ValidationError

from decortique.data.collections import path_expression
from decortique.data.settings import Collections, CollectionSection
from decortique.data.source_settings import ArchiveReader
from decortique.summarization.settings import Cluster, Summarize
from tests.settings.conftest import Params, Written, complaint

OWN: Params = {
    "title": "Mine",
    "language": "en",
    "licence": "none",
    "labels": [],
    "source": {"kind": "folder", "path": "mine", "files": {"own.csv": "own.csv"}},
    "reader": {"format": "table", "files": {"own.csv": "all"}, "text": "text", "label": None, "group": "thing"},
    "split_sentences": True,
    "min_texts": 10,
    "max_groups": None,
    "held_out": 0.5,
    "sentences": 3,
    "opinion": False,
    "seed": 0,
}
MINE = "catalogue/collections/mine.yaml"
ARCHIVE: Params = {"format": "archive", "file": "own.csv", "texts": "topics/{group}.txt"}
PLAIN: Params = {"tasks": ["author"], "languages": ["en"]}


def own(**changes: Any) -> Params:
    return {"collections": ["mine"], f"{MINE}:": {**OWN, **changes}}


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        (
            {"collections": ["films", "flims"]},
            ("collections: catalogue/collections/flims.yaml is missing: ", "has editorials, films, "),
        ),
        ({"languages": []}, ("collections: vectors of words are those of languages", "-S 'collections=[]'")),
        (
            {"cluster/representations": ["encoder", "glvoe"]},
            ("cluster.representations: there are no vectors 'glvoe' in any language (there are: encoder, ", "glove)"),
        ),
        (
            {"summarize/clusters/representation": "word3vec"},
            ("summarize.clusters.representation: there are no vectors 'word3vec' in any language",),
        ),
        (
            own(min_texts=5),
            (f"{MINE}: min_texts: of a group of 5 texts, 3 would be summarised in 3 sentences: raise min_texts",),
        ),
        (
            own() | {"collections": ["opinion"], "catalogue/collections/opinion.yaml:": OWN},
            ("collections: 'opinion' is the name of a task too: choose another one",),
        ),
        (
            own(reader={**OWN["reader"], "files": {"others.csv": "all"}}),
            (f"{MINE}: reader names 'others.csv', which source does not bring (['own.csv'])",),
        ),
        (
            own(reader={**ARCHIVE, "file": "own.zip"}),
            (f"{MINE}: reader names 'own.zip', which source does not bring (['own.csv'])",),
        ),
        (
            {"collections": ["films"], **PLAIN},
            ("summarize.opinion.task: 'opinion' is not among tasks: choose another", "-S 'collections=[]'"),
        ),
        (
            {"collections": ["films"], "summarize/opinion/approach": "oracle"},
            ("summarize.opinion.approach: 'oracle' is not among approaches: choose another", "-S 'collections=[]'"),
        ),
    ],
)
def test_a_collection_that_contradicts_other_settings_is_refused_with_a_remedy(
    written: Written, changes: Params, parts: tuple[str, ...]
) -> None:
    message = complaint(written(changes))
    for part in parts:
        assert part in message
    assert message.count("; ") == 0  # one mistake, one error


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        (
            {"reader": {**ARCHIVE, "texts": "topics/*.txt"}},
            f"{MINE}: reader.texts: say once, by {{group}}",
        ),
        (
            {"reader": {**ARCHIVE, "references": "{group}/{group}.gold"}},
            f"{MINE}: reader.references: say once",
        ),
        ({"reader": {"format": "several", "parts": {}}}, f"{MINE}: reader"),
        ({"language": "english"}, f"{MINE}: language"),
        ({"min_texts": 1}, f"{MINE}: min_texts"),
        ({"max_groups": 0}, f"{MINE}: max_groups"),
        ({"held_out": 1}, f"{MINE}: held_out"),
        ({"sentences": 0}, f"{MINE}: sentences"),
        ({"opinion": "yes"}, f"{MINE}: opinion"),
        ({"sentence": 3}, f"{MINE}: sentence is not a setting"),
    ],
)
def test_a_mistake_in_a_description_is_named_by_its_key(written: Written, changes: Params, where: str) -> None:
    assert where in complaint(written(own(**changes)))


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"cluster/methods": ["kmedoids"]}, "cluster.methods.0"),
        ({"cluster/methods": []}, "cluster.methods"),
        ({"cluster/representations": []}, "cluster.representations"),
        ({"cluster/candidates": [1, 2]}, "cluster.candidates.0"),
        ({"cluster/groups_per_set": 1}, "cluster.groups_per_set"),
        ({"summarize/clusters/method": "lda"}, "summarize.clusters.method"),
        ({"summarize/clusters/word_weight": 1.5}, "summarize.clusters.word_weight"),
        ({"summarize/clusters/redundancy": -0.1}, "summarize.clusters.redundancy"),
        ({"summarize/clusters/per_sentence": 0}, "summarize.clusters.per_sentence"),
        ({"summarize/n_random": 1}, "summarize.n_random"),
    ],
)
def test_a_summary_that_cannot_be_made_is_refused_before_anything_is_read(
    written: Written, changes: Params, where: str
) -> None:
    assert where in complaint(written(changes))


@pytest.mark.parametrize("changes", [{**PLAIN}, {"summarize/opinion/approach": "oracle"}])
def test_without_collections_no_opinion_model_is_required(written: Written, changes: Params) -> None:
    path = written({"collections": [], **changes})
    assert Collections.load(path).root == []
    assert Summarize.load(path).clusters.method == "kmeans"


@pytest.mark.parametrize(
    "changes", [{}, {"reader": ARCHIVE}, {"held_out": 0, "max_groups": 7}, {"labels": ["good", "bad"]}]
)
def test_a_users_own_texts_need_only_a_description(written: Written, changes: Params) -> None:
    path = written(own(**changes))
    assert Collections.load(path).root == ["mine"]
    described = CollectionSection.named("mine", path)
    assert described.title == "Mine"
    assert list(described.readers()) == ([] if isinstance(described.reader, ArchiveReader) else ["reader"])


def test_french_texts_can_be_summarised_with_a_language_and_a_task(written: Written) -> None:
    chosen = {"tasks": ["opinion", "author-fr"], "languages": ["fr"], "collections": ["speeches-fr"]}
    assert Collections.load(written(chosen)).root == ["speeches-fr"]


def test_the_number_of_clusters_may_be_left_to_the_silhouette(written: Written) -> None:
    path = written({"summarize/clusters/per_sentence": None})
    assert Summarize.load(path).clusters.per_sentence is None
    assert Cluster.load(path).candidates


@pytest.mark.parametrize(
    ("pattern", "name", "group"),
    [
        ("topics/{group}.txt.data", "OpinosisDataset1.0/topics/food_holiday.txt.data", "food_holiday"),
        ("topics/{group}.txt.data", "topics/a.b.txt.data", "a.b"),
        ("topics/{group}.txt.data", "topics/a.txtxdata", None),
        ("topics/{group}.txt", "topics/a/b.txt", None),
        ("topics/{group}.txt", "othertopics/a.txt", None),
        ("topics/{group}.txt", "topics/.a.txt", None),
        ("topics/{group}.txt", "topics/a.txt/", None),
        ("gold/{group}/*.gold", "x/gold/a/a.1.gold", "a"),
        ("gold/{group}/*.gold", "gold/a/.gold", None),
        ("*/{group}/text (1)+.txt", "any/a/text (1)+.txt", "a"),
        ("{group}", "anything", "anything"),
    ],
)
def test_a_pattern_selects_the_part_of_a_path_that_names_the_group(pattern: str, name: str, group: str | None) -> None:
    match = path_expression(pattern).fullmatch(name)
    assert (match[1] if match else None) == group


def test_a_collection_made_in_code_is_checked_like_one_of_the_file() -> None:
    with pytest.raises(ValidationError, match="Input should be a valid string"):
        ArchiveReader.model_validate({**ARCHIVE, "texts": 3})
