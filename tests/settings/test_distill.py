from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.distillation.settings import (
    Distill,
    HiddenTerm,
    Rounds,
    StaticStudent,
    StudentPlan,
    Students,
    student_plan,
)
from decortique.models.settings import Finetune
from tests.settings.conftest import Params, Written, complaint

LABELS, LOGITS = {"term": "labels", "weight": 0.5}, {"term": "logits", "weight": 1.0, "temperature": 2.0}
HIDDEN = {"term": "hidden", "weight": 1.0}
SPANS = {"copies": 1, "shortest": 0.2, "longest": 0.8}
ROUND = {"task": "opinion", "teacher": "student", "student": "student-1", "seed": 5}
HERE = "catalogue/students/student.yaml"

Refused = Callable[[Params], str]


@pytest.fixture
def refused(written: Written) -> Refused:
    """Return a function that gives the error about `student` with changes."""

    def message(changes: Params) -> str:
        return complaint(written({f"catalogue/students/student.yaml:{key}": value for key, value in changes.items()}))

    return message


@pytest.mark.parametrize(
    ("loss", "where", "why"),
    [
        ([{"term": "embeddings", "weight": 1.0}], "loss.0", "input tag 'embeddings' found using 'term'"),
        ([LABELS, {"weight": 1.0}], "loss.1", "unable to extract tag using discriminator 'term'"),
        ([LABELS, LOGITS, LABELS], "loss", "the term labels stands twice"),
        ([HIDDEN, {**HIDDEN, "tokens": "all"}], "loss", "the term hidden stands twice"),
        ([], "loss", "at least 1 item"),
        ([{**LABELS, "weight": 0}], "loss.0.weight", "greater than 0"),
        ([LABELS, {**LOGITS, "temperature": -1}], "loss.1.temperature", "greater than 0"),
        ([LABELS, {"term": "logits", "weight": 1.0}], "loss.1.temperature", "field required"),
        ([LABELS, {**LOGITS, "temperatur": 2}], "loss.1.temperatur", "did you mean 'temperature'?"),
        ([{**LABELS, "of": "nobody"}], "loss.0.of", "'corpus' or 'teacher'"),
        ([{**HIDDEN, "distance": "l1"}], "loss.0.distance", "'cosine' or 'mse'"),
        ([{**HIDDEN, "tokens": "last"}], "loss.0.tokens", "'first' or 'all'"),
        ([{**HIDDEN, "layers": {}}], "loss.0.layers", "at least 1 item"),
        ([{**HIDDEN, "layers": {-1: 2}}], "loss.0.layers", "greater than or equal to 0"),
        ([{**HIDDEN, "layers": [1, 2]}], "loss.0.layers", "input should be an object"),
    ],
)
def test_an_invalid_loss_is_refused_with_its_index_in_the_list(
    refused: Refused, loss: list[Params], where: str, why: str
) -> None:
    message = refused({"loss": loss})
    assert f"{HERE}: {where}" in message
    assert why in message


@pytest.mark.parametrize(
    ("start", "where", "why"),
    [
        ({"weights": "teacher", "layers": [2, 0]}, "start", "layers must be increasing, each layer once"),
        ({"weights": "teacher", "layers": [0, 0]}, "start", "layers must be increasing, each layer once"),
        ({"weights": "teacher", "layers": [-1]}, "start.layers.0", "greater than or equal to 0"),
        ({"weights": "teacher", "layers": []}, "start.layers", "at least 1 item"),
        (
            {"weights": "teacher", "layers": [0], "width": 192},
            "start",
            "weights of the teacher are as wide as they are",
        ),
        (
            {"weights": "encoder", "layers": [0], "width": 192},
            "start",
            "weights of the encoder are as wide as they are",
        ),
        ({"weights": "svd", "layers": [0]}, "start", "width is missing: svd makes a narrower student"),
        ({"weights": "svd", "layers": [0], "width": 0}, "start.width", "greater than or equal to 1"),
        (
            {"weights": "svd", "layers": [1], "width": 192, "embeddings": "states"},
            "start",
            "states go with weights of teacher or encoder, not with svd",
        ),
        ({"weights": "teacher", "layers": [0, 2], "embeddings": "states"}, "start", "begin with a higher layer"),
        ({"weights": "teacher", "layers": [1], "embeddings": "word"}, "start.embeddings", "'words' or 'states'"),
        ({"weights": "zeros", "layers": [0]}, "start.weights", "'teacher', 'encoder', 'random' or 'svd'"),
    ],
)
def test_an_invalid_start_is_refused(refused: Refused, start: Params, where: str, why: str) -> None:
    message = refused({"start": start})
    assert f"{HERE}: {where}:" in message
    assert why in message


@pytest.mark.parametrize(
    ("changes", "where", "why"),
    [
        ({"texts": {"spans": {**SPANS, "shortest": 0.9}}}, "texts.spans", "shortest (0.9) is above longest (0.8)"),
        ({"texts": {"spans": {**SPANS, "shortest": 0.0}}}, "texts.spans.shortest", "greater than 0"),
        ({"texts": {"spans": {**SPANS, "longest": 1.5}}}, "texts.spans.longest", "less than or equal to 1"),
        ({"texts": {"spans": {**SPANS, "copies": 0}}}, "texts.spans.copies", "greater than or equal to 1"),
        ({"texts": {"train": False}}, "texts", "train and pool are both false: there is nothing to read"),
        (
            {"texts": {"train": False, "pool": True, "spans": SPANS}},
            "texts",
            "spans are cut out of the training texts: set train to true",
        ),
        (
            {"texts": {"train": False, "pool": True}, "loss": [LABELS]},
            "",
            "labels of the corpus are for the training texts, which texts.train leaves out",
        ),
        ({"texts": {"limit": 0}}, "texts.limit", "greater than or equal to 1"),
        ({"texts": {"threshold": 1.5}}, "texts.threshold", "less than or equal to 1"),
        ({"kind": "forest"}, "", "input tag 'forest' found using 'kind'"),
    ],
)
def test_invalid_training_texts_are_refused(refused: Refused, changes: Params, where: str, why: str) -> None:
    message = refused(changes)
    assert f"{HERE}: {where}".rstrip(" :") + ":" in message
    assert why in message


@pytest.mark.parametrize(
    ("changes", "where", "why"),
    [
        (
            {"loss": [LOGITS, HIDDEN]},
            "catalogue/students/static.yaml",
            "a static student has no hidden, only labels and logits",
        ),
        (
            {"loss": [{"term": "attention", "weight": 1.0}, LOGITS]},
            "catalogue/students/static.yaml",
            "a static student has no attention",
        ),
        ({"width": 0}, "catalogue/students/static.yaml: width", "greater than or equal to 1"),
        ({"pooling": "max"}, "catalogue/students/static.yaml: pooling", "'mean' or 'mean_max'"),
        ({"token_dropout": 1.0}, "catalogue/students/static.yaml: token_dropout", "less than 1"),
        ({"start": {"weights": "teacher", "layers": [0]}}, "catalogue/students/static.yaml: start", "is not a setting"),
    ],
)
def test_a_static_student_refuses_settings_it_does_not_have(
    written: Written, changes: Params, where: str, why: str
) -> None:
    message = complaint(written({f"catalogue/students/static.yaml:{key}": value for key, value in changes.items()}))
    assert where in message
    assert why in message


@pytest.mark.parametrize(
    ("training", "why"),
    [
        ({"epoch": 3}, "epoch is not a setting of a training (num_train_epochs, batch_size,"),
        ({"teacher": "transformer"}, "teacher is not a setting of a training"),
        ({"num_train_epochs": "3"}, "num_train_epochs: input should be a valid integer"),
        ({"num_train_epochs": 0}, "num_train_epochs: input should be greater than or equal to 1"),
        ({"learning_rate": -1e-3}, "learning_rate: input should be greater than 0"),
        ({"lr_scheduler_type": "exponential"}, "lr_scheduler_type: input should be 'linear'"),
        ({"optim_args": {"betas": [0.9, "x"]}}, "optim_args.betas"),
        (
            {"lr_scheduler_type": "constant", "lr_scheduler_kwargs": {"num_cycles": 2}},
            "catalogue/students/student.yaml: training: lr_scheduler_kwargs: the scheduler constant takes none",
        ),
        (
            {"optim_args": {"lr": 0.1}},
            "catalogue/students/student.yaml: training: optim_args.lr has a setting of its own",
        ),
    ],
)
def test_a_training_setting_a_student_cannot_change_is_refused_in_its_file(
    refused: Refused, training: Params, why: str
) -> None:
    message = refused({"training": training})
    assert f"{HERE}: training: " in message
    assert why in message


@pytest.mark.parametrize(
    ("changes", "where", "why"),
    [
        (
            {"distill/students": ["student", "nobody"]},
            "distill.students",
            "catalogue/students/nobody.yaml is missing: catalogue/students has born-again, static, student, student-1",
        ),
        (
            {"rounds": {"again": {**ROUND, "task": "opinions"}}},
            "rounds.again.task",
            "'opinions' is not among tasks (opinion",
        ),
        (
            {"rounds": {"again": {**ROUND, "student": "nobody"}}},
            "rounds.again.student",
            "catalogue/students/nobody.yaml is missing",
        ),
        (
            {"rounds": {"again": {**ROUND, "teacher": "again"}}},
            "rounds.again.teacher",
            "again learns from again: a circle",
        ),
        (
            {
                "rounds": {
                    "a": {**ROUND, "teacher": "c"},
                    "b": {**ROUND, "teacher": "a"},
                    "c": {**ROUND, "teacher": "b"},
                }
            },
            "rounds.b.teacher",
            "b learns from a learns from c learns from b: a circle",
        ),
        (
            {"rounds": {"first": {**ROUND, "teacher": "first"}, "then": {**ROUND, "teacher": "first"}}},
            "rounds.then.teacher",
            "then learns from first learns from first: a circle",
        ),
        ({"rounds": {"off-the-shelf": ROUND}}, "rounds.off-the-shelf", "an approach has this name"),
        (
            {
                "approaches": ["bag-of-words", "transformer", "student"],
                "distill/students": ["student", "static"],
                "rounds": {"static": ROUND},
            },
            "rounds.static",
            "an approach has this name",
        ),
        ({"rounds": {"Again!": ROUND}}, "rounds.Again!", "pattern"),
        ({"rounds": {"again": {**ROUND, "seed": -1}}}, "rounds.again.seed", "greater than or equal to 0"),
        (
            {"rounds": {"again": {"task": "opinion", "teacher": "student", "student": "student-1"}}},
            "rounds.again.seed",
            "field required",
        ),
        ({"rounds": {"again": {**ROUND, "num_train_epochs": 3}}}, "rounds.again.num_train_epochs", "is not a setting"),
    ],
)
def test_a_run_with_missing_or_circular_rounds_is_refused(
    written: Written, changes: Params, where: str, why: str
) -> None:
    message = complaint(written(changes))
    assert where in message
    assert why in message


def test_rounds_may_start_from_any_model(written: Written) -> None:
    rounds = {
        "assistant": {**ROUND, "teacher": "bag-of-words"},
        "smaller": {**ROUND, "teacher": "assistant"},
        "other": {**ROUND, "task": "author", "teacher": "smaller"},
    }
    result = Rounds.load(written({"rounds": rounds}))
    assert result.of("opinion") == ["assistant", "smaller"]
    assert result.of("author") == ["other"]
    assert result.of("author-fr") == []


def test_layer_keys_are_integers_in_the_file_and_in_the_settings(written: Written) -> None:
    path = written({"catalogue/students/student.yaml:loss": [{**HIDDEN, "layers": {0: 0, 1: 3}}]})
    (term,) = Students.named("student", path).loss
    assert isinstance(term, HiddenTerm)
    assert term.layers == {0: 0, 1: 3}


def plan(path: Path, name: str, task: str = "opinion") -> StudentPlan:
    described = partial(Students.named, params=path)
    return student_plan(task, name, Distill.load(path), Finetune.load(path), Rounds.load(path), described)


def test_a_student_inherits_the_training_of_its_teacher_with_its_changes(
    written: Written,
) -> None:
    changes: Params = {
        "distill/teacher": "bag-of-words",
        "distill/training": {"num_train_epochs": 7, "batch_size": 5, "early_stopping_patience": 2},
        f"{HERE}:training": {"batch_size": 64, "learning_rate": 1},
        "finetune/num_train_epochs": 9,
        "finetune/optim": "sgd",
        "finetune/precision": "bf16",
    }
    result = plan(written(changes), "student")
    assert result.teacher == "bag-of-words"
    assert result.student.kind == "transformer"
    training = result.training
    assert (training.optim, training.precision) == ("sgd", "bf16")  # of the transformer's training
    assert (training.num_train_epochs, training.early_stopping_patience) == (7, 2)  # of the shared student settings
    assert (training.batch_size, training.learning_rate) == (64, 1.0)  # its own


def test_students_do_not_inherit_the_epochs_of_the_transformer(written: Written) -> None:
    """Otherwise a change of the teacher's training would silently change every student compared with it."""
    changes: Params = {"finetune/num_train_epochs": 9, "finetune/batch_size": 5, "finetune/learning_rate": 1e-5}
    changes |= {"finetune/layer_decay": 0.5, "finetune/dropout": 0.3, "finetune/seed": 4}
    for name in ("student", "student-1", "static"):
        assert plan(written(changes), name).training == plan(written({}), name).training


def test_a_round_has_its_own_teacher_and_seed(written: Written) -> None:
    """The seed of a round overrides that of its student, to compare seeds."""
    path = written(
        {"rounds": {"again": ROUND}, "catalogue/students/student-1.yaml:training": {"seed": 9, "num_train_epochs": 2}}
    )
    result = plan(path, "again")
    assert result.teacher == "student"
    assert (result.training.seed, result.training.num_train_epochs) == (5, 2)
    plain = plan(path, "student-1")
    assert plain.student == result.student
    assert (plain.teacher, plain.training.seed) == ("transformer", 9)


def test_a_static_student_is_described_as_such(written: Written) -> None:
    result = plan(written({"catalogue/students/static.yaml:pooling": "mean_max"}), "static").student
    assert isinstance(result, StaticStudent)
    assert result.pooling == "mean_max"


@pytest.mark.parametrize(("task", "name"), [("opinion", "nobody"), ("author", "again")])
def test_an_unknown_student_is_refused_with_the_known_ones(written: Written, task: str, name: str) -> None:
    """A round belongs to its own task only."""
    with pytest.raises(StageError, match=rf"catalogue/students/{name}\.yaml is missing: .*student-1"):
        plan(written({"rounds": {"again": ROUND}}), name, task)


def test_a_student_in_the_catalogue_need_not_be_trained(written: Written) -> None:
    """Students may be used by rounds only, or not at all."""
    assert plan(written({"distill/students": []}), "student-1").teacher == "transformer"


def test_a_student_outside_the_run_is_checked_when_it_is_trained(written: Written) -> None:
    path = written({"catalogue/students/born-again.yaml:training": {"epoch": 3}})
    assert plan(path, "student").training.num_train_epochs == 2
    with pytest.raises(StageError, match=r"^catalogue/students/born-again\.yaml: training: epoch is not a setting"):
        plan(path, "born-again")


@pytest.mark.parametrize(
    ("training", "why"),
    [
        ({"epoch": 3}, "epoch is not a setting of a training"),
        ({"num_train_epochs": 0}, "num_train_epochs: input should be greater"),
    ],
)
def test_shared_student_settings_must_be_training_settings(written: Written, training: Params, why: str) -> None:
    assert f"distill.training: {why}" in complaint(written({"distill/training": training}))
