"""Settings that are each allowed, but not together."""

import pytest

from stages.settings.chain import EncoderName
from stages.settings.encoders import Encoders
from stages.settings.task import TaskSection
from tests.settings.conftest import Params, Written, complaint


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"tasks": ["opinion", "no-such-task"]}, ("tasks", "'no-such-task'", "opinion")),
        ({"encoder": "no-such"}, ("encoder", "'no-such'", "all-minilm-l6-v2")),
        ({"task/opinion/split/test": 0.9}, ("task.opinion.split", "below 1")),
        (
            {"bag_of_words/candidates/content/ngrams": [2, 1]},
            ("bag_of_words.candidates.content", "ngrams must be [shortest, longest]"),
        ),
        (
            {"bag_of_words/candidates/style/stemming": True},
            ("bag_of_words.candidates.style", "set lowercase to true, or stemming to false"),
        ),
        (
            {"decode/combine": ["bag-of-words", "oracle"]},
            ("decode.combine", "'oracle'", "bag-of-words, retrieved, transformer, student"),
        ),
        (
            {"export/approaches": ["transformer", "oracle"]},
            ("export.approaches", "'oracle'", "bag-of-words, retrieved, transformer, student"),
        ),
        ({"task/opinion/labels": ["positive", "negative"]}, ("task.opinion", "vader", "zero-shot")),
        ({"task/opinion/labels": ["negative", "negative"]}, ("task.opinion", "named twice")),
        ({"task/opinion/labels": ["negative"]}, ("task.opinion.labels",)),
        (
            {"task/opinion/retrieved": {"kind": "zero-shot", "descriptions": {"negative": "bad", "good": "good"}}},
            ("task.opinion", "retrieved.descriptions"),
        ),
        (
            {"task/opinion/reader/parts/graded/files": {"films.txt": "all", "books.txt": "transfer-books"}},
            ("task.opinion", "reader.parts.graded.files", "'books.txt'", "source.files"),
        ),
        ({"task/opinion/reader/parts/graded/files": {"films.txt": "transfer-films"}}, ("task.opinion", "`all`")),
        (
            {"task/opinion/reader/parts/graded/files": {"films.txt": "everything"}},
            ("task.opinion.reader.parts.graded.files.films.txt",),
        ),
        (
            {"task/opinion/reader/parts/reviews/labels": {"fresh": "good", "rotten": "bad"}},
            ("task.opinion", "reader.parts.reviews.labels must give each of the labels its marks"),
        ),
        (
            {"task/opinion/reader/parts/reviews/files": {"films.txt": "pool"}},
            ("task.opinion.reader", "parts graded and reviews both read 'films.txt'"),
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    written: Written, changes: Params, parts: tuple[str, ...]
) -> None:
    message = complaint(written(changes))
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "folder", "path": "corpora"},
        {"kind": "hub", "repository": "owner/name", "revision": "0" * 40},
    ],
)
def test_a_pin_of_a_file_that_is_not_fetched_is_refused(written: Written, source: Params) -> None:
    source = {**source, "files": {"films.txt": "films.txt"}, "sha256": {"filmz.txt": "0" * 64}}
    message = complaint(written({"encoders/all-minilm-l6-v2/source": source}))
    assert "encoders.all-minilm-l6-v2.source" in message
    assert "filmz.txt" in message


def test_a_branch_of_the_hub_is_refused_because_it_moves(written: Written) -> None:
    source = {"kind": "hub", "repository": "owner/name", "revision": "main", "files": {"a": "a"}}
    assert "encoders.all-minilm-l6-v2.source.revision" in complaint(
        written({"encoders/all-minilm-l6-v2/source": source})
    )


def test_another_encoder_can_be_described_and_chosen(written: Written) -> None:
    source = {"kind": "folder", "path": "mine", "files": {"config.json": "config.json"}}
    path = written({"encoders/mine": {"licence": "MIT", "source": source}, "encoder": "mine"})
    assert EncoderName.load(path).root == "mine"
    assert Encoders.load(path).root["mine"].source.kind == "folder"


def test_labels_of_ones_own_work_with_a_zero_shot_classifier(written: Written) -> None:
    path = written(
        {
            "task/opinion/labels": ["chirac", "mitterrand"],
            "task/opinion/retrieved": {
                "kind": "zero-shot",
                "descriptions": {"chirac": "un discours", "mitterrand": "un autre"},
            },
            "task/opinion/reader": {
                "format": "table",
                "files": {"films.txt": "train", "tweets.txt": "test"},
                "text": "text",
                "label": "speaker",
            },
        }
    )
    assert TaskSection.load(path).root["opinion"].labels == ["chirac", "mitterrand"]
