"""What a transformer makes of each token alone, as a text of its own: the way of model2vec into a model."""

from collections.abc import Callable

import torch
from transformers import PreTrainedModel

from stages.progress import progress
from stages.transformer.batches import Batch, TokenRows
from stages.transformer.encoding import encode

BATCH = 256  # tokens at once
SAMPLE = 2048  # so many of them at most, where a part of the vocabulary tells enough
Frame = tuple[list[int], list[int]]  # the tokens that stand before and behind every text
States = tuple[torch.Tensor, ...]  # by number, 0 the embeddings: (batch, length, width)


def of_single_tokens(
    model: PreTrainedModel,
    frame: Frame,
    read: Callable[[States], torch.Tensor],
    *,
    step: int = 1,
) -> torch.Tensor:
    """Runs a vocabulary through a model, each token in its frame.

    Args:
        model: with or without a decision.
        frame: what stands around the token.
        read: what is wanted of the hidden states of a batch, (batch, …).
        step: every which token is asked for.

    Returns:
        (tokens, …) float32, on the CPU.
    """
    trunk, (head, tail) = model.base_model.eval(), frame
    rows = TokenRows.of([[*head, token, *tail] for token in range(0, model.config.vocab_size, step)])

    def compute(batch: Batch) -> torch.Tensor:
        return read(trunk(**batch, output_hidden_states=True).hidden_states)

    with progress("each token alone", len(rows), "token") as bar:
        # All are of one length: nothing is padded.
        return torch.from_numpy(
            encode(rows, compute, batch_size=BATCH, padding_id=0, device=model.device, done=bar.update)
        )
