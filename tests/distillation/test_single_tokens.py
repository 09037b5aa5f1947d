import pytest
import torch
from transformers import PreTrainedModel

from decortique.distillation import start as tokens
from decortique.distillation.start import single_token_states


@pytest.mark.parametrize("step", [1, 5])
def test_each_token_is_a_text_of_its_own_with_its_affixes(
    teacher: PreTrainedModel, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr(tokens, "BATCH", 7)
    result = single_token_states(teacher.train(), ([2, 6], [3]), lambda states: torch.stack(states, 1), step=step)
    assert result.shape == (len(range(0, 26, step)), 5, 4, 16)  # the embeddings and four layers
    ids = torch.tensor([[2, 6, 20, 3]])
    with torch.no_grad():
        states = teacher.eval()(ids, torch.ones_like(ids), output_hidden_states=True).hidden_states
    for layer, state in enumerate(states):
        torch.testing.assert_close(result[20 // step, layer], state[0], atol=1e-5, rtol=0)
