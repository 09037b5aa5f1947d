"""Many texts through a model without training it: sorted by length, in batches, given back in their order."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from stages.transformer.batches import Batch, Collate, TokenRows, by_length


def in_batches(rows: TokenRows, batch_size: int, padding_id: int) -> Iterator[tuple[np.ndarray, Batch]]:
    """Yields (places, batch) with the longest texts first, so that too large a batch fails at once."""
    order = by_length(np.arange(len(rows)), rows.lengths)
    collate = Collate(padding_id, {})
    for start in range(0, len(order), batch_size):
        places = order[start : start + batch_size]
        yield places, collate([rows[place] for place in places])


@torch.inference_mode()
def encode(
    rows: TokenRows,
    compute: Callable[[Batch], torch.Tensor],
    *,
    batch_size: int,
    padding_id: int,
    device: torch.device,
    done: Callable[[int], object] = lambda _: None,
) -> np.ndarray:
    """Computes one vector a text.

    Args:
        rows: the texts' token ids.
        compute: a batch on `device` → (batch, …) values.
        batch_size: texts at once.
        padding_id: token id that fills a batch.
        device: where `compute` computes.
        done: told how many texts each batch held.

    Returns:
        (texts, …) float32, in the order of `rows`.
    """
    result: np.ndarray | None = None
    for places, batch in in_batches(rows, batch_size, padding_id):
        values = compute({name: values.to(device) for name, values in batch.items()}).float().cpu().numpy()
        if result is None:
            result = np.empty((len(rows), *values.shape[1:]), np.float32)
        result[places] = values
        done(len(places))
    return np.empty((0, 0), np.float32) if result is None else result
