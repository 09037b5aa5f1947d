"""Model cards, of models and results that tests wrote."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.core.files import write_json
from decortique.core.settings import _validated
from decortique.data.task_settings import TaskSection
from decortique.models.folder import Kind, Manifest, write_card
from experiments.clone import set_params
from stages.report import made_cards, write_cards

PARAMS = Path(__file__).parents[2] / "params.yaml"
DESCRIBED = TaskSection.named("opinion", PARAMS)


def spread(value: float, half: float = 0.02) -> dict[str, float]:
    return {"value": value, "low": round(value - half, 6), "high": round(value + half, 6)}


def scores(accuracy: float) -> dict[str, Any]:
    f1 = {"negative": spread(accuracy + 0.01), "positive": spread(accuracy - 0.01)}
    return {
        "accuracy": spread(accuracy),
        "macro_f1": spread(accuracy),
        "f1": f1,
        "roc_auc": spread(accuracy + 0.05),
        "average_precision": spread(accuracy),
        "log_loss": spread(1 - accuracy),
        "calibration_error": 0.031,
    }


def compared(difference: float, mcnemar: float, corrected: float) -> dict[str, Any]:
    return {"mcnemar_p": mcnemar, "accuracy_difference": spread(difference, 0.03), "holm_p": corrected}


EVALUATED: dict[str, Any] = {
    "bag-of-words": scores(0.81),
    "transformer": scores(0.86),
    "student": scores(0.84),
    "versus": {"transformer": compared(0.05, 0.0004, 0.0008), "student": compared(0.03, 0.03, 0.06)},
    "retained": {"student": {"teacher": "transformer", "accuracy_share": spread(0.977), "agreement": 0.915}},
    "graded": {
        "test": {
            "transformer": {
                "probability": {"spearman": spread(0.81)},
                "intensity": {"spearman": spread(0.812), "mae": spread(0.772)},
            }
        }
    },
    "transfer": {
        "tweets": {
            "bag-of-words": scores(0.60),
            "transformer": scores(0.64),
            "student": scores(0.825),
            "versus": {"transformer": compared(0.04, 0.01, 0.02), "student": compared(0.225, 1e-9, 2e-9)},
        }
    },
    "decoded": {},
}
EXPORTED = {
    "float": {"accuracy": spread(0.86), "macro_f1": spread(0.86), "log_loss": spread(0.35), "bytes": 90_000_000},
    "int8": {"accuracy": spread(0.861), "macro_f1": spread(0.861), "log_loss": spread(0.351), "bytes": 22_500_000},
    "versus": {"mcnemar_p": 1.0, "accuracy_difference": spread(0.001, 0.004)},
    "agreement": 0.993,
}
ROWS = {
    split: {"all": 1000, "negative": 600, "positive": 400}
    for split in ("pool", "test", "train", "transfer-tweets", "validation")
}


def cards() -> None:
    write_cards(made_cards())


CHANGED = {
    "tasks": ["opinion"],
    "approaches": ["bag-of-words", "transformer", "student"],
    "decode.combine": [],
    "export.approaches": ["transformer"],
}


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A params.yaml with three approaches; what is read of one of that name is not kept for other tests."""
    path = Path(shutil.copy(PARAMS, tmp_path_factory.mktemp("params")))
    shutil.copytree(PARAMS.parent / "catalogue", path.parent / "catalogue")
    set_params(path.parent, CHANGED)
    _validated.cache_clear()
    yield path
    _validated.cache_clear()


@pytest.fixture(autouse=True)
def folder(params: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three models and an export of one, and what was measured of them."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(params.parent, tmp_path, dirs_exist_ok=True)
    write_model(paths.model("opinion", "bag-of-words"), "bag-of-words", {"ngrams": [1, 2]})
    write_model(paths.model("opinion", "transformer"), "transformer", {"epochs": 2, "seed": 7})
    write_model(paths.model("opinion", "student"), "transformer", {"texts": {"pool": True}, "training": {"seed": 3}})
    write_json(paths.results("evaluate", "opinion", "scores"), EVALUATED)
    write_json(paths.results("export", "opinion", "transformer"), EXPORTED)
    flips = {name: {"flips": spread(0.1)} for name in ("bag-of-words", "transformer", "student")}
    rewrites = {name: {"approaches": flips} for name in ("typos", "no_punctuation")}
    write_json(paths.results("robustness", "opinion"), {"rewrites": rewrites})
    write_json(paths.results("prepare", "opinion"), {"rows": ROWS})
    return tmp_path


def write_model(folder: Path, kind: Kind, settings: dict[str, Any]) -> None:
    folder.mkdir(parents=True)
    Manifest(kind=kind, labels=DESCRIBED.labels, teacher="transformer" if folder.name == "student" else None).write(
        folder
    )
    write_card(
        folder,
        name=f"opinion/{folder.name}",
        kind=kind,
        task=DESCRIBED,
        made="A model that a test made.",
        made_from="next to nothing",
        settings=settings,
        scores={"accuracy": 0.8123},
        limits="It knows little.",
    )


def card(approach: str, *, exported: bool = False) -> ModelCard:
    cards()
    return ModelCard.load(paths.cards("opinion") / f"{approach}{'-int8' if exported else ''}.md")


def test_the_hub_finds_every_score_and_where_it_was_measured() -> None:
    found: Any = card("transformer").data
    assert (found.language, found.license, found.library_name) == ("en", "other", "transformers")
    assert found.base_model == "sentence-transformers/all-MiniLM-L6-v2"
    shown = {(one.dataset_split, one.metric_name): one.metric_value for one in found.eval_results}
    assert shown == {
        ("test", "Accuracy"): 0.86,
        ("test", "Macro F1"): 0.86,
        ("test", "ROC-AUC"): 0.91,
        ("test", "Log-loss"): 0.14,
        ("test", "F1 of negative"): 0.87,
        ("test", "F1 of positive"): 0.85,
        ("transfer-tweets", "Accuracy"): 0.64,
        ("transfer-tweets", "Macro F1"): 0.64,
        ("transfer-tweets", "ROC-AUC"): 0.69,
        ("transfer-tweets", "Log-loss"): 0.36,
        ("transfer-tweets", "F1 of negative"): 0.65,
        ("transfer-tweets", "F1 of positive"): 0.63,
    }


def test_a_score_is_told_with_its_interval_and_beside_who_does_not_look() -> None:
    text = card("transformer").text
    assert "| accuracy | 0.860 [0.840, 0.880] |\n| macro-F1 | 0.860 [0.840, 0.880] |\n| F1 of `negative` |" in text
    assert "Who always says `negative` has an accuracy of 0.600." in text
    assert "`intensity` ranks the texts as their grades do with a Spearman correlation of 0.812 [0.792, 0.832]" in text


def test_a_difference_that_a_test_finds_is_claimed() -> None:
    told = "+0.050 [+0.020, +0.080], p < 0.001 (McNemar's exact test, corrected by Holm for 2 tests): it is better."
    assert f"Against `bag-of-words` on the same texts, the difference in accuracy is {told}" in card("transformer").text


def test_a_difference_is_not_claimed_that_is_significant_only_before_the_correction() -> None:
    text = card("student").text
    assert "+0.030 [+0.000, +0.060], p = 0.060 (McNemar's exact test, corrected" in text
    assert "the two cannot be told apart" in text
    assert "it is better" not in text


def test_limits_compare_other_texts_with_those_at_home() -> None:
    assert "- On `tweets` its accuracy is 0.640 [0.620, 0.660], lower than on the test set." in card("transformer").text
    overlapping = "- On `tweets` its accuracy is 0.825 [0.805, 0.845], within the uncertainty of that on the test set."
    assert overlapping in card("student").text


def test_what_rewriting_does_is_a_limit_too() -> None:
    told = "by rule: typos 0.100 [0.080, 0.120], no punctuation 0.100 [0.080, 0.120].\n- Whether it treats"
    assert told in card("transformer").text
    assert "rewritten by rule" not in card("transformer", exported=True).text


def test_the_baseline_is_not_tested_against_itself() -> None:
    text = card("bag-of-words").text
    assert "It is the baseline" in text
    assert "against the baseline" not in text
    assert "Against `" not in text


def test_a_student_tells_of_its_teacher_and_that_it_learnt_from_the_pool() -> None:
    text = card("student").text
    assert "`transformer` on 91.5 % of the texts, and keeps a share of 0.977 [0.957, 0.997] of its accuracy." in text
    assert "It has learnt from `train` and, with its teacher's labels, from `pool`;" in text
    assert "from `pool`" not in card("transformer").text


def test_an_export_is_held_against_what_it_was_before() -> None:
    found = card("transformer", exported=True)
    data: Any = found.data
    assert {one.metric_value for one in data.eval_results} == {0.861, 0.351}
    assert "Against `transformer` in 32 bits on the same texts" in found.text
    assert "p = 1.000 (McNemar's exact test): the two cannot be told apart." in found.text
    assert (
        "It takes 22 MB, 25 % of what it was made from, and predicts as that does on 99.3 % of the texts." in found.text
    )
    assert "dvc repro export@opinion-transformer" in found.text
    assert "It was not measured on anything but the test set." in found.text


def test_a_card_says_how_the_model_is_made_again() -> None:
    text = card("student").text
    assert "`dvc repro predict@opinion-student`" in text
    assert "Seeds: split 0, training.seed 3, bootstrap 0." in text
    assert "| texts.pool | True |" in text
    assert "| accuracy | 0.8123 |" in text


def test_texts_that_come_in_groups_are_said_to_be_drawn_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "groups of texts are drawn whole" not in card("student").text
    split = DESCRIBED.split.model_copy(update={"keep_groups": True})
    monkeypatch.setattr(TaskSection, "named", lambda _: DESCRIBED.model_copy(update={"split": split}))
    grouped = {**EVALUATED["versus"]["student"], "accuracy_p": 0.2, "holm_p": 0.4}
    report = {**EVALUATED, "versus": {**EVALUATED["versus"], "student": grouped}}
    write_json(paths.results("evaluate", "opinion", "scores"), report)
    text = card("student").text
    assert "bootstrap intervals (groups of texts are drawn whole):" in text
    assert "p = 0.400 (a swap test of whole groups, corrected by Holm for 2 tests)" in text


def test_any_number_of_labels_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TaskSection, "named", lambda _: DESCRIBED.model_copy(update={"labels": ["a", "b", "c"]}))
    write_json(paths.results("prepare", "opinion"), {"rows": {split: {"all": 9, "a": 2, "c": 7} for split in ROWS}})
    text = card("transformer").text
    assert "It tells `a`, `b` and `c` apart" in text
    assert "| test | 9 | 2 | 0 | 7 |" in text
    assert "Who always says `c` has an accuracy of 0.778." in text


def test_the_same_run_gives_the_same_card_and_names_no_machine(folder: Path) -> None:
    cards()
    path = paths.cards("opinion") / "transformer.md"
    first = path.read_bytes()
    path.unlink()
    cards()
    assert path.read_bytes() == first
    assert str(folder).encode() not in first
    assert first.count(b"\n\n\n") == 0


def test_every_table_has_as_many_cells_in_each_row() -> None:
    for approach, exported in (("bag-of-words", False), ("student", False), ("transformer", True)):
        for block in card(approach, exported=exported).text.split("\n\n"):
            if block.startswith("|"):
                assert len({line.count("|") for line in block.splitlines()}) == 1, block
                assert block.splitlines()[1].startswith("|---"), block


def test_scores_of_other_approaches_are_no_scores_of_this_one() -> None:
    report = json.loads(paths.results("evaluate", "opinion", "scores").read_text())
    del report["versus"]["student"]["holm_p"]
    write_json(paths.results("evaluate", "opinion", "scores"), report)
    with pytest.raises(
        StageError, match=r"opinion/scores\.json has no 'holm_p' for student: run `dvc repro evaluate@opinion`"
    ):
        cards()
    assert not paths.cards("opinion").exists()


def test_a_model_without_its_own_card_is_not_published() -> None:
    readme = paths.model("opinion", "student") / "README.md"
    readme.write_text("---\nlanguage: en\n---\n# mine\n")
    with pytest.raises(StageError, match=r"README\.md is not the card that the pipeline wrote"):
        cards()
    readme.unlink()
    with pytest.raises(StageError, match=r"README\.md is missing or damaged"):
        cards()
