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
def asked(teacher: PreTrainedModel) -> Headed:
    return Headed(teacher, "polarity")


def answers(asked: Headed, rows: TokenRows, folder: Path) -> TeacherOutputs:
    return teacher_outputs(asked, rows, STATES, folder=folder)


def same(one: TeacherOutputs, other: TeacherOutputs) -> bool:
    return one.states.keys() == other.states.keys() and all(
        torch.equal(*pair)
        for pair in [(one.logits, other.logits), *((one.states[key], other.states[key]) for key in one.states)]
    )


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Callable[[Headed], None]:
    """Makes a teacher fail that is asked again."""

    def silenced(teacher: Headed) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise AssertionError("the teacher was asked")

        monkeypatch.setattr(teacher.classifier, "forward", refuse)

    return silenced


def test_answers_are_what_the_teacher_says_of_each_text(asked: Headed, rows: TokenRows, tmp_path: Path) -> None:
    found = answers(asked, rows, tmp_path)
    assert found.logits.shape == (32, 2)
    assert {number: values.shape for number, values in found.states.items()} == dict.fromkeys(STATES, (32, 16))
    for place in (0, 7, 31):
        with torch.no_grad():
            output = asked.classifier(**batch_of(rows, [place]), output_hidden_states=True)
        torch.testing.assert_close(found.logits[place], output.logits[0], atol=1e-4, rtol=0)
        for number, values in found.states.items():
            torch.testing.assert_close(values[place], output.hidden_states[number][0, 0], atol=1e-4, rtol=0)


def test_of_a_teacher_that_decides_each_class_against_the_rest_what_it_says_is_learnt(
    asked: Headed, rows: TokenRows, tmp_path: Path
) -> None:
    """The softmax of its logits would be far surer than it is."""
    asked.classifier.config.problem_type = "multi_label_classification"
    expected = asked.predict(rows, batch_size=8).probability
    np.testing.assert_allclose(answers(asked, rows, tmp_path).logits.softmax(-1), expected, atol=1e-5)
    asked.classifier.config.problem_type = None
    assert not np.allclose(asked.predict(rows, batch_size=8).probability, expected, atol=0.01)


def test_a_teacher_answers_without_dropout_also_while_it_is_taught_itself(
    asked: Headed, rows: TokenRows, tmp_path: Path
) -> None:
    for part in asked.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.5
    expected = answers(asked.eval(), rows, tmp_path / "eval")
    assert same(answers(asked.train(), rows, tmp_path / "train"), expected)


def test_answers_are_kept_and_the_teacher_is_not_asked_twice(
    asked: Headed, rows: TokenRows, tmp_path: Path, silence: Callable[[Headed], None]
) -> None:
    told: list[int] = []
    first = answers(asked, rows, tmp_path)
    silence(asked)
    again = teacher_outputs(asked, rows, STATES, folder=tmp_path, done=told.append)
    assert same(again, first)
    assert told == [32]  # the progress bar goes to its end


def test_other_states_of_the_same_answers_are_known_too(
    asked: Headed, rows: TokenRows, tmp_path: Path, silence: Callable[[Headed], None]
) -> None:
    """A student with other layers, or one that learns from the logits alone, need not ask again."""
    first = teacher_outputs(asked, rows, [], folder=tmp_path)
    assert first.states == {}
    silence(asked)
    again = teacher_outputs(asked, rows, [1, 3], folder=tmp_path)
    assert torch.equal(again.logits, first.logits)
    assert list(again.states) == [1, 3]


def test_another_teacher_or_other_texts_are_asked_anew(asked: Headed, rows: TokenRows, tmp_path: Path) -> None:
    first = answers(asked, rows, tmp_path)
    few = rows.select(np.arange(5))
    torch.testing.assert_close(answers(asked, few, tmp_path).logits, first.logits[:5], atol=1e-5, rtol=0)
    shaken(asked.classifier)
    assert not torch.allclose(answers(asked, rows, tmp_path).logits, first.logits, atol=1e-3)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_teacher_is_told_of_as_it_answers(asked: Headed, rows: TokenRows, tmp_path: Path) -> None:
    told: list[int] = []
    many = TokenRows.of([rows[place % 32][1] for place in range(70)])
    teacher_outputs(asked, many, [], folder=tmp_path, done=told.append)
    assert sum(told) == 70
    assert len(told) > 1


@pytest.mark.parametrize("damage", ["rubbish", "cut", "empty", "states"])
def test_damaged_answers_are_asked_for_again_with_a_warning(
    asked: Headed, rows: TokenRows, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    first = answers(asked, rows, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    if damage == "states":
        save_file({module.LOGITS: first.logits}, path)
    else:
        path.write_bytes({"rubbish": b"this is no such file", "cut": whole[:-40], "empty": b""}[damage])
    with caplog.at_level(logging.WARNING):
        assert same(answers(asked, rows, tmp_path), first)
    (message,) = caplog.messages
    assert f"{path} is damaged" in message
    assert "runs again" in message
    assert path.read_bytes() == whole


def test_a_full_disk_costs_no_more_than_a_warning(
    asked: Headed,
    rows: TokenRows,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(_: dict[str, torch.Tensor], path: Path) -> None:
        path.write_bytes(b"half of")
        raise OSError(errno.ENOSPC, "No space left on device")

    expected = answers(asked, rows, tmp_path / "roomy")
    monkeypatch.setattr(module, "save_file", full)
    with caplog.at_level(logging.WARNING):
        assert same(answers(asked, rows, tmp_path / "full"), expected)
    (message,) = caplog.messages
    assert "could not be cached" in message
    assert "No space left" in message
    assert list((tmp_path / "full").iterdir()) == []


def test_a_folder_that_cannot_be_made_costs_no_more_than_a_warning(
    asked: Headed, rows: TokenRows, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("where the folder should be")
    with caplog.at_level(logging.WARNING):
        assert answers(asked, rows, tmp_path / "file" / "cache").logits.shape == (32, 2)
    assert "could not be cached" in caplog.messages[-1]


def test_of_all_answers_those_that_were_asked_for_last_stay(asked: Headed, rows: TokenRows, tmp_path: Path) -> None:
    few = [rows.select(np.arange(1, place + 2)) for place in range(CACHED + 2)]
    first, second = [], []
    for place, one in enumerate(few):
        answers(asked, one, tmp_path)
        for path in tmp_path.iterdir():  # a clock may be too coarse to tell one second from the next
            if path not in first:
                first.append(path)
                os.utime(path, (1000 + place, 1000 + place))
        if place == 0:
            second = list(first)
        if place == CACHED - 1:
            answers(asked, few[0], tmp_path)  # the oldest, but in use
    left = set(tmp_path.iterdir())
    assert len(first) == CACHED + 2
    assert len(left) == CACHED
    assert second[0] in left
    assert left == {second[0], *first[3:]}


def test_the_logarithms_of_any_classifiers_probabilities_are_answers() -> None:
    probability = np.array([[0.25, 0.75], [1.0, 0.0]])
    found = TeacherOutputs.of_probabilities(probability)
    assert found.states == {}
    assert found.logits.dtype == torch.float32
    assert found.logits.isfinite().all()  # of 0 too
    np.testing.assert_allclose(found.logits.softmax(-1), probability, atol=1e-6)
    np.testing.assert_allclose(found.confidence, [0.75, 1.0], atol=1e-6)


def test_a_teacher_is_as_sure_as_what_it_decides_is_probable() -> None:
    logits = torch.log(torch.tensor([[0.2, 0.5, 0.3], [0.9, 0.05, 0.05]])) + 3.0
    np.testing.assert_allclose(TeacherOutputs(logits, {}).confidence, [0.5, 0.9], rtol=1e-5)


def test_chosen_answers_are_those_on_the_texts_chosen() -> None:
    numbers = torch.arange(12.0).reshape(4, 3)
    found = TeacherOutputs(numbers[:, :2], {3: numbers}).select(torch.tensor([2, 0]))
    assert found.logits.tolist() == [[6, 7], [0, 1]]
    assert found.states[3].tolist() == [[6, 7, 8], [0, 1, 2]]
    assert set(found.targets()) == {"teacher logits", "teacher state 3"}
