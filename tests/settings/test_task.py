from typing import Any

import pytest
from pydantic import ValidationError

from decortique.data.settings import Split, Task, folds

SPEECHES = {"format": "speeches", "files": {"learn": "all", "new": "unlabelled"}, "labels": {"A": "a", "B": "b"}}
TURNS = {
    "format": "turns",
    "files": {"learn": "all"},
    "text": "said",
    "label": "who",
    "group": "debate",
    "speakers": {"ANN": "a", "BOB": "b"},
    "min_sentences": 50,
}
TABLE = {"format": "table", "files": {"new": "pool"}, "text": "said", "label": "who"}
SEVERAL: dict[str, Any] = {
    "format": "several",
    "parts": {"speeches": {**SPEECHES, "files": {"learn": "all"}}, "table": TABLE},
}
SPLIT = {"validation": 0.15, "test": 0.25, "keep_groups": True, "seed": 0}
CONTENT: dict[str, Any] = {
    "title": "Speakers",
    "language": "fr",
    "licence": "none",
    "labels": ["a", "b"],
    "source": {"kind": "folder", "path": ".", "files": {"learn": "learn", "new": "new", "test": "test"}},
    "reader": SPEECHES,
    "split": SPLIT,
    "heads": {"speaker": {"kind": "classification", "column": "label", "loss": "cross_entropy"}},
    "decoding": {"methods": ["none", "moving_average", "gaussian", "viterbi", "one_run"], "measure": "f1"},
    "off_the_shelf": {"kind": "zero-shot", "descriptions": {"a": "one", "b": "other"}},
}
THREE = {
    "labels": ["a", "b", "c"],
    "reader": {**SPEECHES, "labels": {"A": "a", "B": "b", "C": "c"}},
    "off_the_shelf": {"kind": "zero-shot", "descriptions": {"a": "one", "b": "other", "c": "third"}},
}


def task(**changes: Any) -> Task:
    return Task.model_validate({**CONTENT, **changes})


def refusal(**changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        task(**changes)
    (problem,) = caught.value.errors()
    return problem["msg"].removeprefix("Value error, ")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"reader": TURNS},
        {"reader": SEVERAL},
        {"split": {**SPLIT, "fold": 3}},
        {"split": {**SPLIT, "test": ["3rd-*"]}},
        {"split": {**SPLIT, "keep_groups": False}, "decoding": {"methods": ["none"], "measure": "accuracy"}},
        {**THREE, "decoding": {"methods": ["none", "viterbi"], "measure": "f1"}},
    ],
)
def test_streams_can_be_described(changes: dict[str, Any]) -> None:
    assert isinstance(task(**changes), Task)


@pytest.mark.parametrize(
    ("split", "reason"),
    [
        ({"test": ["3rd-*"], "keep_groups": False}, "test names groups, so keep_groups must be true"),
        ({"test": ["3rd-*"], "fold": 1}, "test names its groups: leave fold at 0"),
        ({"fold": 1, "keep_groups": False}, "set keep_groups, or leave fold at 0"),
        ({"fold": 4}, "fold is 4, but test: 0.25 makes 4 folds: 0 to 3"),
        ({"test": 0.9}, "below 1"),
    ],
)
def test_an_impossible_split_is_refused_before_any_file_is_read(split: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Split.model_validate({**SPLIT, **split})


@pytest.mark.parametrize("fold", [-1, 0.5, "1", True])
def test_a_fold_is_a_number_from_zero(fold: object) -> None:
    with pytest.raises(ValidationError, match="fold"):
        Split.model_validate({**SPLIT, "fold": fold})


@pytest.mark.parametrize(("share", "number"), [(0.5, 2), (0.25, 4), (0.1, 10), (0.15, 7), (0.9, 2)])
def test_a_share_determines_the_number_of_folds(share: float, number: int) -> None:
    assert folds(share) == number


@pytest.mark.parametrize("split", [{"test": ["3rd-*"]}, {"fold": 1}])
def test_test_groups_are_refused_together_with_a_test_file(split: dict[str, Any]) -> None:
    reader = {**SPEECHES, "files": {"learn": "all", "test": "test"}}
    assert "reader.files brings a test file" in refusal(reader=reader, split={**SPLIT, **split})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"reader": {**SPEECHES, "labels": {"A": "a"}}}, "reader.labels must give each of the labels its marks"),
        ({"reader": {**SPEECHES, "labels": {"A": "a", "B": "B"}}}, "reader.labels must give each"),
        ({"reader": {**TURNS, "speakers": {"ANN": "a"}}}, "reader.speakers must give each of the labels its speakers"),
        (
            {"reader": {**TURNS, "files": {"learn": "all", "new": "unlabelled"}}},
            "turns are labelled by who speaks, so that none can be `unlabelled`",
        ),
        ({"reader": {**SPEECHES, "files": {"absent": "all"}}}, "reader.files names 'absent'"),
        ({"reader": {**TABLE, "files": {"new": "all"}, "labels": {"A": "a"}}}, "reader.labels must give each of the"),
    ],
)
def test_a_reader_that_cannot_produce_the_labels_is_refused(changes: dict[str, Any], reason: str) -> None:
    assert reason in refusal(**changes)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"files": {"absent": "pool"}}, "reader.parts.table.files names 'absent'"),
        ({"files": {"learn": "pool"}}, "parts speeches and table both read 'learn': leave it to one of them"),
        ({"labels": {"A": "a", "B": "a"}}, "reader.parts.table.labels must give each of the labels its marks"),
        ({"files": {"test": "test"}}, "reader.files brings a test file"),
    ],
)
def test_each_part_of_a_reader_is_checked_like_a_single_reader(part: dict[str, Any], reason: str) -> None:
    reader = {**SEVERAL, "parts": {**SEVERAL["parts"], "table": {**TABLE, **part}}}
    assert reason in refusal(reader=reader, split={**SPLIT, "fold": 1})


@pytest.mark.parametrize("files", [{"new": "pool"}, {"new": "pool", "learn": "train"}])
def test_a_pool_alone_is_not_enough_to_train_and_test(files: dict[str, str]) -> None:
    assert "needs a file used as `all`" in refusal(reader={**TABLE, "files": files})


@pytest.mark.parametrize(
    ("decoding", "changes", "reason"),
    [
        (["viterbi"], {}, "methods must begin with none"),
        (["viterbi", "none"], {}, "methods must begin with none"),
        (["none", "viterbi", "viterbi"], {}, "a method is named twice"),
        (["none", "viterbi"], {"split": {**SPLIT, "keep_groups": False}}, "need split.keep_groups"),
        (["none", "one_run"], THREE, "one_run needs two labels"),
        ([], {}, "at least 1 item"),
        (["none", "hmm"], {}, "'viterbi'"),
    ],
)
def test_an_impossible_decoding_is_refused(decoding: list[str], changes: dict[str, Any], reason: str) -> None:
    assert reason in refusal(**changes, decoding={"methods": decoding, "measure": "f1"})


def test_a_regression_head_is_allowed_only_beside_a_predicting_head() -> None:
    age = {"kind": "regression", "column": "score", "loss": "huber"}
    assert list(task(heads={**CONTENT["heads"], "age": age}).heads) == ["speaker", "age"]
    assert list(task(heads={"age": age, **CONTENT["heads"]}).heads) == ["speaker", "age"]
    assert "none predicts between the labels" in refusal(heads={"age": age})


def test_a_task_must_have_the_decoding_key_that_the_pipeline_tracks() -> None:
    with pytest.raises(ValidationError, match=r"decoding\n  Field required"):
        Task.model_validate({key: value for key, value in CONTENT.items() if key != "decoding"})
