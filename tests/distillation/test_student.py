from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from decortique.core.settings import Compute
from decortique.distillation.objectives import StudentModel
from decortique.distillation.settings import StaticStudent, TransformerStudent
from decortique.distillation.start import Affixes, single_token_states
from decortique.distillation.student import Static, StudentSetup, principal_components, set_up_student
from decortique.distillation.teacher import Teacher
from decortique.models.batches import TokenRows
from decortique.models.encoder_files import prefix_texts
from decortique.models.heads import Headed, load_headed
from decortique.models.pretrained import new_classifier
from decortique.models.tokenizer import load_tokenizer
from tests.conftest import SPECIAL, VOCABULARY, write_encoder
from tests.distillation.made import (
    ATTENTION_TERM,
    LABELS,
    LOGITS_TERM,
    hidden,
    predict_probabilities,
    same_weights,
    shaken,
    static_of,
    student_of,
)
from tests.models.made_transformer import training


@pytest.fixture
def model(teacher: PreTrainedModel, deep: Path, one_thread: Compute) -> Teacher:
    """Return a teacher whose head has a name, and whose encoder is no longer the original one."""
    return Teacher(deep, Headed(shaken(teacher).eval(), "opinion"), one_thread)


def set_up(
    student: TransformerStudent | StaticStudent,
    teacher: Teacher,
    tokenizer: PreTrainedTokenizerBase,
    **changes: Any,
) -> StudentSetup:
    return set_up_student(student, teacher, teacher.folder, tokenizer, LABELS, training(**changes))


@pytest.mark.parametrize("width", [None, 8])
def test_a_student_is_saved_without_its_projections(
    model: Teacher, tokenizer: PreTrainedTokenizerBase, rows: TokenRows, tmp_path: Path, width: int | None
) -> None:
    setup = set_up(student_of(hidden(), ATTENTION_TERM, weights="random", width=width), model, tokenizer)
    assert isinstance(setup.model, StudentModel)
    assert len(setup.model.projections) == (0 if width is None else 2)
    with torch.no_grad():
        for values in setup.model.projections.parameters():
            values.fill_(7.0)
    setup.save(tokenizer, tmp_path)
    assert {path.name for path in tmp_path.glob("*.safetensors")} == {"model.safetensors"}
    weights = load_file(tmp_path / "model.safetensors")
    assert weights.keys() == setup.model.classifier.state_dict().keys()
    assert sum(values.numel() for values in weights.values()) == setup.parameters
    again = load_headed(tmp_path)
    assert (again.primary, list(again.extra_heads())) == ("opinion", [])
    expected = setup.model.predict(rows, batch_size=8).probability
    np.testing.assert_allclose(again.predict(rows, batch_size=8).probability, expected, atol=1e-6)
    assert load_tokenizer(tmp_path)("a good film")["input_ids"] == tokenizer("a good film")["input_ids"]


def test_random_weights_of_a_student_depend_on_its_seed_alone(
    model: Teacher, tokenizer: PreTrainedTokenizerBase
) -> None:
    """This holds for a projection of a student whose own weights are projected and have no seed."""
    described = student_of(hidden(), weights="svd", width=8)
    sampled: list[torch.Tensor] = []
    for seed in (0, 0, 1):
        torch.rand(17 * (1 + len(sampled)))  # whatever was sampled before
        setup = set_up(described, model, tokenizer, seed=seed).model
        assert isinstance(setup, StudentModel)
        sampled.append(setup.projections.state_dict()["state 1.weight"])
    assert torch.equal(sampled[0], sampled[1])
    assert not torch.equal(sampled[0], sampled[2])


def test_projections_train_at_the_rate_of_the_head(model: Teacher, tokenizer: PreTrainedTokenizerBase) -> None:
    """A projection is new, like a head: at the rate of the layers below it, it would hardly move."""
    setup = set_up(student_of(hidden(), weights="random", width=8), model, tokenizer).model
    assert isinstance(setup, StudentModel)
    indices = setup.layer_indices()
    assert not {id(values) for values in setup.projections.parameters()} & indices.keys()
    assert {id(values) for values in setup.classifier.base_model.encoder.parameters()} <= indices.keys()


def test_a_student_of_another_kind_of_teacher_starts_from_the_encoder(
    deep: Path, tokenizer: PreTrainedTokenizerBase, one_thread: Compute, rows: TokenRows, tmp_path: Path
) -> None:
    vader = Teacher(deep, None, one_thread)
    setup = set_up(student_of(LOGITS_TERM, weights="encoder", layers=[0, 1, 2, 3]), vader, tokenizer)
    assert isinstance(setup.model, StudentModel)
    expected = new_classifier(deep, LABELS, dropout=0.0, seed=0)
    assert same_weights(setup.model.classifier, expected)
    setup.save(tokenizer, tmp_path)
    np.testing.assert_allclose(
        load_headed(tmp_path).predict(rows, batch_size=8).probability, predict_probabilities(expected, rows), atol=1e-6
    )


def vectors(classifier: PreTrainedModel, affixes: Affixes) -> torch.Tensor:
    """Return (vocabulary, width): the mean of the last states of each token in its affixes."""
    return single_token_states(classifier, affixes, lambda states: states[-1].mean(1))


def test_a_static_student_starts_from_its_teachers_single_token_states(
    model: Teacher, tokenizer: PreTrainedTokenizerBase
) -> None:
    setup = set_up(static_of(), model, tokenizer, seed=3)
    assert setup.states == []
    assert isinstance(setup.model, Static)
    assert model.headed
    expected = principal_components(vectors(model.headed.classifier, ([2], [3])), 8, seed=3)
    torch.testing.assert_close(setup.model.embeddings.weight.detach(), expected, atol=1e-4, rtol=1e-3)
    assert setup.parameters == 26 * 8 + 26 + 8 * 2 + 2
    skipped = [token for token, is_skipped in zip(VOCABULARY, setup.model.skipped.tolist(), strict=True) if is_skipped]
    assert skipped == [token for token in SPECIAL if token != "[UNK]"]  # an unknown word is a part of a text


def test_a_static_student_of_a_prefixed_encoder_sees_tokens_after_the_prefix(
    tmp_path: Path, one_thread: Compute
) -> None:
    folder = write_encoder(tmp_path / "prefixed", layers=2)
    prefix_texts(folder, "the film was ")
    tokenizer = load_tokenizer(folder)
    headed = Headed(new_classifier(folder, LABELS, dropout=0.0, seed=0).eval(), "polarity")
    setup = set_up(static_of(), Teacher(folder, headed, one_thread), tokenizer)
    assert isinstance(setup.model, Static)
    affixes = (tokenizer("good")["input_ids"][:-2], [3])
    assert len(affixes[0]) == 4
    expected = principal_components(vectors(headed.classifier, affixes), 8, seed=0)
    torch.testing.assert_close(setup.model.embeddings.weight.detach(), expected, atol=1e-4, rtol=1e-3)


def test_a_static_student_of_another_kind_of_teacher_starts_from_the_encoder(
    deep: Path, tokenizer: PreTrainedTokenizerBase, one_thread: Compute
) -> None:
    setup = set_up(static_of(), Teacher(deep, None, one_thread), tokenizer)
    assert isinstance(setup.model, Static)
    encoder = new_classifier(deep, LABELS, dropout=None, seed=0)
    expected = principal_components(vectors(encoder, ([2], [3])), 8, seed=0)
    torch.testing.assert_close(setup.model.embeddings.weight.detach(), expected, atol=1e-4, rtol=1e-3)


def test_the_title_of_a_student_says_what_it_is(model: Teacher, tokenizer: PreTrainedTokenizerBase) -> None:
    assert set_up(student_of(LOGITS_TERM), model, tokenizer).model.title == "2 layers"
    assert set_up(static_of(), model, tokenizer).model.title == "static vectors"
