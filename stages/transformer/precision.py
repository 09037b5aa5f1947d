"""Mixed precision: matrix products in 16 bits, weights and sums in 32 (Micikevicius et al., 2018)."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from stages.errors import StageError

KINDS = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class Precision:
    """In what numbers a step is computed."""

    device: torch.device
    kind: torch.dtype | None  # None for 32 bits throughout
    scaler: torch.amp.GradScaler  # keeps small gradients of 16 bits above zero; does nothing for other kinds

    @classmethod
    def of(cls, name: str, device: torch.device) -> "Precision":
        """Takes `full`, `bf16` or `fp16`.

        Raises:
            StageError: the device does not compute so.
        """
        there = {
            "full": True,
            "bf16": device.type != "cuda" or torch.cuda.is_bf16_supported(),
            "fp16": device.type == "cuda",  # elsewhere there is no scaler that was tried
        }
        if not there[name]:
            raise StageError(f"params.yaml: precision is {name}, which {device} does not have: use full")
        return cls(device, KINDS.get(name), torch.amp.GradScaler(device.type, enabled=name == "fp16"))

    def forward(self) -> AbstractContextManager[object]:
        """Within it, matrix products are computed in 16 bits."""
        return nullcontext() if self.kind is None else torch.autocast(self.device.type, self.kind)
