import re
from pathlib import Path

import pytest
from torch import nn
from transformers import AutoModel, PreTrainedModel

from decortique.core.files import StageError
from decortique.models.pretrained import backbone_parameters, layer_indices, layer_stack, load_model, new_classifier
from tests.conftest import FAMILIES, write_encoder

LAYERS = 3
# What families have in their backbone beside embeddings and layers.
BESIDE = {
    "deberta-v2": {"encoder.rel_embeddings.weight", "encoder.LayerNorm.weight", "encoder.LayerNorm.bias"},
    "modernbert": {"final_norm.weight"},
    "mpnet": {"encoder.relative_attention_bias.weight"},
}
# What belongs to their heads, some of it within the base model.
DECISION = r"(.*\.)?(pooler|pre_classifier|head|classifier)\."


@pytest.fixture(scope="module", params=[*FAMILIES, "mpnet"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PreTrainedModel:
    """Return a classifier of three layers of each family."""
    folder = write_encoder(tmp_path_factory.mktemp("encoders") / request.param, request.param, layers=LAYERS)
    return new_classifier(folder, ["a", "b"], dropout=None, seed=0)


def block(name: str) -> int | None:
    """Return the block that a weight belongs to by its name, counted from 1."""
    result = re.search(r"\.layers?\.(\d+)\.", name)
    return int(result[1]) + 1 if result else None


def test_the_blocks_are_found_in_their_order(model: PreTrainedModel) -> None:
    names = {id(values): name for name, values in model.named_parameters()}
    for number, layer in enumerate(layer_stack(model), start=1):
        assert {block(names[id(values)]) for values in layer.parameters()} == {number}
    result = [name for layer in layer_stack(model) for name in (names[id(values)] for values in layer.parameters())]
    assert sorted(result) == sorted(name for name in names.values() if block(name))


def test_the_backbone_is_the_encoder_without_layers_of_the_head(model: PreTrainedModel) -> None:
    backbone = set(map(id, backbone_parameters(model)))
    for name, values in model.named_parameters():
        assert (id(values) in backbone) == (re.match(DECISION, name) is None), name
    assert 0 < len(backbone) < len(list(model.parameters()))


def test_layer_indices_count_up_from_the_embeddings(model: PreTrainedModel) -> None:
    result, expected = layer_indices(model), {}
    for name, values in model.base_model.named_parameters(prefix="backbone"):
        if not re.match(DECISION, name):
            expected[id(values)] = 0 if ".embeddings." in name else block(name) or LAYERS
    assert result == expected
    beside = {
        name.removeprefix("backbone.")
        for name, values in model.base_model.named_parameters(prefix="backbone")
        if id(values) in result and ".embeddings." not in name and not block(name)
    }
    assert beside == BESIDE.get(model.config.model_type, set())


def test_a_family_that_shares_one_block_is_refused(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "albert", "albert", embedding_size=16)
    with pytest.raises(StageError, match="layers of a albert cannot be identified: 0 stacks of 2"):
        layer_stack(load_model(AutoModel, folder))


def test_a_model_with_two_stacks_of_equal_depth_is_refused(encoder: Path) -> None:
    model = load_model(AutoModel, encoder)
    model.more = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])
    with pytest.raises(StageError, match="layers of a bert cannot be identified: 2 stacks of 2"):
        layer_stack(model)
