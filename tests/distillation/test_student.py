from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from stages.distillation.student import matched_states, student_of
from stages.errors import StageError
from stages.transformer.batches import TokenRows
from stages.transformer.classifier import load_classifier, new_classifier, save_classifier
from stages.transformer.heads import Headed, predict
from stages.transformer.tokenizer import load_tokenizer
from tests.conftest import FAMILIES, write_encoder


@pytest.fixture(scope="module", params=[*FAMILIES, "electra"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    family = request.param
    return write_encoder(tmp_path_factory.mktemp("teachers") / family, family, layers=4)


@pytest.fixture
def teacher(folder: Path) -> PreTrainedModel:
    return new_classifier(folder, ["negative", "positive"], dropout=0.0, seed=0)


def said(model: PreTrainedModel, rows: TokenRows) -> np.ndarray:
    return predict(Headed(model, "polarity"), rows, batch_size=8).probability


def layer_of(name: str) -> tuple[str, int, str] | None:
    """Takes `bert.encoder.layer.3.output.dense.weight` apart at its layer."""
    parts = name.split(".")
    for place, part in enumerate(parts):
        if part.isdigit() and parts[place - 1] in {"layer", "layers"}:
            return ".".join(parts[:place]), int(part), ".".join(parts[place + 1 :])
    return None


@pytest.mark.parametrize("keep", [[0, 2], [3], [1, 2, 3]])
def test_a_student_has_the_layers_named_and_all_that_is_around_them(teacher: PreTrainedModel, keep: list[int]) -> None:
    if teacher.config.model_type == "modernbert" and keep[0] > 0:
        with pytest.raises(
            StageError, match=r"the first layer of a modernbert is built unlike the others: begin with 0"
        ):
            student_of(teacher, keep)
        return
    own, student = teacher.state_dict(), student_of(teacher, keep).state_dict()
    found = set()
    for name, values in student.items():
        source = name
        if layer := layer_of(name):
            stack, number, rest = layer
            source = f"{stack}.{keep[number]}.{rest}"
        found.add(source)
        assert torch.equal(values, own[source]), name
    expected = {name for name in own if not (layer := layer_of(name)) or layer[1] in keep}
    assert found == expected


def test_a_student_with_all_layers_is_its_teacher(teacher: PreTrainedModel, rows: TokenRows) -> None:
    expected = said(teacher, rows)
    np.testing.assert_array_equal(said(student_of(teacher, [0, 1, 2, 3]), rows), expected)


def test_a_student_saved_is_a_model_of_its_own(
    folder: Path, teacher: PreTrainedModel, rows: TokenRows, tmp_path: Path
) -> None:
    student = student_of(teacher, [0, 3])
    expected = said(student, rows)
    assert not np.allclose(expected, said(teacher, rows))
    save_classifier(student, load_tokenizer(folder), tmp_path)
    again = load_classifier(tmp_path)
    assert again.config.num_hidden_layers == 2
    np.testing.assert_array_equal(said(again, rows), expected)


def test_a_teacher_does_not_change_when_its_student_learns(teacher: PreTrainedModel) -> None:
    before = {name: values.clone() for name, values in teacher.state_dict().items()}
    student = student_of(teacher, [0, 2])
    with torch.no_grad():
        for values in student.parameters():
            values.add_(1.0)
    student.config.num_labels = 5
    assert teacher.config.num_hidden_layers == 4
    assert teacher.config.num_labels == 2
    after = teacher.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(values, before[name]) for name, values in after.items())


def test_layers_that_are_not_there_are_refused_with_those_that_are(teacher: PreTrainedModel) -> None:
    with pytest.raises(StageError, match=r"distill\.keep_layers names layer 4; the teacher has 0 to 3"):
        student_of(teacher, [0, 4])


@pytest.mark.parametrize(
    ("keep", "expected"),
    [([0, 2, 4], [2, 4, 6]), ([0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]), ([5], [6]), ([1, 4], [4, 6])],
)
def test_each_layer_does_the_work_up_to_the_next_one_kept(keep: list[int], expected: list[int]) -> None:
    assert matched_states(6, keep) == expected
