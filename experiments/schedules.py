"""What do an optimiser and a scheduler do? The same model on the same texts, with one of them changed at a time.

    python -m experiments.schedules

Draws the pictures of docs/training.md into docs/training/, and writes experiments/schedules.json, from which `make
readme` fills the page's tables. It trains on the first film sentences only: the curves are to be looked at, and no
choice of params.yaml was made by them.
"""

import csv
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import read_json, write_json
from decortique.core.plots import picture
from decortique.models.batches import LengthBuckets, TokenRows
from decortique.models.settings import Finetune
from experiments.clone import ROOT, choose, clone_into, dvc

TASK = "opinion"
PICTURES = ROOT / "docs" / "training"
SMALL = {"prepare.limit": 2000, f"catalogue/tasks/{TASK}.yaml:reader.parts.graded.files": {"films.txt": "all"}}
USUAL = "linear, warm-up"
SCHEDULES: dict[str, dict[str, Any]] = {
    USUAL: {},
    "constant": {"finetune.lr_scheduler_type": "constant", "finetune.warmup_ratio": 0.0},
    "cosine, warm-up": {"finetune.lr_scheduler_type": "cosine"},
    "constant, 10 × the rate": {
        "finetune.lr_scheduler_type": "constant",
        "finetune.warmup_ratio": 0.0,
        "finetune.learning_rate": 2e-3,
    },
}
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "adamw": {},
    "adafactor": {"finetune.optim": "adafactor"},
    "sgd, the same rate": {"finetune.optim": "sgd"},
    "sgd, momentum, 100 × the rate": {
        "finetune.optim": "sgd",
        "finetune.optim_args": {"momentum": 0.9},
        "finetune.learning_rate": 2e-2,
    },
}
SMOOTHED = 15  # steps averaged for the eye


def schedules() -> None:
    """Train by each schedule and optimiser, draws the curves, and writes the scores."""
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary, "clone")
        clone_into(clone)
        by_schedule = {name: trained(clone, choices) for name, choices in SCHEDULES.items()}
        by_optimizer = {name: trained(clone, choices) for name, choices in OPTIMIZERS.items()}
        lengths = TokenRows.read(clone / paths.tokens(TASK) / "train.parquet").lengths
    batches = lengths_by_batch(lengths, Finetune.load().batch_size)
    PICTURES.mkdir(parents=True, exist_ok=True)
    draw_padding(PICTURES / "loader.png", batches)
    draw_curves(PICTURES / "scheduler.png", by_schedule)
    draw_curves(PICTURES / "optimizer.png", by_optimizer)
    write_json(
        ROOT / "experiments" / "schedules.json",
        {
            "sentences": len(lengths),
            "batch_size": Finetune.load().batch_size,
            "padding": {name: padding(found) for name, found in batches.items()},
            "schedulers": {name: found.validation for name, found in by_schedule.items()},
            "optimizers": {name: found.validation for name, found in by_optimizer.items()},
        },
    )


@dataclass(frozen=True, slots=True)
class Training:
    """One training: its curves, a value a step, and the validation scores of its epochs."""

    loss: np.ndarray
    rate: np.ndarray
    validation: list[dict[str, float]]


def trained(clone: Path, choices: Mapping[str, Any]) -> Training:
    """Fine-tunes with some settings changed."""
    choose(clone, {**SMALL, **choices})
    dvc(clone, "repro", f"finetune@{TASK}")
    curves = clone / paths.plots("finetune", TASK) / "plots" / "metrics" / "train"
    loss, rate = (read_curve(curves / f"{name}.tsv") for name in ("loss", "learning_rate"))
    return Training(loss, rate, read_json(clone / paths.results("finetune", TASK))["validation"])


def read_curve(path: Path) -> np.ndarray:
    """Read the values of a curve of DVCLive."""
    with path.open(encoding="utf-8", newline="") as file:
        return np.array([float(row[path.stem]) for row in csv.DictReader(file, delimiter="\t")])


def lengths_by_batch(lengths: np.ndarray, batch_size: int) -> dict[str, list[np.ndarray]]:
    """Return the lengths of the texts of each batch, as they come at random and as the loader puts them together."""
    order = np.random.default_rng(0).permutation(len(lengths))
    random = [lengths[order[start : start + batch_size]] for start in range(0, len(order), batch_size)]
    return {
        "at random": random,
        "of near-equal length": [lengths[batch] for batch in LengthBuckets(lengths, batch_size, seed=0)],
    }


def padding(batches: list[np.ndarray]) -> float:
    """Return the share of the tokens of all batches that are padding."""
    return 1 - sum(batch.sum() for batch in batches) / sum(len(batch) * batch.max() for batch in batches)


def draw_padding(path: Path, batches: Mapping[str, list[np.ndarray]]) -> None:
    """Draw each batch as a bar as high as its longest text, filled as far as its texts fill it."""
    with picture(path, columns=len(batches), width=4.2, height=3.0) as panels:
        for axes, (name, found) in zip(panels, batches.items(), strict=True):
            places = np.arange(len(found))
            axes.bar(places, [batch.max() for batch in found], width=1.0, color="#D55E00", label="padding")
            axes.bar(
                places, [batch.mean() for batch in found], width=1.0, color="#0072B2", label="tokens of a text, mean"
            )
            axes.set(title=f"batches {name}: {padding(found):.0%} padding", xlabel="batch of an epoch", ylim=(0, 80))
        panels[0].set(ylabel="tokens")
        panels[-1].legend(loc="upper right")


def draw_curves(path: Path, trainings: Mapping[str, Training]) -> None:
    """Draw learning rate and loss, step by step."""
    with picture(path, columns=2, width=4.2, height=3.4) as (rates, losses):
        for name, found in trainings.items():
            rates.plot(found.rate, label=name)
            # Averaged over neighbours, fewer at both ends: a batch of 32 is a noisy witness.
            window = np.ones(SMOOTHED)
            count = np.convolve(np.ones_like(found.loss), window, mode="same")
            losses.plot(np.convolve(found.loss, window, mode="same") / count, label=name)
        rates.set(title="learning rate of the predictions", xlabel="step", yscale="log")
        losses.set(title=f"training loss, mean of {SMOOTHED} steps", xlabel="step")
        losses.legend(loc="upper left", bbox_to_anchor=(1, 1))


if __name__ == "__main__":
    run(schedules)
