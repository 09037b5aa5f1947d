from pathlib import Path

import pytest

from stages.errors import StageError
from stages.settings.bag_of_words import BagOfWords
from stages.settings.chain import Approaches, Compute, Tasks
from stages.settings.decode import Decode
from stages.settings.distill import Distill
from stages.settings.finetune import Finetune
from stages.settings.section import PARAMS, read_yaml, sections
from stages.settings.task import TaskSection
from tests.settings.conftest import ROOT, Params, Written, complaint


def test_the_shipped_params_can_be_run() -> None:
    for kind in sections().values():
        assert isinstance(kind.load(ROOT / PARAMS), kind)


def test_every_section_of_the_shipped_params_has_a_reader(shipped: Params) -> None:
    assert list(shipped.keys() - sections().keys()) == []


def test_a_section_gives_what_the_file_says(written: Written) -> None:
    path = written(
        {
            "finetune/epochs": 7,
            "compute/device": "cuda:1",
            "approaches": ["a", "b"],
            "decode/combine": ["b"],
            "export/approaches": ["a"],
            "collections": [],
        }
    )
    assert Finetune.load(path).epochs == 7
    assert Compute.load(path).device == "cuda:1"
    assert Approaches.load(path).baseline == "a"
    assert Decode.load(path).combine == ["b"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"finetune/optimizer_options": {"lr": 0.1}}, "finetune: optimizer_options.lr is not for these options"),
        ({"distill/optimizer_options": {"weight_decay": 0.1}}, "distill: optimizer_options.weight_decay is not for"),
        (
            {"finetune/scheduler": "constant", "finetune/scheduler_options": {"num_cycles": 2}},
            "finetune: scheduler_options: the scheduler constant has none",
        ),
    ],
)
def test_an_option_that_nobody_would_hear_is_refused(written: Written, changes: Params, expected: str) -> None:
    assert expected in complaint(written(changes))


def test_options_of_an_optimiser_may_be_numbers_pairs_or_switches(written: Written) -> None:
    options = {"betas": [0.9, 0.95], "amsgrad": True, "eps": 1e-6}
    assert Finetune.load(written({"finetune/optimizer_options": options})).optimizer_options == options


@pytest.mark.parametrize("kind", ["full", "top", "probe", "lora"])
@pytest.mark.parametrize("alone", [True, False])
def test_every_kind_of_adaptation_can_be_chosen_by_its_name(written: Written, kind: str, *, alone: bool) -> None:
    path = written({"finetune/adaptation": {"kind": kind}} if alone else {"finetune/adaptation/kind": kind})
    assert Finetune.load(path).adaptation.kind == kind


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
        ("distill/learning_rat", "distill.learning_rat", "learning_rate"),
        ("students/student/start/layer", "students.student.start.layer", "layers"),
        ("students/static/token_dropouts", "students.static.token_dropouts", "token_dropout"),
        ("students/student-1/texts/spans/copy", "students.student-1.texts.spans.copy", "copies"),
        ("task/opinion/label", "task.opinion.label", "labels"),
        ("task/opinion/heads/polarity/class_weigth", "task.opinion.heads.polarity.class_weigth", "class_weight"),
        ("finetune/adaptation/freeze_embedding", "finetune.adaptation.freeze_embedding", "freeze_embeddings"),
        ("collection/films/source/pakage", "collection.films.source.pakage", "package"),
        ("task/opinion/source/parts/graded/pakage", "task.opinion.source.parts.graded.pakage", "package"),
        ("task/author/reader/encodings", "task.author.reader.encodings", "encoding"),
        ("task/opinion/reader/parts/graded/encodings", "task.opinion.reader.parts.graded.encodings", "encoding"),
        ("task/opinion/reader/parts/reviews/lables", "task.opinion.reader.parts.reviews.lables", "labels"),
        ("task/opinion/reader/part", "task.opinion.reader.part", "parts"),
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


@pytest.mark.parametrize(
    "key",
    ["task/opinion/source", "task/opinion/reader", "task/opinion/reader/parts/graded", "task/opinion/retrieved"],
)
def test_an_unknown_kind_is_named_with_those_that_exist(written: Written, key: str, shipped: Params) -> None:
    tag = "format" if "reader" in key else "kind"
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
        ("finetune/accumulate", 0),
        ("finetune/optimizer", "adamax"),
        ("finetune/optimizer_options", []),
        ("finetune/optimizer_options/betas", [0.9, "x"]),
        ("finetune/scheduler_options/num_cycles", "two"),
        ("finetune/precision", "half"),
        ("finetune/checkpoint_gradients", "yes"),
        ("finetune/patience", 0),
        ("finetune/adaptation", "full"),
        ("finetune/adaptation/kind", "adapters"),
        ("finetune/adaptation/layers", 0),
        ("finetune/adaptation/rank", 2.5),
        ("finetune/adaptation/alpha", -1),
        ("finetune/adaptation/dropout", 1.0),
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
        ("task/opinion/source/parts/graded/sha256", "d41d8cd98f00b204e9800998ecf8427e"),
        ("task/opinion/source/parts/graded/file", "../corpus.zip"),
        ("task/opinion/source/parts/graded/files", {"../films.txt": "films.txt"}),
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


def test_numbers_may_be_written_without_a_point(written: Written) -> None:
    assert Distill.load(written({"distill/weight_decay": 0})).weight_decay == 0.0


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
    monkeypatch.chdir(ROOT)
    assert TaskSection.named("opinion").labels == ["negative", "positive"]
    with pytest.raises(StageError, match=r"task\.no-such-task is missing \(described: .*opinion"):
        TaskSection.named("no-such-task")
