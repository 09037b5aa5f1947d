"""Settings of few resamples, and a reader with the small encoder."""

from pathlib import Path

import torch

from decortique.evaluation.settings import Evaluate
from decortique.words.states import Reader

BOOTSTRAP = Evaluate(resamples=100, confidence=0.95, calibration_bins=5, seed=0)


def reader(encoder: Path, batch_size: int = 4) -> Reader:
    torch.set_num_threads(1)
    return Reader(encoder, batch_size=batch_size, device=torch.device("cpu"))
