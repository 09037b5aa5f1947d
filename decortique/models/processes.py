"""Several processes that train one model together, as `accelerate launch` or `torchrun` start them.

Each process holds the whole model and takes its share of every batch. After the backward pass they average their
gradients, and so all make the same step: as many texts to a step as with one process, only sooner. What there is of
one only (files, curves) is the part of process 0.
"""

import atexit
import os
from dataclasses import dataclass

import torch
from torch import distributed, nn

from decortique.models.batches import Batch


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among those of a training."""

    device: torch.device
    rank: int = 0
    count: int = 1

    @classmethod
    def join(cls, device: torch.device) -> "Processes":
        """Joins the others, if this process was started with others."""
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count == 1:
            return cls(device)
        if not distributed.is_initialized():
            distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
            atexit.register(distributed.destroy_process_group)
        return cls(device, distributed.get_rank(), count)

    @property
    def first(self) -> bool:
        """Whether files are this process's part."""
        return self.rank == 0

    def share(self, batch: Batch) -> tuple[Batch, float]:
        """Gives this process's texts of a batch, and the factor by which the mean over them counts.

        The mean over all processes of factor · mean of the share is then the mean of the batch, also where the shares
        are not of one size. A process without a text computes on one of another's, with the factor 0.
        """
        if self.count == 1:
            return batch, 1.0
        texts = len(batch["input_ids"])
        own = len(range(self.rank, texts, self.count))
        places = slice(self.rank, None, self.count) if own else slice(0, 1)
        return {name: values[places] for name, values in batch.items()}, own * self.count / texts

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Gives the mean over the processes of a tensor that each of them has."""
        if self.count > 1:
            distributed.all_reduce(values)
            values /= self.count
        return values

    def any(self, asked: bool) -> bool:  # noqa: FBT001
        """Tells whether any process says yes, the same to all of them."""
        if self.count == 1:
            return asked
        return bool(self.mean(torch.tensor(float(asked), device=self.device)) > 0)

    def average_gradients(self, model: nn.Module) -> None:
        """Replaces the gradients of each process by their mean over all, in one message."""
        if self.count == 1:
            return
        trained = [values for values in model.parameters() if values.requires_grad]
        for values in trained:
            if values.grad is None:
                values.grad = torch.zeros_like(values)
        gradients = [values.grad for values in trained if values.grad is not None]
        mean = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, part in zip(gradients, torch.split(mean, [one.numel() for one in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))
