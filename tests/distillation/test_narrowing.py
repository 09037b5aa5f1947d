from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import PreTrainedModel

from decortique.core.files import StageError
from decortique.distillation.settings import Start
from decortique.distillation.start import Origin, inner_size, untrained_student
from decortique.models.batches import TokenRows
from decortique.models.pretrained import layer_stack, load_classifier, new_classifier, save_classifier
from decortique.models.tokenizer import load_tokenizer
from tests.conftest import write_encoder
from tests.distillation.made import LABELS, predict_probabilities, same_weights, shaken

WIDTH = 8  # of 16
AFFIXES = ([2], [3])
KIN = ["bert", "roberta", "camembert", "distilbert", "electra"]
OWN: dict[str, dict[str, Any]] = {"electra": {"embedding_size": 16}}  # as in its larger models: as wide as the states


@pytest.fixture(scope="module", params=KIN)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    family = request.param
    return write_encoder(tmp_path_factory.mktemp("wide") / family, family, layers=3, **OWN.get(family, {}))


@pytest.fixture
def wide(folder: Path) -> PreTrainedModel:
    return new_classifier(folder, LABELS, dropout=0.0, seed=0).eval()


def narrow(teacher: PreTrainedModel, folder: Path, *, weights: str = "svd", seed: int = 0) -> PreTrainedModel:
    start = Start.model_validate({"weights": weights, "layers": [0, 2], "width": WIDTH})
    return untrained_student(start, Origin(teacher, folder, LABELS, AFFIXES), dropout=0.0, seed=seed).eval()


def embeddings(model: PreTrainedModel) -> torch.Tensor:
    return model.get_input_embeddings().weight.detach()


def subspace(wide: PreTrainedModel, student: PreTrainedModel) -> torch.Tensor:
    """Return the (16, 8) directions of the teacher's states that the student's components stand for."""
    return torch.linalg.lstsq(embeddings(wide), embeddings(student)).solution


def part(model: PreTrainedModel, block: int, *names: str) -> torch.nn.Linear:
    """Return the matrix of a block that has one of these names, as families call it."""
    modules = dict(layer_stack(model)[block].named_modules())
    result = [module for name, module in modules.items() if name in names]
    assert len(result) == 1
    assert isinstance(result[0], torch.nn.Linear)
    return result[0]


def query(model: PreTrainedModel, block: int) -> torch.nn.Linear:
    return part(model, block, "attention.self.query", "attention.q_lin")


def mixed(model: PreTrainedModel, block: int) -> torch.nn.Linear:
    """Return the matrix that combines the heads."""
    return part(model, block, "attention.output.dense", "attention.out_lin")


def inner(model: PreTrainedModel, block: int) -> torch.nn.Linear:
    return part(model, block, "intermediate.dense", "ffn.lin1")


def outer(model: PreTrainedModel, block: int) -> torch.nn.Linear:
    return part(model, block, "output.dense", "ffn.lin2")


def decision(model: PreTrainedModel) -> torch.nn.Linear:
    (result,) = [one for one in model.modules() if isinstance(one, torch.nn.Linear) and one.out_features == len(LABELS)]
    return result


def test_a_projected_student_is_as_wide_as_asked_and_a_model_of_its_family(
    wide: PreTrainedModel, folder: Path, rows: TokenRows, tmp_path: Path
) -> None:
    student = narrow(wide, folder)
    assert type(student) is type(wide)
    config = student.config
    assert (config.hidden_size, config.num_attention_heads, config.num_hidden_layers) == (WIDTH, 1, 2)
    assert getattr(config, inner_size(config)) == 16
    assert embeddings(student).shape == (len(embeddings(wide)), WIDTH)
    sizes = [sum(values.numel() for values in model.parameters()) for model in (student, wide)]
    assert sizes[0] < sizes[1] / 2
    expected = predict_probabilities(student, rows)
    save_classifier(student, load_tokenizer(folder), tmp_path)
    np.testing.assert_array_equal(predict_probabilities(load_classifier(tmp_path), rows), expected)


def test_a_projection_is_the_same_in_every_run_and_for_every_seed(wide: PreTrainedModel, folder: Path) -> None:
    student = narrow(wide, folder)
    for seed in (0, 1):
        assert same_weights(student, narrow(wide, folder, seed=seed))
    assert not same_weights(student, narrow(shaken(wide), folder))


def test_projected_states_are_the_nearest_narrower_ones_to_the_teachers(wide: PreTrainedModel, folder: Path) -> None:
    """Eckart & Young (1936): the error on the states of single tokens is that of the smallest singular values."""
    texts = torch.tensor([[2, token, 3] for token in range(wide.config.vocab_size)])
    with torch.no_grad():
        each = wide(texts, torch.ones_like(texts), output_hidden_states=True).hidden_states
    states = torch.cat([state.flatten(0, 1) for state in each])
    directions = subspace(wide, narrow(wide, folder))
    lost = (states - states @ directions @ directions.T).norm()
    smallest = torch.linalg.svdvals(states)[WIDTH:]
    torch.testing.assert_close(lost, smallest.square().sum().sqrt(), rtol=1e-3, atol=0)
    for seed in range(5):
        others, _ = torch.linalg.qr(torch.randn(16, WIDTH, generator=torch.Generator().manual_seed(seed)))
        assert (states - states @ others @ others.T).norm() > 1.2 * lost


def test_a_representable_state_is_read_and_written_as_by_the_teacher(wide: PreTrainedModel, folder: Path) -> None:
    """The matrices agree on the states of the subspace: those that the student's states stand for."""
    student = narrow(wide, folder)
    basis = subspace(wide, student)
    torch.testing.assert_close(basis.T @ basis, torch.eye(WIDTH), rtol=0, atol=1e-4)
    states = torch.randn(5, WIDTH, generator=torch.Generator().manual_seed(0))
    for own, others in enumerate([0, 2]):
        # The one head that is kept is one of the teacher's two.
        heads = query(wide, others)(states @ basis.T).unflatten(-1, (2, WIDTH))
        result = query(student, own)(states)
        assert min((heads[:, head] - result).abs().max().item() for head in range(2)) < 1e-4
    torch.testing.assert_close(decision(student)(states), decision(wide)(states @ basis.T), rtol=1e-4, atol=1e-4)


def test_the_heads_and_neurons_that_write_most_are_the_ones_kept(wide: PreTrainedModel, folder: Path) -> None:
    with torch.no_grad():
        for block, silent in ((0, slice(0, 8)), (2, slice(8, 16))):
            mixed(wide, block).weight[:, silent] *= 0.01
            query(wide, block).bias.copy_(torch.arange(16.0))
            outer(wide, block).weight[:, 1::2] *= 0.01
            inner(wide, block).bias.copy_(torch.arange(32.0))
    student = narrow(wide, folder)
    assert query(student, 0).bias.tolist() == list(range(8, 16))
    assert query(student, 1).bias.tolist() == list(range(8))
    for block in (0, 1):
        assert inner(student, block).bias.tolist() == list(range(0, 32, 2))


def test_a_norm_keeps_what_it_does_alike_to_all_components(wide: PreTrainedModel, folder: Path) -> None:
    norms = {name for name, module in wide.named_modules() if isinstance(module, torch.nn.LayerNorm)}
    with torch.no_grad():
        for name in norms:
            wide.get_submodule(name).weight.fill_(1.5)
    student = narrow(wide, folder)
    result = {name: module for name, module in student.named_modules() if isinstance(module, torch.nn.LayerNorm)}
    assert len(result) == 1 + 2 * 2
    for module in result.values():
        torch.testing.assert_close(module.weight, torch.full((WIDTH,), 1.5), rtol=1e-4, atol=0)


def test_a_projected_student_distinguishes_every_text(wide: PreTrainedModel, folder: Path, rows: TokenRows) -> None:
    """Check that no value on the way is 0 or the same for all texts."""
    student = narrow(wide, folder)
    output = student(
        input_ids=torch.from_numpy(rows[0][1]).long()[None],
        attention_mask=torch.ones(1, len(rows[0][1]), dtype=torch.long),
        output_hidden_states=True,
    )
    for state in output.hidden_states:
        alike = functional.cosine_similarity(state[0, 1:], state[0, :-1], dim=-1)
        assert alike.max() < 0.9999
    assert len(np.unique(predict_probabilities(student, rows).round(7), axis=0)) == len(rows)


@pytest.mark.parametrize("family", ["deberta-v2", "modernbert", "mpnet"])
def test_a_family_with_other_weight_names_is_refused_by_name(tmp_path: Path, family: str) -> None:
    folder = write_encoder(tmp_path / family, family, layers=3)
    teacher = new_classifier(folder, LABELS, dropout=0.0, seed=0)
    with pytest.raises(StageError, match=rf"svd knows the weights of BERT.*, not {family}'s \(.*\): use random"):
        narrow(teacher, folder)


def test_a_family_whose_embeddings_are_narrower_than_its_states_is_refused_too(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "electra", "electra", layers=3, embedding_size=24)
    teacher = new_classifier(folder, LABELS, dropout=0.0, seed=0)
    with pytest.raises(StageError, match=r"not electra's \(electra\.embeddings_project\.weight\): use random"):
        narrow(teacher, folder)
