"""Settings that are each allowed, but not together."""

import pytest

from decortique.core.settings import EncoderName
from decortique.data.settings import TaskSection
from decortique.models.settings import Encoders, Stack
from tests.settings.conftest import Params, Written, complaint

OPINION, ENCODER = "catalogue/tasks/opinion.yaml", "catalogue/encoders/all-minilm-l6-v2.yaml"


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"tasks": ["opinion", "no-such-task"]}, ("tasks: catalogue/tasks/no-such-task.yaml is missing", "opinion")),
        (
            {"encoder": "multilingual-e5-small", "tokenize/truncation_side": "left"},
            (
                "tokenize.truncation_side: left cuts the prefix of catalogue/encoders/multilingual-e5-small.yaml off",
                "choose right",
            ),
        ),
        ({"encoder": "no-such"}, ("encoder: catalogue/encoders/no-such.yaml is missing", "all-minilm-l6-v2")),
        ({f"{OPINION}:split/test": 0.9}, (f"{OPINION}: split", "below 1")),
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
            ("decode.combine", "'oracle'", "bag-of-words, off-the-shelf, transformer, student"),
        ),
        (
            {"export/approaches": ["transformer", "oracle"]},
            ("export.approaches", "'oracle'", "bag-of-words, off-the-shelf, transformer, student"),
        ),
        ({"stack/students": ["oracle"]}, ("stack.students: 'oracle' is not among approaches", "student-1, static)")),
        ({"stack/partner": "stacked"}, ("stack.partner: 'stacked' is not among approaches", "student-1, static)")),
        ({"stack/partner": "student-1"}, ("stack.partner: 'student-1' is in stack.students too",)),
        (
            {f"{OPINION}:labels": ["positive", "negative"]},
            (OPINION, "vader", "zero-shot"),
        ),
        (
            {f"{OPINION}:labels": ["negative", "negative"]},
            (OPINION, "named twice"),
        ),
        ({f"{OPINION}:labels": ["negative"]}, (f"{OPINION}: labels",)),
        (
            {
                f"{OPINION}:off_the_shelf": {
                    "kind": "zero-shot",
                    "descriptions": {"negative": "bad", "good": "good"},
                }
            },
            (OPINION, "off_the_shelf.descriptions"),
        ),
        (
            {
                f"{OPINION}:reader/parts/graded/files": {
                    "films.txt": "all",
                    "books.txt": "transfer-books",
                }
            },
            (OPINION, "reader.parts.graded.files", "'books.txt'", "source.files"),
        ),
        (
            {f"{OPINION}:reader/parts/graded/files": {"films.txt": "transfer-films"}},
            (OPINION, "`all`"),
        ),
        (
            {f"{OPINION}:reader/parts/graded/files": {"films.txt": "everything"}},
            (f"{OPINION}: reader.parts.graded.files.films.txt",),
        ),
        (
            {f"{OPINION}:reader/parts/reviews/labels": {"fresh": "good", "rotten": "bad"}},
            (OPINION, "reader.parts.reviews.labels must give each of the labels its marks"),
        ),
        (
            {f"{OPINION}:reader/parts/reviews/files": {"films.txt": "pool"}},
            (f"{OPINION}: reader", "parts graded and reviews both read 'films.txt'"),
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    written: Written, changes: Params, parts: tuple[str, ...]
) -> None:
    message = complaint(written(changes))
    for part in parts:
        assert part in message


def test_a_run_without_a_stack_needs_none_of_its_members(written: Written) -> None:
    path = written({"stack/students": [], "stack/partner": "oracle"})
    assert Stack.load(path).students == []


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "folder", "path": "corpora"},
        {"kind": "hub", "repository": "owner/name", "revision": "0" * 40},
    ],
)
def test_a_pin_of_a_file_that_is_not_fetched_is_refused(written: Written, source: Params) -> None:
    source = {**source, "files": {"films.txt": "films.txt"}, "sha256": {"filmz.txt": "0" * 64}}
    message = complaint(written({f"{ENCODER}:source": source}))
    assert f"{ENCODER}: source" in message
    assert "filmz.txt" in message


def test_a_branch_of_the_hub_is_refused_because_it_moves(written: Written) -> None:
    source = {"kind": "hub", "repository": "owner/name", "revision": "main", "files": {"a": "a"}}
    assert f"{ENCODER}: source.revision" in complaint(written({f"{ENCODER}:source": source}))


def test_another_encoder_can_be_described_and_chosen(written: Written) -> None:
    source = {"kind": "folder", "path": "mine", "files": {"config.json": "config.json"}}
    path = written({"catalogue/encoders/mine.yaml:": {"licence": "MIT", "source": source}, "encoder": "mine"})
    assert EncoderName.load(path).root == "mine"
    assert Encoders.named("mine", path).source.kind == "folder"


def test_custom_labels_work_with_a_zero_shot_classifier(written: Written) -> None:
    path = written(
        {
            f"{OPINION}:labels": ["chirac", "mitterrand"],
            f"{OPINION}:off_the_shelf": {
                "kind": "zero-shot",
                "descriptions": {"chirac": "un discours", "mitterrand": "un autre"},
            },
            f"{OPINION}:reader": {
                "format": "table",
                "files": {"films.txt": "train", "tweets.txt": "test"},
                "text": "text",
                "label": "speaker",
            },
        }
    )
    assert TaskSection.named("opinion", path).labels == ["chirac", "mitterrand"]
