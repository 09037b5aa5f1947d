import re
from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.core.settings import PARAMS, Approaches, Compute, Tasks, catalogues, read_yaml, sections
from decortique.data.settings import LanguageSection, TaskSection
from decortique.evaluation.settings import Decode
from decortique.models.settings import BagOfWords, Finetune
from tests.settings.conftest import ROOT, Params, Written, complaint

OPINION = "catalogue/tasks/opinion.yaml"


def key_in_message(key: str) -> str:
    """Return a key of `written` as an error names it: `catalogue/tasks/opinion.yaml: split.seed`."""
    file, _, inside = key.rpartition(":")
    return ": ".join([*([file] if file else []), inside.replace("/", ".")])


def test_the_shipped_params_can_be_run() -> None:
    for kind in sections().values():
        assert isinstance(kind.load(ROOT / PARAMS), kind)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "catalogue").rglob("*.*")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_every_shipped_entry_of_the_catalogue_can_be_chosen(path: Path) -> None:
    assert path.suffix == ".yaml"
    assert catalogues()[path.parent.name].named(path.stem, ROOT / PARAMS)


def test_params_yaml_is_short_and_each_section_is_explained() -> None:
    text = (ROOT / PARAMS).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 160
    sections_with_comments = re.findall(r"(?m)^(?:#.*\n)*\w.*\n(?:[ ].*\n)*", text)
    assert len(sections_with_comments) >= len(sections())
    assert [one for one in sections_with_comments if "# " not in one] == []


def test_every_section_of_the_shipped_params_has_a_reader(shipped: Params) -> None:
    assert list(shipped.keys() - sections().keys()) == []


def test_a_section_holds_the_values_of_the_file(written: Written) -> None:
    path = written(
        {
            "finetune/num_train_epochs": 7,
            "compute/device": "cuda:1",
            "approaches": ["a", "b"],
            "decode/combine": ["b"],
            "export/approaches": ["a"],
            "stack/students": [],
            "collections": [],
        }
    )
    assert Finetune.load(path).num_train_epochs == 7
    assert Compute.load(path).device == "cuda:1"
    assert Approaches.load(path).baseline == "a"
    assert Decode.load(path).combine == ["b"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"finetune/optim_args": {"lr": 0.1}}, "finetune: optim_args.lr has a setting of its own"),
        (
            {"distill/training/optim_args": {"weight_decay": 0.1}},
            "distill.training: optim_args.weight_decay has a setting of",
        ),
        (
            {"finetune/lr_scheduler_type": "constant", "finetune/lr_scheduler_kwargs": {"num_cycles": 2}},
            "finetune: lr_scheduler_kwargs: the scheduler constant takes none",
        ),
    ],
)
def test_an_option_without_effect_is_refused(written: Written, changes: Params, expected: str) -> None:
    assert expected in complaint(written(changes))


def test_options_of_an_optimiser_may_be_numbers_pairs_or_switches(written: Written) -> None:
    options = {"betas": [0.9, 0.95], "amsgrad": True, "eps": 1e-6}
    assert Finetune.load(written({"finetune/optim_args": options})).optim_args == options


@pytest.mark.parametrize("kind", ["full", "top", "probe", "lora"])
@pytest.mark.parametrize("alone", [True, False])
def test_every_kind_of_adaptation_can_be_chosen_by_its_name(written: Written, kind: str, *, alone: bool) -> None:
    path = written({"finetune/adaptation": {"kind": kind}} if alone else {"finetune/adaptation/kind": kind})
    assert Finetune.load(path).adaptation.kind == kind


def test_settings_are_read_only(written: Written) -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(Finetune.load(written({})), "num_train_epochs", 3)  # noqa: B010  (mypy would see an assignment)


def test_the_word_no_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("language: no\nanswers: [yes, off, on]\n", encoding="utf-8")
    assert read_yaml(path) == {"language": "no", "answers": ["yes", "off", "on"]}


def test_norwegian_can_be_the_language_of_a_task(written: Written) -> None:
    path = written({f"{OPINION}:language": "no", "languages": [], "collections": []})
    entry = path.parent / OPINION
    entry.write_text(entry.read_text(encoding="utf-8").replace("'no'", "no"), encoding="utf-8")
    assert TaskSection.named("opinion", path).language == "no"


@pytest.mark.parametrize("number", ["1e-05", "1e-5", "1.0e-5", "0.00001"])
def test_a_learning_rate_can_be_written_the_way_people_write_it(written: Written, number: str) -> None:
    path = written({"finetune/learning_rate": "NUMBER"})
    path.write_text(path.read_text(encoding="utf-8").replace("NUMBER", number), encoding="utf-8")
    assert Finetune.load(path).learning_rate == 1e-5


def test_a_seed_with_a_leading_zero_is_read_as_decimal(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("seed: 010\n", encoding="utf-8")
    assert read_yaml(tmp_path / "params.yaml") == {"seed": 10}


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [
        ("finetunes", "finetune"),
        ("finetune/num_train_epoch", "num_train_epochs"),
        ("bag_of_words/candidates/content/ngram", "ngrams"),
        ("distill/teachr", "teacher"),
        ("finetune/adaptation/freeze_embedding", "freeze_embeddings"),
        ("catalogue/students/student.yaml:start/layer", "layers"),
        ("catalogue/students/static.yaml:token_dropouts", "token_dropout"),
        ("catalogue/students/student-1.yaml:texts/spans/copy", "copies"),
        (f"{OPINION}:label", "labels"),
        (f"{OPINION}:heads/polarity/class_weigth", "class_weight"),
        (f"{OPINION}:source/parts/graded/pakage", "package"),
        (f"{OPINION}:reader/parts/graded/encodings", "encoding"),
        (f"{OPINION}:reader/parts/reviews/lables", "labels"),
        (f"{OPINION}:reader/part", "parts"),
        (f"{OPINION}:split/seeds", "seed"),
        ("catalogue/tasks/author.yaml:reader/encodings", "encoding"),
        ("catalogue/collections/films.yaml:source/pakage", "package"),
        ("catalogue/encoders/all-minilm-l6-v2.yaml:license", "licence"),
        ("catalogue/encoders/all-minilm-l6-v2.yaml:source/sha25", "sha256"),
        ("catalogue/languages/en.yaml:pronoun", "pronouns"),
    ],
)
def test_a_misspelt_key_is_named_in_full_with_the_right_spelling(written: Written, key: str, suggestion: str) -> None:
    message = complaint(written({key: 1}))
    assert f"{key_in_message(key)} is not a setting" in message
    assert f"did you mean {suggestion!r}?" in message


def test_an_unknown_key_is_refused_with_the_allowed_ones(written: Written) -> None:
    message = complaint(written({"validity/zzz": 1}))
    assert "validity.zzz is not a setting (allowed: features, seed)" in message


@pytest.mark.parametrize(
    "key",
    [
        f"{OPINION}:source",
        f"{OPINION}:reader",
        f"{OPINION}:reader/parts/graded",
        f"{OPINION}:off_the_shelf",
    ],
)
def test_an_unknown_kind_is_reported_with_the_existing_ones(written: Written, key: str) -> None:
    tag = "format" if "reader" in key else "kind"
    message = complaint(written({f"{key}/{tag}": "carrier-pigeon"}))
    assert key_in_message(key) in message
    assert "carrier-pigeon" in message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("finetune/num_train_epochs", "3"),
        ("finetune/num_train_epochs", 2.5),
        ("finetune/num_train_epochs", 0),
        ("finetune/num_train_epochs", None),
        ("finetune/dropout", 1.0),
        ("finetune/learning_rate", -1e-4),
        ("finetune/learning_rate", float("nan")),
        ("finetune/learning_rate", float("inf")),
        ("finetune/lr_scheduler_type", "exponential"),
        ("finetune/warmup_ratio", 1.5),
        ("finetune/gradient_accumulation_steps", 0),
        ("finetune/optim", "adamax"),
        ("finetune/optim_args", []),
        ("finetune/optim_args/betas", [0.9, "x"]),
        ("finetune/lr_scheduler_kwargs/num_cycles", "two"),
        ("finetune/precision", "half"),
        ("finetune/gradient_checkpointing", "yes"),
        ("finetune/early_stopping_patience", 0),
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
        ("stack/students", ["student", "student-1"]),
        ("validity/features", 0),
        ("compute/device", "gpu"),
        ("evaluate/confidence", 95),
        ("prepare/bad_rows", True),
        ("tasks", "opinion"),
        ("tasks", []),
        ("tasks", ["Opinion!"]),
        (f"{OPINION}:language", "English"),
        (f"{OPINION}:source/parts/graded/sha256", "d41d8cd98f00b204e9800998ecf8427e"),
        (f"{OPINION}:source/parts/graded/file", "../corpus.zip"),
        (f"{OPINION}:source/parts/graded/files", {"../films.txt": "films.txt"}),
        ("validity", 32),
        ("compute/batch_size", 0),
    ],
)
def test_an_invalid_value_is_refused_with_its_full_key(written: Written, key: str, value: object) -> None:
    assert key_in_message(key) in complaint(written({key: value}))


def test_an_error_shows_the_invalid_value(written: Written) -> None:
    assert "exponential" in complaint(written({"finetune/lr_scheduler_type": "exponential"}))


def test_a_date_is_refused_as_a_value(written: Written) -> None:
    path = written({"validity/seed": "DATE"})
    path.write_text(path.read_text(encoding="utf-8").replace("DATE", "2024-01-31"), encoding="utf-8")
    assert "validity: holds a value that is no number, text, list or mapping" in complaint(path)


def test_a_missing_setting_is_named(written: Written) -> None:
    assert "finetune.num_train_epochs" in complaint(written({}, removed=("finetune/num_train_epochs",)))


def test_a_missing_section_is_named(written: Written) -> None:
    assert "evaluate: this section is missing" in complaint(written({}, removed=("evaluate",)))


def test_all_mistakes_are_reported_at_once(written: Written) -> None:
    wrong = {
        "finetune/num_train_epochs": 0,
        "distill/teachr": 1,
        "zzz": 1,
        "embed/pooling": "max",
        "collections": ["films", "zzz"],
    }
    entries = {f"{OPINION}:split/seed": -1, "catalogue/languages/en.yaml:wordnets": True}
    message = complaint(written({**wrong, **entries}))
    for name in ("finetune.num_train_epochs", "distill.teachr", "zzz", "embed.pooling", *map(key_in_message, entries)):
        assert name in message
    assert "catalogue/collections/zzz.yaml is missing" in message


def test_a_mistake_in_a_section_stops_every_stage(written: Written) -> None:
    path = written({"evaluate/seed": "zero"})
    with pytest.raises(StageError, match=r"evaluate\.seed"):
        BagOfWords.load(path)
    with pytest.raises(StageError, match=r"evaluate\.seed"):
        TaskSection.named("opinion", path)


def test_a_mistake_in_an_entry_stops_every_stage_only_if_the_run_uses_it(
    written: Written,
) -> None:
    changes: Params = {"catalogue/languages/fr.yaml:wordnet": "yes"}
    path = written(changes)
    assert LanguageSection.named("en", path).wordnet
    with pytest.raises(StageError, match=r"languages/fr\.yaml: wordnet: input should be a valid boolean"):
        LanguageSection.named("fr", path)
    french: Params = {"tasks": ["author-fr"], "languages": ["fr"], "collections": []}
    with pytest.raises(StageError, match=r"languages/fr\.yaml: wordnet"):
        BagOfWords.load(written({**changes, **french}))


def test_numbers_may_be_written_without_a_point(written: Written) -> None:
    assert Finetune.load(written({"finetune/weight_decay": 0})).weight_decay == 0.0


def test_a_missing_file_says_where_to_run_the_command(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"params\.yaml is missing: run the command from"):
        Tasks.load(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"tasks: [opinion\nencoder: x\n", "not valid YAML"),
        (b"tasks: [opinion]\ntasks: [author]\n", "not valid YAML"),
        (b"\ttasks: 1\n", "not valid YAML"),
        (b"- tasks\n", "mapping of settings, found list"),
        (b"", "mapping of settings, found NoneType"),
        ("title: Pr\xe9sidents\n".encode("latin-1"), "UTF-8"),
    ],
)
def test_a_malformed_params_yaml_is_refused_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    assert reason in complaint(path)


@pytest.mark.parametrize("content", [b"title: [opinion\n", b"- title\n", "title: Pr\xe9sidents\n".encode("latin-1")])
def test_a_malformed_catalogue_entry_is_refused_with_its_file_name(written: Written, content: bytes) -> None:
    path = written({})
    (path.parent / OPINION).write_bytes(content)
    assert complaint(path).startswith(f"{OPINION} ")


def test_a_missing_catalogue_entry_is_refused_with_the_existing_ones(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = "catalogue/tasks/opinions.yaml is missing: catalogue/tasks has author, author-fr, opinion"
    assert complaint(written({"tasks": ["opinions"]})) == f"params.yaml: tasks: {missing}"
    monkeypatch.chdir(ROOT)
    assert TaskSection.named("opinion").labels == ["negative", "positive"]
    with pytest.raises(StageError) as caught:
        TaskSection.named("opinions")
    assert str(caught.value) == missing


@pytest.mark.parametrize("name", ["Opinion", "../tasks/opinion", "my task", ""])
def test_a_catalogue_entry_with_an_invalid_file_name_is_refused(written: Written, name: str) -> None:
    path = written({})
    (path.parent / "catalogue/tasks/my task.yaml").write_text("title: Mine\n")
    with pytest.raises(StageError, match="a name is of lower-case letters, digits and hyphens"):
        TaskSection.named(name, path)
