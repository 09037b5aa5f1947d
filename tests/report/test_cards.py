"""Model cards, from models and results written by the tests."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from decortique.core import paths
from decortique.core.files import StageError, write_json
from decortique.core.settings import _validated
from decortique.data.settings import Prepare, TaskSection
from decortique.models.folder import describe_model
from decortique.report.cards import write_cards
from experiments.clone import set_params
from stages import report

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
    test = {"only_this_right": 30, "only_baseline_right": 10, "cohens_g": 0.25, "mcnemar_p": mcnemar}
    return {**test, "accuracy_difference": spread(difference, 0.03), "holm_p": corrected}


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
                "intensity": {
                    "spearman": spread(0.812),
                    "mae": spread(0.772),
                    "versus_probability": {"spearman_difference": spread(0.002)},
                },
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
    "versus": {
        "mcnemar_p": 1.0,
        "accuracy_difference": spread(0.001, 0.004),
        "only_this_right": 4,
        "only_baseline_right": 3,
        "cohens_g": 0.07,
    },
    "agreement": 0.993,
}
ROWS = {
    split: {"all": 1000, "negative": 600, "positive": 400}
    for split in ("pool", "test", "train", "transfer-tweets", "validation")
}


def cards() -> None:
    write_cards(report.cards())


CHANGED = {
    "tasks": ["opinion"],
    "approaches": ["bag-of-words", "transformer", "student"],
    "decode.combine": [],
    "export.approaches": ["transformer"],
    "stack.students": [],
}


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Write a params.yaml with three approaches; cached settings are cleared for other tests."""
    path = Path(shutil.copy(PARAMS, tmp_path_factory.mktemp("params")))
    shutil.copytree(PARAMS.parent / "catalogue", path.parent / "catalogue")
    set_params(path.parent, CHANGED)
    _validated.cache_clear()
    yield path
    _validated.cache_clear()


@pytest.fixture(autouse=True)
def folder(params: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set up a project with three models, an export of one, and their results."""
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


def write_model(folder: Path, kind: str, settings: dict[str, Any]) -> None:
    folder.mkdir(parents=True)
    describe_model(
        folder,
        name=f"opinion/{folder.name}",
        kind=kind,
        described=DESCRIBED,
        made="A model that a test made.",
        made_from="next to nothing",
        settings=settings,
        scores={"accuracy": 0.8123},
        limits="It knows little.",
        teacher="transformer" if folder.name == "student" else None,
    )


def card(approach: str, *, exported: bool = False) -> ModelCard:
    cards()
    return ModelCard.load(paths.cards("opinion") / f"{approach}{'-int8' if exported else ''}.md")


def test_the_card_of_a_rehearsal_says_what_its_scores_are_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Prepare.load().model_copy(update={"limit": 200})
    for prepare, warnings in ((Prepare.load(), 0), (few, 1)):
        monkeypatch.setattr(Prepare, "load", lambda prepare=prepare: prepare)
        text = card("transformer").text
        said = text.count("**A rehearsal on about 200 texts of each split (prepare.limit): its numbers mean little.**")
        assert (said, text.count("ehearsal")) == (warnings, warnings)


def test_the_hub_finds_every_score_and_where_it_was_measured() -> None:
    data: Any = card("transformer").data
    assert (data.language, data.license, data.library_name) == ("en", "other", "transformers")
    assert data.base_model == "sentence-transformers/all-MiniLM-L6-v2"
    results = {(one.dataset_split, one.metric_name): one.metric_value for one in data.eval_results}
    assert results == {
        ("test", "accuracy"): 0.86,
        ("test", "macro-F1"): 0.86,
        ("test", "ROC-AUC"): 0.91,
        ("test", "log-loss"): 0.14,
        ("test", "F1 of negative"): 0.87,
        ("test", "F1 of positive"): 0.85,
        ("transfer-tweets", "accuracy"): 0.64,
        ("transfer-tweets", "macro-F1"): 0.64,
        ("transfer-tweets", "ROC-AUC"): 0.69,
        ("transfer-tweets", "log-loss"): 0.36,
        ("transfer-tweets", "F1 of negative"): 0.65,
        ("transfer-tweets", "F1 of positive"): 0.63,
    }


def test_a_score_has_its_interval_and_the_majority_baseline() -> None:
    text = card("transformer").text
    assert "| transformer | **0.860 [0.840, 0.880]** | 0.860 [0.840, 0.880] |" in text
    assert "Always predicting `negative` has an accuracy of 0.600." in text
    assert "intensity of transformer: ranks texts no better than the probability.** Spearman correlation" in text
    assert "with people's grades 0.812 [0.792, 0.832], against the probability +0.002 [-0.018, +0.022];" in text


def test_a_significant_difference_is_claimed() -> None:
    text = card("transformer").text
    assert "**transformer against bag-of-words: better.** Accuracy 0.860 and 0.810;" in text
    assert "difference: +0.050 [+0.020, +0.080], p < 0.001." in text
    assert "that of McNemar's exact test, corrected by Holm for 2 tests." in text


def test_a_difference_significant_only_before_correction_is_not_claimed() -> None:
    text = card("student").text
    assert "+0.030 [+0.000, +0.060], p = 0.060." in text
    assert "**student against bag-of-words: no significant difference.**" in text


def test_limits_compare_other_texts_with_the_test_set() -> None:
    assert "- On `tweets` its accuracy is 0.640 [0.620, 0.660], lower than on the test set." in card("transformer").text
    overlapping = "- On `tweets` its accuracy is 0.825 [0.805, 0.845], within the uncertainty of that on the test set."
    assert overlapping in card("student").text


def test_sensitivity_to_rewriting_is_listed_as_a_limit() -> None:
    flips = "by rule: typos 0.100 [0.080, 0.120], no punctuation 0.100 [0.080, 0.120].\n- Whether it treats"
    assert flips in card("transformer").text
    assert "rewritten by rule" not in card("transformer", exported=True).text


def test_the_baseline_is_not_tested_against_itself() -> None:
    text = card("bag-of-words").text
    assert "It is the baseline" in text
    assert "bag-of-words against" not in text
    assert "against bag-of-words" not in text


def test_the_card_of_a_student_names_its_teacher_and_training_pool() -> None:
    text = card("student").text
    assert "keeps of its teacher transformer: 97.7% [95.7%, 99.7%] of the accuracy.**" in text
    assert "It predicts the same as its teacher on 91.5% of the texts." in text
    assert "It was trained on `train` and, with its teacher's labels, on `pool`;" in text
    assert "on `pool`" not in card("transformer").text


def test_an_export_is_compared_with_the_original_model() -> None:
    exported = card("transformer", exported=True)
    data: Any = exported.data
    assert {one.metric_value for one in data.eval_results} == {0.861, 0.351}
    assert "**transformer-int8 against transformer: no significant difference.**" in exported.text
    assert "difference: +0.001 [-0.003, +0.005], p = 1.000." in exported.text
    assert "that of McNemar's exact test.\n" in exported.text
    assert "It takes 22 MB, 25% of what it was made from, and predicts the same on 99.3% of the texts." in exported.text
    assert "dvc repro export@opinion-transformer" in exported.text
    assert "It was not measured on anything but the test set." in exported.text


def test_a_card_states_how_to_reproduce_the_model() -> None:
    text = card("student").text
    assert "`dvc repro predict@opinion-student`" in text
    assert "Seeds: split 0, training.seed 3, bootstrap 0." in text
    assert "| texts.pool | True |" in text
    assert "| accuracy | 0.8123 |" in text


def test_the_card_states_when_whole_groups_are_resampled(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "resampled by whole groups" not in card("student").text
    split = DESCRIBED.split.model_copy(update={"keep_groups": True})
    monkeypatch.setattr(TaskSection, "named", lambda _: DESCRIBED.model_copy(update={"split": split}))
    grouped = {**EVALUATED["versus"]["student"], "accuracy_p": 0.2, "holm_p": 0.4}
    report = {**EVALUATED, "versus": {**EVALUATED["versus"], "student": grouped}}
    write_json(paths.results("evaluate", "opinion", "scores"), report)
    text = card("student").text
    assert "over the 1\N{NO-BREAK SPACE}000 texts of `test`, resampled by whole groups." in text
    assert "that of a swap test of whole groups, corrected by Holm for 2 tests." in text
    assert "+0.030 [+0.000, +0.060], p = 0.400." in text


def test_a_card_names_any_number_of_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TaskSection, "named", lambda _: DESCRIBED.model_copy(update={"labels": ["a", "b", "c"]}))
    write_json(paths.results("prepare", "opinion"), {"rows": {split: {"all": 9, "a": 2, "c": 7} for split in ROWS}})
    text = card("transformer").text
    assert "It classifies texts as `a`, `b` or `c`:" in text
    assert "| test | 9 | 2 | 0 | 7 |" in text
    assert "Always predicting `c` has an accuracy of 0.778." in text


def test_the_same_run_gives_the_same_card_and_names_no_machine(folder: Path) -> None:
    cards()
    path = paths.cards("opinion") / "transformer.md"
    first = path.read_bytes()
    path.unlink()
    cards()
    assert path.read_bytes() == first
    assert str(folder).encode() not in first
    assert first.count(b"\n\n\n") == 0


def test_every_row_of_a_table_has_the_same_number_of_cells() -> None:
    for approach, exported in (("bag-of-words", False), ("student", False), ("transformer", True)):
        for block in card(approach, exported=exported).text.split("\n\n"):
            if block.startswith("|"):
                assert len({line.count("|") for line in block.splitlines()}) == 1, block
                assert block.splitlines()[1].replace(" ", "").startswith("|---"), block


def test_scores_of_other_approaches_are_not_in_the_metadata() -> None:
    report = json.loads(paths.results("evaluate", "opinion", "scores").read_text())
    del report["versus"]["student"]["holm_p"]
    write_json(paths.results("evaluate", "opinion", "scores"), report)
    with pytest.raises(
        StageError, match=r"opinion/scores\.json has no 'holm_p' for opinion/student: run `dvc repro evaluate@opinion`"
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
