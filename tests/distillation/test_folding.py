from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

from decortique.core.files import StageError
from decortique.distillation.settings import Start
from decortique.distillation.start import Origin, untrained_student
from decortique.models.pretrained import new_classifier
from tests.conftest import write_encoder
from tests.distillation.made import LABELS, same_weights, shaken

AFFIXES = ([2], [3])


@pytest.fixture(scope="module", params=["bert", "roberta", "distilbert", "mpnet", "camembert"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("whole") / request.param, request.param, layers=4)


@pytest.fixture
def whole(folder: Path) -> PreTrainedModel:
    return shaken(new_classifier(folder, LABELS, dropout=0.0, seed=0)).eval()


def start_folded(teacher: PreTrainedModel | None, encoder: Path, layers: list[int], **start: Any) -> PreTrainedModel:
    described = {"weights": "teacher", "layers": layers, "embeddings": "states", **start}
    origin = Origin(teacher, encoder, LABELS, AFFIXES)
    return untrained_student(Start.model_validate(described), origin, dropout=0.0, seed=0).eval()


def states(model: PreTrainedModel, *ids: int) -> tuple[torch.Tensor, ...]:
    """Return states of shape (tokens, width), by layer."""
    text = torch.tensor([ids])
    with torch.no_grad():
        return tuple(one[0] for one in model(text, torch.ones_like(text), output_hidden_states=True).hidden_states)


def without_positions(model: PreTrainedModel) -> PreTrainedModel:
    """Remove everything but the word vectors from the embeddings."""
    for name, values in model.named_parameters():
        if "position_embeddings" in name or "token_type_embeddings" in name:
            with torch.no_grad():
                values.zero_()
    return model


@pytest.mark.parametrize("layer", [1, 3])
def test_a_single_word_reaches_the_first_layer_as_in_the_whole_model(
    whole: PreTrainedModel, folder: Path, layer: int
) -> None:
    student = without_positions(start_folded(whole, folder, [layer]))
    for token in (5, 12, 25):
        result, expected = states(student, 2, token, 3)[0][1], states(whole, 2, token, 3)[layer][1]
        torch.testing.assert_close(result, expected, atol=1e-3, rtol=0)


def test_folded_affixes_are_their_mean_embeddings(whole: PreTrainedModel, folder: Path) -> None:
    student = without_positions(start_folded(whole, folder, [2, 3]))
    around = torch.stack([states(whole, 2, token, 3)[2] for token in range(whole.config.vocab_size)]).mean(0)
    result = states(student, 2, 9, 3)[0]
    # A mean of states is no state: its norm is that of the student, its direction is its own.
    for index in (0, 2):
        assert torch.cosine_similarity(result[index], around[index], dim=0) > 0.99


def test_positions_count_for_as_much_as_before(whole: PreTrainedModel, folder: Path) -> None:
    before, after = (
        model.get_input_embeddings().weight.std(1).mean() for model in (whole, start_folded(whole, folder, [1]))
    )
    assert after.item() == pytest.approx(before.item(), rel=0.1)


def test_the_layers_and_the_head_are_those_of_a_student_of_words(whole: PreTrainedModel, folder: Path) -> None:
    folded, plain = (
        start_folded(whole, folder, [1, 3], embeddings=which).state_dict() for which in ("states", "words")
    )
    changed = {name for name, values in folded.items() if not torch.equal(values, plain[name])}
    assert len(changed) == 3  # the words, and the gain and the bias of their norm
    assert all("embeddings" in name for name in changed)


def test_layers_of_the_encoder_can_be_folded_too(whole: PreTrainedModel, folder: Path) -> None:
    encoder = new_classifier(folder, LABELS, dropout=None, seed=0)
    result = start_folded(whole, folder, [2], weights="encoder")
    assert same_weights(result, start_folded(None, folder, [2], weights="encoder"))
    assert same_weights(result, start_folded(encoder, folder, [2]))


@pytest.mark.parametrize(
    ("family", "own"), [("modernbert", {}), ("electra", {"embedding_size": 24}), ("deberta-v2", {"embedding_size": 8})]
)
def test_a_family_with_norms_elsewhere_is_refused_by_name(tmp_path: Path, family: str, own: dict[str, Any]) -> None:
    folder = write_encoder(tmp_path / family, family, layers=3, **own)
    teacher = new_classifier(folder, LABELS, dropout=0.0, seed=0)
    refused = "built unlike the others" if family == "modernbert" else rf"not of {family}: use words"
    with pytest.raises(StageError, match=refused):
        start_folded(teacher, folder, [1])
