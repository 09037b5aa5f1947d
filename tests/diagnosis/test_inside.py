from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from decortique.core.files import StageError
from decortique.diagnosis.anatomy import read_internals
from decortique.models.batches import TokenRows
from decortique.models.heads import Headed
from tests.conftest import VOCABULARY, write_encoder
from tests.diagnosis.made_anatomy import SENTENCES, made, rows_of


def test_the_attention_of_a_token_sums_to_one_over_real_tokens(every_family: Path) -> None:
    internals = read_internals(made(every_family), rows_of(every_family))
    assert internals.lengths == [7, 4, 14]
    for text, length in enumerate(internals.lengths):
        maps = internals.maps(text)
        assert maps.shape == (2, 2, length, length)
        assert maps.min() >= 0
        np.testing.assert_allclose(maps.sum(axis=-1), 1, atol=1e-5)
        assert maps.std() > 0.01


def test_recorded_states_do_not_depend_on_the_rest_of_the_batch(every_family: Path) -> None:
    model = made(every_family)
    together = read_internals(model, rows_of(every_family))
    starts = np.cumsum([0, *together.lengths])
    for text, sentence in enumerate(SENTENCES):
        alone = read_internals(model, rows_of(every_family, [sentence]))
        np.testing.assert_allclose(together.maps(text), alone.maps(0), atol=1e-5)
        for layer in range(3):
            states = together.tokens(layer)[starts[text] : starts[text + 1]]
            np.testing.assert_allclose(states, alone.tokens(layer), atol=1e-4)


def test_the_first_states_are_embeddings_and_the_last_feed_the_heads(every_family: Path) -> None:
    model, rows = made(every_family), rows_of(every_family, SENTENCES[:1])
    captured: list[torch.Tensor] = []
    base = model.classifier.base_model
    base.embeddings.register_forward_hook(lambda _, __, output: captured.append(output))
    ids = torch.tensor(rows[0][1], dtype=torch.long)[None]
    with torch.no_grad():
        captured.append(base(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state)
    internals = read_internals(model, rows)
    assert internals.layers == ["embeddings", "block 1", "block 2"]
    np.testing.assert_allclose(internals.tokens(0), captured[0][0].numpy(), atol=1e-5)
    np.testing.assert_allclose(internals.tokens(2), captured[1][0].numpy(), atol=1e-5)


def test_local_attention_blocks_attend_to_near_tokens_only(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "modernbert", "modernbert", layers=4, local_attention=4)
    maps = read_internals(made(folder), rows_of(folder)).maps(2)
    far = np.abs(np.subtract.outer(np.arange(14), np.arange(14))) > 2
    assert [bool(maps[block][:, far].any()) for block in range(4)] == [True, False, False, True]
    assert maps[1][:, ~far].all()


@pytest.mark.parametrize("family", ["longformer", "yoso", "mra"])
def test_a_family_without_whole_attention_maps_is_refused(family: str) -> None:
    config = AutoConfig.for_model(
        family,
        vocab_size=len(VOCABULARY),
        pad_token_id=0,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    model = Headed(AutoModelForSequenceClassification.from_config(config).eval(), "polarity")
    with pytest.raises(StageError, match=f"a {family} gives no whole attention maps: choose another encoder"):
        read_internals(model, TokenRows.of([[2, 5, 6, 7, 3], [2, 5, 3]]))
