import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML

from stages.errors import StageError
from stages.settings.bag_of_words import BagOfWords
from stages.settings.chain import Approaches, Compute, EncoderName, Tasks
from stages.settings.decode import Decode
from stages.settings.distill import Distill
from stages.settings.encoders import Encoders
from stages.settings.finetune import Finetune
from stages.settings.section import PARAMS, read_yaml, sections
from stages.settings.source import Source
from stages.settings.task import TaskSection

SHIPPED = Path(__file__).parents[2] / PARAMS
Params = dict[str, Any]
Written = Callable[..., Path]


@pytest.fixture(scope="module")
def shipped() -> Params:
    return read_yaml(SHIPPED)


@pytest.fixture
def written(tmp_path: Path, shipped: Params) -> Written:
    """Writes params.yaml as it is shipped, but for `changes`: full key → value."""

    def write(changes: Params, removed: tuple[str, ...] = ()) -> Path:
        params = copy.deepcopy(shipped)
        for key, value in changes.items():
            owner, last = _owner(params, key)
            owner[last] = value
        for key in removed:
            owner, last = _owner(params, key)
            del owner[last]
        path = tmp_path / "params.yaml"
        with path.open("w", encoding="utf-8") as file:
            YAML(typ="safe", pure=True).dump(params, file)
        return path

    return write


def _owner(params: Params, key: str) -> tuple[Params, str]:
    *parents, last = key.split("/")
    for parent in parents:
        params = params[parent]
    return params, last


def complaint(path: Path) -> str:
    with pytest.raises(StageError) as caught:
        Tasks.load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_the_shipped_params_can_be_run() -> None:
    for kind in sections().values():
        assert isinstance(kind.load(SHIPPED), kind)


def test_every_section_of_the_shipped_params_has_a_reader(shipped: Params) -> None:
    assert list(shipped.keys() - sections().keys()) == []


def test_a_section_gives_what_the_file_says(written: Written) -> None:
    path = written(
        {"finetune/epochs": 7, "compute/device": "cuda:1", "approaches": ["a", "b"], "decode/combine": ["b"]}
    )
    assert Finetune.load(path).epochs == 7
    assert Compute.load(path).device == "cuda:1"
    assert Approaches.load(path).baseline == "a"
    assert Decode.load(path).combine == ["b"]


def test_settings_cannot_be_changed_behind_the_files_back(written: Written) -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(Finetune.load(written({})), "epochs", 3)  # noqa: B010  (mypy would see an assignment)


def test_the_word_no_is_a_text_and_not_a_refusal(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("language: no\nanswers: [yes, off, on]\n", encoding="utf-8")
    assert read_yaml(path) == {"language": "no", "answers": ["yes", "off", "on"]}


def test_norwegian_is_a_language_of_a_task(written: Written) -> None:
    path = written({"task/opinion/language": "no"})
    path.write_text(path.read_text(encoding="utf-8").replace("'no'", "no"), encoding="utf-8")
    assert TaskSection.load(path).root["opinion"].language == "no"


@pytest.mark.parametrize("number", ["1e-05", "1e-5", "1.0e-5", "0.00001"])
def test_a_learning_rate_can_be_written_the_way_people_write_it(written: Written, number: str) -> None:
    path = written({"finetune/learning_rate": "NUMBER"})
    path.write_text(path.read_text(encoding="utf-8").replace("NUMBER", number), encoding="utf-8")
    assert Finetune.load(path).learning_rate == 1e-5


def test_an_octal_looking_seed_is_the_number_a_person_reads(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("seed: 010\n", encoding="utf-8")
    assert read_yaml(tmp_path / "params.yaml") == {"seed": 10}


@pytest.mark.parametrize(
    ("key", "name", "suggestion"),
    [
        ("finetunes", "finetunes", "finetune"),
        ("finetune/epoch", "finetune.epoch", "epochs"),
        ("bag_of_words/candidates/content/ngram", "bag_of_words.candidates.content.ngram", "ngrams"),
        ("distill/weights/logit", "distill.weights.logit", "logits"),
        ("task/opinion/label", "task.opinion.label", "labels"),
        ("task/opinion/source/pakage", "task.opinion.source.pakage", "package"),
        ("task/opinion/reader/encodings", "task.opinion.reader.encodings", "encoding"),
        ("task/opinion/split/seeds", "task.opinion.split.seeds", "seed"),
        ("encoders/all-minilm-l6-v2/license", "encoders.all-minilm-l6-v2.license", "licence"),
        ("encoders/all-minilm-l6-v2/source/sha25", "encoders.all-minilm-l6-v2.source.sha25", "sha256"),
    ],
)
def test_a_misspelt_key_is_named_in_full_with_the_right_spelling(
    written: Written, key: str, name: str, suggestion: str
) -> None:
    message = complaint(written({key: 1}))
    assert f"{name} is not a setting" in message
    assert f"did you mean {suggestion!r}?" in message


def test_a_key_that_resembles_nothing_is_refused_with_those_allowed(written: Written) -> None:
    message = complaint(written({"decide/zzz": 1}))
    assert "decide.zzz is not a setting (allowed: batch_size)" in message


@pytest.mark.parametrize("key", ["task/opinion/source", "task/opinion/reader", "task/opinion/retrieved"])
def test_an_unknown_kind_is_named_with_those_that_exist(written: Written, key: str, shipped: Params) -> None:
    tag = "format" if key.endswith("reader") else "kind"
    message = complaint(written({f"{key}/{tag}": "carrier-pigeon"}))
    assert key.replace("/", ".") in message
    assert "carrier-pigeon" in message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("finetune/epochs", "3"),
        ("finetune/epochs", 2.5),
        ("finetune/epochs", 0),
        ("finetune/epochs", None),
        ("finetune/dropout", 1.0),
        ("finetune/learning_rate", -1e-4),
        ("finetune/learning_rate", float("nan")),
        ("finetune/learning_rate", float("inf")),
        ("finetune/scheduler", "exponential"),
        ("finetune/warmup", 1.5),
        ("finetune/seed", -1),
        ("finetune/seed", 2**32),
        ("tokenize/padding_side", "top"),
        ("tokenize/max_length", 3),
        ("embed/pooling", "max"),
        ("embed/normalize", "yes"),
        ("bag_of_words/candidates", {}),
        ("bag_of_words/candidates", {"Content!": {}}),
        ("bag_of_words/candidates/content/ngrams", [1]),
        ("bag_of_words/candidates/content/regularization", []),
        ("bag_of_words/candidates/content/regularization", [0]),
        ("bag_of_words/candidates/style/punctuation", "yes"),
        ("bag_of_words/candidates/style/class_weight", "heavy"),
        ("bag_of_words/select_by", "loss"),
        ("decode/combine", "transformer"),
        ("validity/features", 0),
        ("compute/device", "gpu"),
        ("evaluate/confidence", 95),
        ("prepare/bad_rows", True),
        ("tasks", "opinion"),
        ("tasks", []),
        ("tasks", ["Opinion!"]),
        ("task/opinion/language", "English"),
        ("task/opinion/source/sha256", "d41d8cd98f00b204e9800998ecf8427e"),
        ("task/opinion/source/file", "../corpus.zip"),
        ("task/opinion/source/files", {"../films.txt": "films.txt"}),
        ("decide", 32),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_its_full_name(written: Written, key: str, value: object) -> None:
    assert key.replace("/", ".") in complaint(written({key: value}))


def test_a_complaint_shows_the_value_it_is_about(written: Written) -> None:
    assert "exponential" in complaint(written({"finetune/scheduler": "exponential"}))


def test_a_date_is_refused_as_a_value_that_no_setting_takes(written: Written) -> None:
    path = written({"decide/batch_size": "DATE"})
    path.write_text(path.read_text(encoding="utf-8").replace("DATE", "2024-01-31"), encoding="utf-8")
    assert "decide" in complaint(path)


def test_a_setting_left_out_is_named(written: Written) -> None:
    assert "finetune.epochs" in complaint(written({}, removed=("finetune/epochs",)))


def test_a_section_left_out_is_named(written: Written) -> None:
    assert "evaluate: this section is missing" in complaint(written({}, removed=("evaluate",)))


def test_all_mistakes_are_told_at_once(written: Written) -> None:
    message = complaint(written({"finetune/epochs": 0, "distill/teachr": 1, "zzz": 1, "embed/pooling": "max"}))
    for name in ("finetune.epochs", "distill.teachr", "zzz", "embed.pooling"):
        assert name in message


def test_a_mistake_in_a_section_stops_the_stages_that_do_not_read_it(written: Written) -> None:
    path = written({"evaluate/seed": "zero"})
    with pytest.raises(StageError, match=r"evaluate\.seed"):
        BagOfWords.load(path)


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
        ({"distill/keep_layers": [2, 0]}, ("distill", "keep_layers", "increasing")),
        ({"distill/keep_layers": [0, 0]}, ("distill", "keep_layers", "once")),
        ({"distill/keep_layers": [-1]}, ("distill.keep_layers",)),
        ({"distill/weights": {"labels": 0, "logits": 0.0, "hidden": 0}}, ("distill.weights", "above zero")),
        ({"task/opinion/labels": ["positive", "negative"]}, ("task.opinion", "vader", "zero-shot")),
        ({"task/opinion/labels": ["negative", "negative"]}, ("task.opinion", "named twice")),
        ({"task/opinion/labels": ["negative"]}, ("task.opinion.labels",)),
        (
            {"task/opinion/retrieved": {"kind": "zero-shot", "descriptions": {"negative": "bad", "good": "good"}}},
            ("task.opinion", "retrieved.descriptions"),
        ),
        (
            {"task/opinion/reader/files": {"films.txt": "all", "books.txt": "transfer-books"}},
            ("task.opinion", "'books.txt'", "source.files"),
        ),
        ({"task/opinion/reader/files": {"films.txt": "transfer-films"}}, ("task.opinion", "`all`")),
        ({"task/opinion/reader/files": {"films.txt": "everything"}}, ("task.opinion.reader.files.films.txt",)),
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


def test_numbers_may_be_written_without_a_point(written: Written) -> None:
    assert Distill.load(written({"distill/temperature": 2})).temperature == 2.0


def test_a_missing_file_says_where_to_run_the_command(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"params\.yaml is missing: run the command from"):
        Tasks.load(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"tasks: [opinion\nencoder: x\n", "not valid YAML"),
        (b"tasks: [opinion]\ntasks: [author]\n", "not valid YAML"),
        (b"\ttasks: 1\n", "not valid YAML"),
        (b"- tasks\n", "mapping of sections, found list"),
        (b"", "mapping of sections, found NoneType"),
        ("title: Pr\xe9sidents\n".encode("latin-1"), "UTF-8"),
    ],
)
def test_a_file_that_is_no_params_yaml_is_refused_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    assert reason in complaint(path)


def test_a_task_that_is_not_described_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SHIPPED.parent)
    assert TaskSection.named("opinion").labels == ["negative", "positive"]
    with pytest.raises(StageError, match=r"task\.no-such-task is missing \(described: .*opinion"):
        TaskSection.named("no-such-task")


@pytest.mark.parametrize(
    "kind", [{"kind": "folder", "path": "."}, {"kind": "hub", "repository": "a/b", "revision": "0" * 40}]
)
def test_a_checksum_of_a_file_that_is_not_fetched_is_no_silent_promise(kind: dict[str, str]) -> None:
    pins = {"files": {"a.csv": "a.csv"}, "sha256": {"b.csv": "0" * 64}}
    with pytest.raises(ValidationError, match=r"sha256 pins b\.csv, which files does not name"):
        TypeAdapter(Source).validate_python({**kind, **pins})
