from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from decortique.core.files import StageError
from decortique.distillation.objectives import matched_layers
from decortique.distillation.settings import Start
from decortique.distillation.start import Origin, keep_layers, untrained_student
from decortique.models.batches import TokenRows
from decortique.models.pretrained import load_classifier, new_classifier, save_classifier
from decortique.models.tokenizer import load_tokenizer
from tests.conftest import FAMILIES, write_encoder
from tests.distillation.made import LABELS, batch_of, predict_probabilities, same_weights, shaken

ALL = [0, 1, 2, 3]
AFFIXES = ([2], [3])  # of the tokenizer that all of them have


@pytest.fixture(scope="module", params=[*FAMILIES, "electra"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder of four layers of each family."""
    family = request.param
    return write_encoder(tmp_path_factory.mktemp("teachers") / family, family, layers=4)


@pytest.fixture
def any_teacher(folder: Path) -> PreTrainedModel:
    """Return a trained teacher: its encoder is no longer the original one."""
    return shaken(new_classifier(folder, LABELS, dropout=0.0, seed=0)).eval()


def start_student(
    teacher: PreTrainedModel | None, encoder: Path, *, dropout: float | None = None, seed: int = 0, **start: Any
) -> PreTrainedModel:
    described = Start.model_validate({"weights": "teacher", "layers": [0, 2], **start})
    return untrained_student(described, Origin(teacher, encoder, LABELS, AFFIXES), dropout=dropout, seed=seed).eval()


def layer_of(name: str) -> tuple[str, int, str] | None:
    """Take `bert.encoder.layer.3.output.dense.weight` apart at its layer."""
    parts = name.split(".")
    for index, part in enumerate(parts):
        if part.isdigit() and parts[index - 1] in {"layer", "layers"}:
            return ".".join(parts[:index]), int(part), ".".join(parts[index + 1 :])
    return None


@pytest.mark.parametrize("keep", [[0, 2], [3], [1, 2, 3]])
def test_a_student_has_the_named_layers_and_everything_around_them(
    any_teacher: PreTrainedModel, folder: Path, keep: list[int]
) -> None:
    if any_teacher.config.model_type == "modernbert" and keep[0] > 0:
        with pytest.raises(
            StageError, match=r"the first layer of a modernbert is built unlike the others: begin with 0"
        ):
            start_student(any_teacher, folder, layers=keep)
        return
    own, student = any_teacher.state_dict(), start_student(any_teacher, folder, layers=keep).state_dict()
    sources = set()
    for name, values in student.items():
        source = name
        if layer := layer_of(name):
            stack, number, rest = layer
            source = f"{stack}.{keep[number]}.{rest}"
        sources.add(source)
        assert torch.equal(values, own[source]), name
    expected = {name for name in own if not (layer := layer_of(name)) or layer[1] in keep}
    assert sources == expected


def test_a_student_with_all_layers_is_its_teacher(any_teacher: PreTrainedModel, folder: Path, rows: TokenRows) -> None:
    expected = predict_probabilities(any_teacher, rows)
    np.testing.assert_array_equal(predict_probabilities(start_student(any_teacher, folder, layers=ALL), rows), expected)
    np.testing.assert_array_equal(predict_probabilities(keep_layers(any_teacher, ALL), rows), expected)


def test_a_saved_student_is_an_independent_model(
    folder: Path, any_teacher: PreTrainedModel, rows: TokenRows, tmp_path: Path
) -> None:
    student = start_student(any_teacher, folder, layers=[0, 3])
    expected = predict_probabilities(student, rows)
    assert not np.allclose(expected, predict_probabilities(any_teacher, rows))
    save_classifier(student, load_tokenizer(folder), tmp_path)
    again = load_classifier(tmp_path)
    assert again.config.num_hidden_layers == 2
    assert list(again.config.id2label.values()) == LABELS
    np.testing.assert_array_equal(predict_probabilities(again, rows), expected)


@pytest.mark.parametrize("weights", ["teacher", "random"])
def test_training_a_student_does_not_change_its_teacher(
    any_teacher: PreTrainedModel, folder: Path, weights: str
) -> None:
    before = {name: values.clone() for name, values in any_teacher.state_dict().items()}
    student = start_student(any_teacher, folder, weights=weights, dropout=0.3)
    with torch.no_grad():
        for values in student.parameters():
            values.add_(1.0)
    student.config.num_labels = 5
    assert any_teacher.config.num_hidden_layers == 4
    assert any_teacher.config.num_labels == 2
    after = any_teacher.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(values, before[name]) for name, values in after.items())


def test_a_student_started_from_the_encoder_has_no_teacher_weights(any_teacher: PreTrainedModel, folder: Path) -> None:
    """Such a student is the baseline for the value of its teacher's weights."""
    student = start_student(any_teacher, folder, weights="encoder")
    assert same_weights(student, start_student(shaken(any_teacher, seed=2), folder, weights="encoder"))
    assert same_weights(student, start_student(None, folder, weights="encoder"))
    assert same_weights(student, keep_layers(new_classifier(folder, LABELS, dropout=None, seed=0), [0, 2]))
    other = start_student(any_teacher, folder, weights="encoder", seed=1)
    changed = [
        name for name, values in student.state_dict().items() if not torch.equal(values, other.state_dict()[name])
    ]
    assert changed  # the head is new; the encoder is the original one
    assert not any(layer_of(name) or "embeddings" in name for name in changed)


@pytest.mark.parametrize("width", [None, 8])
def test_a_random_student_is_built_as_its_teacher_and_has_none_of_its_weights(
    any_teacher: PreTrainedModel, folder: Path, width: int | None
) -> None:
    student = start_student(any_teacher, folder, weights="random", width=width)
    config = student.config
    assert (config.model_type, config.num_hidden_layers) == (any_teacher.config.model_type, 2)
    assert (config.hidden_size, config.num_attention_heads) == ((16, 2) if width is None else (8, 1))
    own = any_teacher.state_dict()
    for name, values in student.named_parameters():
        if name in own and own[name].shape == values.shape:
            assert not torch.equal(values, own[name]), name
    assert same_weights(student, start_student(shaken(any_teacher, seed=2), folder, weights="random", width=width))
    other = start_student(any_teacher, folder, weights="random", width=width, seed=1).state_dict()
    assert [name for name, values in student.named_parameters() if not torch.equal(values, other[name])]


def test_a_narrow_random_student_is_narrow_everywhere(any_teacher: PreTrainedModel, folder: Path) -> None:
    student = start_student(any_teacher, folder, weights="random", width=8)
    shapes = {name: values.shape for name, values in any_teacher.named_parameters()}
    for name, values in student.named_parameters():
        if values.ndim == 2 and layer_of(name):
            assert [2 * size for size in values.shape] == list(shapes[name]), name


def test_without_a_transformer_teacher_a_random_student_is_built_as_the_encoder(
    folder: Path, any_teacher: PreTrainedModel
) -> None:
    assert same_weights(
        start_student(None, folder, weights="random"), start_student(any_teacher, folder, weights="random")
    )


@pytest.mark.parametrize("weights", ["teacher", "encoder"])
@pytest.mark.parametrize("before", [0.0, 0.1])
def test_a_student_uses_the_configured_dropout_not_its_teachers(
    folder: Path, rows: TokenRows, weights: str, before: float
) -> None:
    """Some families leave a dropout of 0 out of their build, so that a rate in the settings alone does nothing."""
    teacher = new_classifier(folder, LABELS, dropout=before, seed=0)
    student = start_student(teacher, folder, weights=weights, layers=ALL, dropout=0.4)
    expected = new_classifier(folder, LABELS, dropout=0.4, seed=0)
    assert same_weights(student, expected)
    np.testing.assert_array_equal(in_training(student, rows), in_training(expected, rows))
    assert not np.array_equal(in_training(student, rows), in_training(teacher, rows))


def in_training(model: PreTrainedModel, rows: TokenRows) -> np.ndarray:
    """Return the output of a model in training mode: with dropout, from the same seed."""
    torch.manual_seed(7)
    with torch.no_grad():
        return model.train()(**batch_of(rows, list(range(8)))).logits.numpy()


@pytest.mark.parametrize("start", [{"weights": "random", "width": 8}, {"weights": "svd", "width": 8}])
def test_a_narrow_student_has_the_dropout_that_is_set_too(
    deep: Path, teacher: PreTrainedModel, rows: TokenRows, start: dict[str, Any]
) -> None:
    with_none, with_some = (start_student(teacher, deep, dropout=dropout, **start) for dropout in (0.0, 0.4))
    assert same_weights(with_none, with_some)
    np.testing.assert_allclose(
        in_training(with_none, rows), with_none.eval()(**batch_of(rows, list(range(8)))).logits.detach(), atol=1e-6
    )
    assert not np.allclose(in_training(with_some, rows), in_training(with_none, rows), atol=1e-3)


def test_a_student_keeps_its_teachers_dropout_where_none_is_set(deep: Path, rows: TokenRows) -> None:
    teacher = new_classifier(deep, LABELS, dropout=0.25, seed=0)
    student = start_student(teacher, deep, layers=ALL, dropout=None)
    np.testing.assert_array_equal(in_training(student, rows), in_training(teacher, rows))


def test_a_student_is_trained_by_the_softmax_for_any_teacher(teacher: PreTrainedModel, deep: Path) -> None:
    """transformers' pipeline would otherwise apply the sigmoid to its logits."""
    teacher.config.problem_type = "multi_label_classification"
    assert start_student(teacher, deep).config.problem_type is None
    assert teacher.config.problem_type == "multi_label_classification"


@pytest.mark.parametrize("weights", ["teacher", "encoder", "random"])
def test_missing_layers_are_refused_with_the_available_ones(
    any_teacher: PreTrainedModel, folder: Path, weights: str
) -> None:
    with pytest.raises(StageError, match=r"start\.layers names layer 4, but there are 0 to 3"):
        start_student(any_teacher, folder, weights=weights, layers=[0, 4])


@pytest.mark.parametrize("start", [{"weights": "teacher"}, {"weights": "svd", "width": 8}])
def test_weights_of_a_teacher_without_any_are_refused_with_the_alternatives(deep: Path, start: dict[str, Any]) -> None:
    with pytest.raises(
        StageError, match=rf"weights: {start['weights']} needs a teacher that is a transformer: use encoder"
    ):
        start_student(None, deep, **start)


@pytest.mark.parametrize("width", [4, 12, 24])
@pytest.mark.parametrize("weights", ["random", "svd"])
def test_a_width_that_does_not_hold_whole_heads_or_is_above_the_teachers_is_refused(
    any_teacher: PreTrainedModel, folder: Path, weights: str, width: int
) -> None:
    with pytest.raises(
        StageError, match=rf"start\.width is {width}: choose a multiple of 8, the width of a head, below 16"
    ):
        start_student(any_teacher, folder, weights=weights, width=width)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([0, 2, 4], {1: 2, 2: 4, 3: 6}),
        ([0, 1, 2, 3, 4, 5], {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6}),
        ([5], {1: 6}),
        ([1, 4], {1: 4, 2: 6}),
    ],
)
def test_each_layer_does_the_work_up_to_the_next_one_kept(layers: list[int], expected: dict[int, int]) -> None:
    assert matched_layers(6, layers) == expected


def test_a_narrow_student_is_loaded_by_any_program(
    deep: Path, teacher: PreTrainedModel, rows: TokenRows, tmp_path: Path
) -> None:
    student = start_student(teacher, deep, weights="random", width=8)
    save_classifier(student, load_tokenizer(deep), tmp_path)
    theirs = AutoModelForSequenceClassification.from_pretrained(tmp_path, local_files_only=True)
    np.testing.assert_array_equal(predict_probabilities(theirs.eval(), rows), predict_probabilities(student, rows))


def test_per_layer_settings_are_kept_for_the_kept_layers(tmp_path: Path) -> None:
    """Longformer's windows: ModernBERT's kinds of layers are among the families above."""
    folder = write_encoder(tmp_path / "longformer", "longformer", layers=4, attention_window=[2, 4, 6, 8])
    teacher = new_classifier(folder, LABELS, dropout=0.0, seed=0)
    assert start_student(teacher, folder, layers=[0, 3]).config.attention_window == [2, 8]
    assert teacher.config.attention_window == [2, 4, 6, 8]
