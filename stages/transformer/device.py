"""The machine's part in a computation, pinned or said."""

import logging
import os

import torch

from stages.errors import StageError
from stages.settings.chain import Compute

log = logging.getLogger(__name__)


def prepare_device(compute: Compute) -> torch.device:
    """Pins threads and algorithms, and gives the device to compute on.

    Raises:
        StageError: the device that is asked for is not there.
    """
    torch.set_num_threads(compute.threads)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    name = _best() if compute.device == "auto" else compute.device
    if name == "cuda":  # of several processes, each has a GPU of its own
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    device = torch.device(name)
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there[device.type] or (device.index or 0) >= max(torch.cuda.device_count(), 1):
        raise StageError(f"params.yaml: compute.device is {name!r}, which this machine does not have: use auto or cpu")
    log.info("computing on %s with %d threads", device, compute.threads)
    return device


def _best() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
