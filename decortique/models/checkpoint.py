"""The state of a training on disk, its curves, and stopping it with Ctrl-C.

The state lies outside what DVC looks after (DVC removes what an interrupted stage was making), in a folder named by a
hash of everything that determines the result: settings, data, first weights, code and versions. Changed settings
therefore never go on with another training's weights.
"""

import hashlib
import json
import logging
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
import transformers
from dvclive import Live
from pydantic import BaseModel
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from decortique.core.files import new_folder
from decortique.core.source import digest as code_digest

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Whether somebody asked to stop."""

    asked = False


@contextmanager
def noticed() -> Iterator[Interruption]:
    """Notes the first request to stop instead of obeying it; a second one is obeyed at once."""
    found = Interruption()
    if threading.current_thread() is not threading.main_thread():  # only there can Python notice them
        yield found
        return

    def note(number: int, frame: FrameType | None) -> None:
        if found.asked:
            signal.default_int_handler(number, frame)
        found.asked = True

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield found
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if found.asked:  # too late for a step to see it
        raise KeyboardInterrupt


Point = tuple[int, str, float]  # step, name of the curve, value


@contextmanager
def drawn(folder: Path, before: Sequence[Point]) -> Iterator[Callable[[int, str, float], None]]:
    """Gives what draws a point; the curves are there when the block ends well.

    Args:
        folder: new folder of the curves.
        before: points of the same training before it was stopped.
    """
    with new_folder(folder) as new:
        with Live(str(new), dvcyaml=None, save_dvc_exp=False, report=None) as live:

            def draw(step: int, name: str, value: float) -> None:
                live.step = step
                live.log_metric(name, value)

            for point in before:
                draw(*point)
            yield draw
        # DVCLive's summary of the last step: the stage writes its own, of the best epoch.
        (new / "metrics.json").unlink()


log = logging.getLogger(__name__)

TENSORS, NUMBERS = "tensors.safetensors", "numbers.json"
CODE = Path(__file__).parents[1]
KEPT = 3  # trainings of one name that were stopped; the oldest goes first
Tensors = dict[str, torch.Tensor]


@dataclass
class Progress:
    """How far a training has come."""

    epoch: int = 1  # the one it is in, from 1
    batch: int = 0  # batches of this epoch that are done
    step: int = 0  # steps of the optimiser that are done
    epochs: list[dict[str, float]] = field(default_factory=list)  # validation scores of the epochs that are done
    curves: list[Point] = field(default_factory=list)  # what was drawn


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the state of one training is kept."""

    folder: Path

    @classmethod
    def of(cls, folder: Path, *determined_by: Any) -> "Checkpoint":
        """Finds the place of a training.

        Args:
            folder: of the trainings of its name.
            determined_by: as for `fingerprint`.
        """
        return cls(folder / fingerprint(*determined_by))

    def save(
        self,
        progress: Progress,
        model: nn.Module,
        best: Tensors,
        optimizer: torch.optim.Optimizer,
        others: Mapping[str, Any],
    ) -> None:
        """Keeps the state, in place of an earlier one.

        Args:
            progress: how far it has come.
            model: with the weights of the last step.
            best: the weights of the best epoch so far.
            optimizer: with its averages and rates.
            others: whatever else has a `state_dict` of plain numbers: scheduler, scaler.
        """
        state = optimizer.state_dict()
        tensors = {f"model {name}": values for name, values in model.state_dict().items()}
        tensors |= {f"best {name}": values for name, values in best.items()}
        averages: dict[int, dict[str, Any]] = {}
        for place, kept in state["state"].items():
            tensors |= {f"optimizer {place} {name}": v for name, v in kept.items() if torch.is_tensor(v)}
            averages[place] = {name: v for name, v in kept.items() if not torch.is_tensor(v)}
        numbers = {
            "progress": asdict(progress),
            "optimizer": averages,
            "groups": state["param_groups"],
            **{name: one.state_dict() for name, one in others.items()},
        }
        with new_folder(self.folder) as folder:
            save_file({name: values.detach().cpu().contiguous() for name, values in tensors.items()}, folder / TENSORS)
            (folder / NUMBERS).write_text(json.dumps(numbers), encoding="utf-8")
        for old in sorted(self.folder.parent.glob("[0-9a-f]*"), key=lambda path: -path.stat().st_mtime)[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)

    def load(
        self, model: nn.Module, optimizer: torch.optim.Optimizer, others: Mapping[str, Any]
    ) -> tuple[Progress, Tensors]:
        """Puts everything back as `save` found it, and gives how far it had come, and its best weights so far.

        Where nothing was kept, or it cannot be read, everything stays as it is.
        """
        try:
            tensors = load_file(self.folder / TENSORS)
            numbers = json.loads((self.folder / NUMBERS).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Progress(), {}
        except (OSError, SafetensorError, ValueError) as error:
            log.warning("%s is damaged (%s): training begins anew", self.folder, error)
            return Progress(), {}
        parts: dict[str, Tensors] = {"model": {}, "best": {}}
        averages = {int(place): dict(kept) for place, kept in numbers["optimizer"].items()}
        for name, values in tensors.items():
            kind, _, rest = name.partition(" ")
            if kind == "optimizer":
                place, _, average = rest.partition(" ")
                averages[int(place)][average] = values
            else:
                parts[kind][rest] = values
        model.load_state_dict(parts["model"])
        optimizer.load_state_dict({"state": averages, "param_groups": numbers["groups"]})
        for name, one in others.items():
            one.load_state_dict(numbers[name])
        return Progress(**numbers["progress"]), parts["best"]

    def remove(self) -> None:
        """Forgets a training that has come to its end."""
        shutil.rmtree(self.folder, ignore_errors=True)


def fingerprint(*determined_by: Any) -> str:
    """Gives a name to what a computation depends on.

    Args:
        determined_by: all of it, besides code and versions: settings, models, examples, tensors, and mappings and
            lists of them.
    """
    digest = hashlib.sha256(f"{torch.__version__} {transformers.__version__} {sys.version}".encode())
    for source in sorted(CODE.rglob("*.py")):
        digest.update(f"{code_digest(source.read_bytes(), str(source))} ".encode())  # a comment discards no state
    _add(digest, determined_by)
    return digest.hexdigest()[:32]


def _add(digest: Any, part: Any) -> None:
    """Adds one thing to a hash, with its kind and size, so that no two lists of things look alike."""
    match part:
        case nn.Module():
            _add(digest, part.state_dict())
            return
        case BaseModel():
            content = part.model_dump_json().encode()
        case torch.Tensor():
            content = part.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
            _add(digest, f"{part.dtype} {tuple(part.shape)}")
        case np.ndarray():
            content = np.ascontiguousarray(part).tobytes()
            _add(digest, f"{part.dtype} {part.shape}")
        case Mapping():
            _add(digest, [*part.items()])
            return
        case list() | tuple():
            _add(digest, len(part))
            for one in part:
                _add(digest, one)
            return
        case str() | int() | float() | None:
            content = repr(part).encode()
        case _ if is_dataclass(part):
            _add(digest, {one.name: getattr(part, one.name) for one in fields(part)})
            return
        case _:
            raise TypeError(f"cannot tell two {type(part).__name__} apart")
    digest.update(f"{type(part).__name__} {len(content)} ".encode())
    digest.update(content)
