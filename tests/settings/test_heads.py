from collections.abc import Callable
from typing import Any

import pytest

from decortique.data.settings import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    ClassificationHead,
    RegressionHead,
    TaskSection,
)
from tests.settings.conftest import Params, Written, complaint

POLARITY: Params = {"kind": "classification", "column": "label", "loss": "cross_entropy"}
INTENSITY: Params = {"kind": "regression", "column": "score", "loss": "mse"}
HEADS = "catalogue/tasks/opinion.yaml:heads"


def heads(**described: Params) -> Params:
    return {HEADS: described}


def polarity(**changes: Any) -> Params:
    return heads(polarity={**POLARITY, **changes})


def intensity(**changes: Any) -> Params:
    return heads(polarity=POLARITY, intensity={**INTENSITY, **changes})


@pytest.mark.parametrize("order", [("polarity", "b", "a"), ("a", "polarity", "b"), ("b", "a", "polarity")])
def test_the_predicting_head_comes_first_in_any_order_of_the_file(written: Written, order: tuple[str, ...]) -> None:
    """Tools that write YAML may sort its keys, and DVC does not see their order."""
    described = {"polarity": {**POLARITY, "predicts": True}, "b": INTENSITY, "a": {**POLARITY, "loss": "focal"}}
    path = written(heads(**{name: described[name] for name in order}))
    result = TaskSection.named("opinion", path).heads
    assert list(result) == ["polarity", *(name for name in order if name != "polarity")]


def test_the_only_classification_head_predicts(written: Written) -> None:
    result = TaskSection.named("opinion", written(heads(intensity=INTENSITY, polarity=POLARITY))).heads
    assert list(result) == ["polarity", "intensity"]
    assert [type(head) for head in result.values()] == [ClassificationHead, RegressionHead]


@pytest.mark.parametrize("predicts", [(False, False), (True, True)])
def test_one_of_several_classification_heads_must_predict(written: Written, predicts: tuple[bool, bool]) -> None:
    described = {name: {**POLARITY, "predicts": one} for name, one in zip(("a", "b"), predicts, strict=True)}
    assert "catalogue/tasks/opinion.yaml: heads: a and b could predict: give one of them" in complaint(
        written(heads(**described))
    )


def test_a_head_cannot_have_the_name_of_a_score(written: Written) -> None:
    message = complaint(written(heads(polarity=POLARITY, probability=INTENSITY)))
    assert "catalogue/tasks/opinion.yaml: heads: a head cannot be called probability" in message


def test_omitted_options_of_a_head_keep_the_default_loss(written: Written) -> None:
    first, second = TaskSection.named("opinion", written(intensity())).heads.values()
    assert isinstance(first, ClassificationHead)
    assert (first.options, first.weight) == (second.options, second.weight) == ({}, 1.0)
    assert (first.class_weight, first.score_slope) == (None, None)


@pytest.mark.parametrize("chosen", [True, False], ids=["with-options", "plain"])
@pytest.mark.parametrize(
    ("described", "loss", "options"),
    [
        *((polarity, loss, options) for loss, options in CLASSIFICATION_LOSSES.items()),
        *((intensity, loss, options) for loss, options in REGRESSION_LOSSES.items()),
    ],
)
def test_every_loss_can_be_chosen_with_each_of_its_options(
    written: Written, described: Callable[..., Params], loss: str, options: Params, *, chosen: bool
) -> None:
    wanted = dict.fromkeys(options, 1) if chosen else {}
    path = written(described(loss=loss, options=wanted))
    *_, head = TaskSection.named("opinion", path).heads.values()
    assert (head.loss, head.options) == (loss, wanted)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        (polarity(loss="hinge"), ("polarity", "loss 'hinge' is none of cross_entropy, focal, binary")),
        (polarity(loss="mse"), ("polarity", "loss 'mse' is none of cross_entropy, focal, binary")),
        (intensity(loss="focal"), ("intensity", "loss 'focal' is none of mse, huber")),
        (
            polarity(options={"gamma": 2.0}),
            ("polarity", "options.gamma is none of the loss cross_entropy (it has: label_smoothing)"),
        ),
        (
            polarity(loss="binary", options={"gamma": 2.0}),
            ("polarity", "options.gamma is none of the loss binary (it has: none)"),
        ),
        (polarity(options={"label_smoothing": 1.5}), ("polarity", "options.label_smoothing", "(got 1.5)")),
        (polarity(options={"label_smoothing": "much"}), ("polarity.options.label_smoothing", "much")),
        (polarity(loss="focal", options={"gamma": -1}), ("polarity", "options.gamma", "(got -1.0)")),
        (polarity(loss="focal", options={"gamma": float("inf")}), ("polarity", "options.gamma", "(got inf)")),
        (intensity(loss="huber", options={"delta": 0}), ("intensity", "options.delta", "(got 0.0)")),
        (intensity(loss="huber", options={"delta": float("nan")}), ("intensity", "options.delta", "(got nan)")),
        (polarity(weight=0), ("polarity.weight", "(got 0)")),
        (polarity(weight=-1), ("polarity.weight",)),
        (polarity(score_slope=0), ("polarity.score_slope",)),
        (polarity(class_weight="heavy"), ("polarity.class_weight", "balanced", "heavy")),
        (polarity(column="score"), ("polarity.column", "label")),
        (intensity(column="label"), ("intensity.column", "score")),
        (intensity(class_weight="balanced"), ("intensity.class_weight is not a setting",)),
        (polarity(kind="ordinal"), ("polarity", "'ordinal'", "'classification', 'regression'")),
    ],
)
def test_an_invalid_loss_of_a_head_is_reported_with_the_valid_ones(
    written: Written, changes: Params, parts: tuple[str, ...]
) -> None:
    message = complaint(written(changes))
    for part in ("catalogue/tasks/opinion.yaml: heads.", *parts):
        assert part in message


def test_a_regression_head_cannot_be_the_predicting_head(written: Written) -> None:
    assert "catalogue/tasks/opinion.yaml: heads: none predicts between the labels" in complaint(
        written(heads(intensity=INTENSITY))
    )


@pytest.mark.parametrize("named", [{}, {"Polarity!": POLARITY}, {"-": POLARITY}, {"a b": POLARITY}])
def test_head_names_must_be_valid_in_files_and_tables(written: Written, named: Params) -> None:
    assert HEADS.replace(":", ": ") in complaint(written(heads(**named)))


def test_a_task_without_heads_is_refused(written: Written) -> None:
    assert "catalogue/tasks/opinion.yaml: heads: field required" in complaint(written({}, removed=(HEADS,)))
