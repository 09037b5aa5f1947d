"""What the training loop asks of a model."""

from collections.abc import Callable

import torch
from torch import nn

from stages.artifacts.predictions import Predictions
from stages.transformer.batches import TokenRows


class Trainable(nn.Module):
    """A model that the loop can train, whatever its build."""

    @property
    def title(self) -> str:
        """What it is, for the progress bar: `3 layers`."""
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        raise NotImplementedError

    def heights(self) -> dict[int, int]:
        """Tells how high weights stand, by their `id`; those it leaves out are decisions, above all others."""
        raise NotImplementedError

    def predict(
        self, rows: TokenRows, *, batch_size: int, done: Callable[[int], object] = lambda _: None
    ) -> Predictions:
        """Runs texts through the model, without training it, on its device.

        Args:
            rows: the texts.
            batch_size: texts at once.
            done: told how many texts each batch held.
        """
        raise NotImplementedError

    def compute_again(self) -> bool:
        """Has it compute activations twice instead of keeping them; tells whether it can."""
        return False
