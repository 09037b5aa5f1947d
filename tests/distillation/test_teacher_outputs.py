import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import PreTrainedModel

from decortique.distillation import teacher as module
from decortique.distillation.teacher import CACHED, TeacherOutputs, teacher_outputs
from decortique.models.batches import TokenRows
from decortique.models.heads import Headed
from tests.distillation.made import batch_of, shaken

STATES = [0, 2, 4]


@pytest.fixture
def headed(teacher: PreTrainedModel) -> Headed:
    return Headed(teacher, "polarity")


def outputs_of(headed: Headed, rows: TokenRows, folder: Path) -> TeacherOutputs:
    return teacher_outputs(headed, rows, STATES, folder=folder)


def same(one: TeacherOutputs, other: TeacherOutputs) -> bool:
    return one.states.keys() == other.states.keys() and all(
        torch.equal(*pair)
        for pair in [(one.logits, other.logits), *((one.states[key], other.states[key]) for key in one.states)]
    )


@pytest.fixture
def fail_if_run(monkeypatch: pytest.MonkeyPatch) -> Callable[[Headed], None]:
    """Make a teacher fail if it is run again."""

    def make_fail(teacher: Headed) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise AssertionError("the teacher was asked")

        monkeypatch.setattr(teacher.classifier, "forward", refuse)

    return make_fail


def test_outputs_are_those_of_the_teacher_for_each_text(headed: Headed, rows: TokenRows, tmp_path: Path) -> None:
    outputs = outputs_of(headed, rows, tmp_path)
    assert outputs.logits.shape == (32, 2)
    assert {number: values.shape for number, values in outputs.states.items()} == dict.fromkeys(STATES, (32, 16))
    for index in (0, 7, 31):
        with torch.no_grad():
            output = headed.classifier(**batch_of(rows, [index]), output_hidden_states=True)
        torch.testing.assert_close(outputs.logits[index], output.logits[0], atol=1e-4, rtol=0)
        for number, values in outputs.states.items():
            torch.testing.assert_close(values[index], output.hidden_states[number][0, 0], atol=1e-4, rtol=0)


def test_the_predictions_of_a_one_vs_rest_teacher_are_the_targets(
    headed: Headed, rows: TokenRows, tmp_path: Path
) -> None:
    """The softmax of its logits would be far more confident."""
    headed.classifier.config.problem_type = "multi_label_classification"
    expected = headed.predict(rows, batch_size=8).probability
    np.testing.assert_allclose(outputs_of(headed, rows, tmp_path).logits.softmax(-1), expected, atol=1e-5)
    headed.classifier.config.problem_type = None
    assert not np.allclose(headed.predict(rows, batch_size=8).probability, expected, atol=0.01)


def test_a_teacher_in_training_mode_gives_outputs_without_dropout(
    headed: Headed, rows: TokenRows, tmp_path: Path
) -> None:
    for part in headed.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.5
    expected = outputs_of(headed.eval(), rows, tmp_path / "eval")
    assert same(outputs_of(headed.train(), rows, tmp_path / "train"), expected)


def test_outputs_are_cached_and_the_teacher_is_not_run_twice(
    headed: Headed, rows: TokenRows, tmp_path: Path, fail_if_run: Callable[[Headed], None]
) -> None:
    progress: list[int] = []
    first = outputs_of(headed, rows, tmp_path)
    fail_if_run(headed)
    again = teacher_outputs(headed, rows, STATES, folder=tmp_path, done=progress.append)
    assert same(again, first)
    assert progress == [32]  # the progress bar goes to its end


def test_other_states_of_the_same_texts_are_cached_too(
    headed: Headed, rows: TokenRows, tmp_path: Path, fail_if_run: Callable[[Headed], None]
) -> None:
    """A student with other layers, or one trained on the logits alone, reuses the outputs."""
    first = teacher_outputs(headed, rows, [], folder=tmp_path)
    assert first.states == {}
    fail_if_run(headed)
    again = teacher_outputs(headed, rows, [1, 3], folder=tmp_path)
    assert torch.equal(again.logits, first.logits)
    assert list(again.states) == [1, 3]


def test_another_teacher_or_other_texts_are_computed_again(headed: Headed, rows: TokenRows, tmp_path: Path) -> None:
    first = outputs_of(headed, rows, tmp_path)
    few = rows.select(np.arange(5))
    torch.testing.assert_close(outputs_of(headed, few, tmp_path).logits, first.logits[:5], atol=1e-5, rtol=0)
    shaken(headed.classifier)
    assert not torch.allclose(outputs_of(headed, rows, tmp_path).logits, first.logits, atol=1e-3)
    assert len(list(tmp_path.iterdir())) == 3


def test_the_progress_of_a_teacher_is_reported(headed: Headed, rows: TokenRows, tmp_path: Path) -> None:
    progress: list[int] = []
    many = TokenRows.of([rows[index % 32][1] for index in range(70)])
    teacher_outputs(headed, many, [], folder=tmp_path, done=progress.append)
    assert sum(progress) == 70
    assert len(progress) > 1


@pytest.mark.parametrize("damage", ["rubbish", "cut", "empty", "states"])
def test_damaged_outputs_are_computed_again_with_a_warning(
    headed: Headed, rows: TokenRows, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    first = outputs_of(headed, rows, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    if damage == "states":
        save_file({module.LOGITS: first.logits}, path)
    else:
        path.write_bytes({"rubbish": b"this is no such file", "cut": whole[:-40], "empty": b""}[damage])
    with caplog.at_level(logging.WARNING):
        assert same(outputs_of(headed, rows, tmp_path), first)
    (message,) = caplog.messages
    assert f"{path} is damaged" in message
    assert "runs again" in message
    assert path.read_bytes() == whole


def test_a_full_disk_costs_no_more_than_a_warning(
    headed: Headed,
    rows: TokenRows,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(_: dict[str, torch.Tensor], path: Path) -> None:
        path.write_bytes(b"half of")
        raise OSError(errno.ENOSPC, "No space left on device")

    expected = outputs_of(headed, rows, tmp_path / "roomy")
    monkeypatch.setattr(module, "save_file", full)
    with caplog.at_level(logging.WARNING):
        assert same(outputs_of(headed, rows, tmp_path / "full"), expected)
    (message,) = caplog.messages
    assert "could not be cached" in message
    assert "No space left" in message
    assert list((tmp_path / "full").iterdir()) == []


def test_a_folder_that_cannot_be_made_costs_no_more_than_a_warning(
    headed: Headed, rows: TokenRows, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("where the folder should be")
    with caplog.at_level(logging.WARNING):
        assert outputs_of(headed, rows, tmp_path / "file" / "cache").logits.shape == (32, 2)
    assert "could not be cached" in caplog.messages[-1]


def test_only_the_last_used_outputs_stay_in_the_cache(headed: Headed, rows: TokenRows, tmp_path: Path) -> None:
    few = [rows.select(np.arange(1, index + 2)) for index in range(CACHED + 2)]
    first, second = [], []
    for index, one in enumerate(few):
        outputs_of(headed, one, tmp_path)
        for path in tmp_path.iterdir():  # a clock may be too coarse to tell one second from the next
            if path not in first:
                first.append(path)
                os.utime(path, (1000 + index, 1000 + index))
        if index == 0:
            second = list(first)
        if index == CACHED - 1:
            outputs_of(headed, few[0], tmp_path)  # the oldest, but in use
    left = set(tmp_path.iterdir())
    assert len(first) == CACHED + 2
    assert len(left) == CACHED
    assert second[0] in left
    assert left == {second[0], *first[3:]}


def test_log_probabilities_of_any_classifier_are_teacher_outputs() -> None:
    probability = np.array([[0.25, 0.75], [1.0, 0.0]])
    outputs = TeacherOutputs.of_probabilities(probability)
    assert outputs.states == {}
    assert outputs.logits.dtype == torch.float32
    assert outputs.logits.isfinite().all()  # of 0 too
    np.testing.assert_allclose(outputs.logits.softmax(-1), probability, atol=1e-6)
    np.testing.assert_allclose(outputs.confidence, [0.75, 1.0], atol=1e-6)


def test_the_confidence_is_the_probability_of_the_prediction() -> None:
    logits = torch.log(torch.tensor([[0.2, 0.5, 0.3], [0.9, 0.05, 0.05]])) + 3.0
    np.testing.assert_allclose(TeacherOutputs(logits, {}).confidence, [0.5, 0.9], rtol=1e-5)


def test_selected_outputs_are_those_of_the_selected_texts() -> None:
    numbers = torch.arange(12.0).reshape(4, 3)
    outputs = TeacherOutputs(numbers[:, :2], {3: numbers}).select(torch.tensor([2, 0]))
    assert outputs.logits.tolist() == [[6, 7], [0, 1]]
    assert outputs.states[3].tolist() == [[6, 7, 8], [0, 1, 2]]
    assert set(outputs.targets()) == {"teacher logits", "teacher state 3"}
