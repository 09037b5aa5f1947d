"""Checkpoints of a training, its curves, and stopping it with Ctrl-C.

A checkpoint lies outside what DVC looks after (DVC removes what an interrupted stage was making), in a file named by a
hash of everything that determines the result: settings, data, first weights, code and versions. Changed settings
therefore never resume another training.
"""

import hashlib
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
import transformers
from pydantic import BaseModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from decortique.core.files import new_file, new_folder
from decortique.core.source import digest as code_digest

log = logging.getLogger(__name__)

CODE = Path(__file__).parents[1]
KEPT = 3  # checkpoints of one name; the oldest is removed first


@contextmanager
def deferred_signals() -> Iterator[threading.Event]:
    """Record the first SIGINT or SIGTERM instead of obeying it; a second one interrupts at once."""
    stop_requested = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only there can Python handle signals
        yield stop_requested
        return

    def record(number: int, frame: FrameType | None) -> None:
        if stop_requested.is_set():
            signal.default_int_handler(number, frame)
        stop_requested.set()

    before = {number: signal.signal(number, record) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop_requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if stop_requested.is_set():  # too late for a step to see it
        raise KeyboardInterrupt


Point = tuple[int, str, float]  # step, name of the curve, value


@contextmanager
def live_logger(folder: Path, before: Sequence[Point]) -> Iterator[Callable[[int, str, float], None]]:
    """Yield a function that logs a point with DVCLive; the curves are in `folder` when the block ends well.

    `before` are the points of the same training before it was interrupted.
    """
    from dvclive import Live  # takes a second, and only who trains needs it

    with new_folder(folder) as new:
        with Live(str(new), dvcyaml=None, save_dvc_exp=False, report=None) as live:

            def log_point(step: int, name: str, value: float) -> None:
                live.step = step
                live.log_metric(name, value)

            for point in before:
                log_point(*point)
            yield log_point
        # DVCLive's summary of the last step: the stage writes its own, of the best epoch.
        (new / "metrics.json").unlink()


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write nested tensors and plain values as one safetensors file, in place of an earlier state."""
    tensors: dict[str, torch.Tensor] = {}

    def plain(one: Any, name: str) -> Any:
        match one:
            case torch.Tensor():
                tensors[name] = one.detach().cpu().contiguous().clone()
                return {"tensor": name}
            case Mapping():  # as pairs, since keys of JSON objects are never numbers
                return {"pairs": [[key, plain(part, f"{name}/{key}")] for key, part in one.items()]}
            case list() | tuple():
                return [plain(part, f"{name}/{place}") for place, part in enumerate(one)]
        return one

    structure = json.dumps(plain(state, ""))
    with new_file(path) as temporary:
        save_file(tensors, temporary, {"structure": structure})
    for old in sorted(path.parent.glob("*.safetensors"), key=lambda one: -one.stat().st_mtime)[KEPT:]:
        old.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """Return the saved state, on the CPU; None where there is none, or it is damaged."""
    try:
        with safe_open(path, "pt") as file:
            structure = json.loads(file.metadata()["structure"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        log.warning("%s is damaged (%s): training starts again", path, error)
        return None

    def nested(one: Any) -> Any:
        match one:
            case {"tensor": name}:
                return tensors[name]
            case {"pairs": pairs}:
                return {key: nested(part) for key, part in pairs}
            case list():
                return [nested(part) for part in one]
        return one

    state: dict[str, Any] = nested(structure)
    return state


def fingerprint(*determined_by: Any) -> str:
    """Return a hash of what a computation depends on, code and versions included.

    That may be settings, models, examples, tensors, plain values, and mappings and lists of them.
    """
    digest = hashlib.sha256(f"{torch.__version__} {transformers.__version__} {sys.version} {_code()}".encode())
    _add(digest, determined_by)
    return digest.hexdigest()[:32]


@cache
def _code() -> str:
    """Return a hash of the code of all rooms, in which a comment does not count."""
    return " ".join(f"{code_digest(source.read_bytes(), str(source))}" for source in sorted(CODE.rglob("*.py")))


def _add(digest: Any, one: Any) -> None:
    """Add one thing to a hash, with its type and size, so that no two lists of things hash alike."""
    array, content, parts = "", b"", list[Any]()
    match one:
        case torch.Tensor():
            array = f"{one.dtype} {tuple(one.shape)}"
            content = one.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
        case np.ndarray():
            array, content = f"{one.dtype} {one.shape}", np.ascontiguousarray(one).tobytes()
        case BaseModel():
            content = one.model_dump_json().encode()
        case str() | int() | float() | None:
            content = repr(one).encode()
        case nn.Module():
            parts = [*one.state_dict().items()]
        case Mapping():
            parts = [*one.items()]
        case list() | tuple():
            parts = [*one]
        case _ if is_dataclass(one):
            parts = [(part.name, getattr(one, part.name)) for part in fields(one)]
        case _:
            raise TypeError(f"a {type(one).__name__} has no fingerprint")
    digest.update(f"{type(one).__name__} {array} {len(content)} {len(parts)} ".encode() + content)
    for part in parts:
        _add(digest, part)
