"""From how many examples on does a transformer pay? And how much of a score is the luck of one training?

The bag of words and the transformer of params.yaml learn from samples of the training texts of each task, three of each
size, with three seeds, and predict the whole test set. The last size is all there is; there, only the seed of the
transformer's training changes. A sample brings as large a share of the validation texts, by which both are chosen: who
has few labels has few for that, too. Small samples are read more often, so that the transformer takes enough steps to
learn at all (Mosbach et al., ICLR 2021).

    python -m experiments.learning_curves

What was predicted is kept in `.cache/experiments/learning-curves`, so that a run that was stopped goes on; remove that
folder to begin anew. Results: experiments/learning_curves.json and docs/validity/learning-curves.png.
"""

import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import ceil
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from pyarrow.parquet import read_metadata, read_table, write_table

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import write_json
from decortique.core.plots import COLOURS, picture
from decortique.core.settings import Compute
from decortique.data.corpus import LabelledSplit
from decortique.data.settings import TaskSection
from decortique.models.loading import predict_splits
from decortique.models.predictions import read_predictions
from decortique.models.settings import Finetune
from experiments.clone import ROOT, choose, clone_into, dvc
from experiments.several_seeds import difference, spread
from stages.bag_of_words import bag_of_words
from stages.finetune import finetune

TASKS, SEEDS = ("opinion", "author"), (0, 1, 2)
SIZES = (100, 300, 1000, 3000)  # and all there are
APPROACHES = ("bag-of-words", "transformer")
LEAST = 4000  # texts that a training reads, the same ones again if they are fewer
FEWEST = 50  # texts of a validation set
WORK = Path(".cache") / "experiments" / "learning-curves"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Training:
    """One training of both approaches on one sample."""

    task: str
    size: int  # training texts
    of: int  # texts there are
    seed: int

    @property
    def folder(self) -> Path:
        """Where it predicts."""
        return ROOT / WORK / f"{self.task}-{self.size}-s{self.seed}"

    @property
    def epochs(self) -> int:
        """Of the transformer."""
        return max(Finetune.load(ROOT / "params.yaml").num_train_epochs, ceil(LEAST / self.size))


def learning_curves() -> None:
    """Train on every sample, and writes what was found."""
    clone = ROOT / WORK / "clone"
    if not clone.exists():
        clone_into(clone)
    dvc(clone, "repro", *(f"tokenize@{task}" for task in TASKS))
    trainings = [one for task in TASKS for one in samples(clone, task)]
    # A process for each: settings are read once in a process. One thread each, side by side, as a small model leaves a
    # second one idle for half of the time.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), max_tasks_per_child=1) as workers:
        for one in workers.map(learn, [clone] * len(trainings), trainings):
            log.info("%s is done", one.folder.name)
    os.chdir(clone)
    found = {task: [of_size(task, found) for found in by_size(trainings, task)] for task in TASKS}
    write_json(ROOT / "experiments" / "learning_curves.json", {"seeds": len(SEEDS), "tasks": found})
    draw(ROOT / "docs" / "validity" / "learning-curves.png", found)


def samples(clone: Path, task: str) -> list[Training]:
    """List the trainings of a task, the longest first."""
    texts = read_metadata(clone / paths.corpus(task) / "train.parquet").num_rows
    sizes = [texts, *(size for size in reversed(SIZES) if size < texts)]
    return [Training(task, size, texts, seed) for size in sizes for seed in SEEDS]


def learn(clone: Path, one: Training) -> Training:
    """Train both approaches on a sample and has them predict, unless they did so in an earlier run."""
    if (one.folder / "done").exists():
        return one
    shutil.rmtree(one.folder, ignore_errors=True)
    draw_sample(clone, one)
    choices = {"compute.threads": 1, "finetune.seed": one.seed, "finetune.num_train_epochs": one.epochs}
    choose(one.folder, choices)
    os.chdir(one.folder)
    bag_of_words(one.task)
    finetune(one.task)
    for approach in APPROACHES:
        labels, compute = TaskSection.named(one.task).labels, Compute.load()
        predict_splits(one.task, approach, paths.predictions(one.task, approach), labels, compute)
    shutil.rmtree(one.folder / paths.DATA / "models")
    (one.folder / "done").touch()
    return one


def draw_sample(clone: Path, one: Training) -> None:
    """Put a sample of the texts, and of their tokens, into a folder of its own."""
    random = np.random.default_rng([one.seed, one.size])
    places: dict[str, np.ndarray] = {}
    for split in ("train", "validation", "test"):
        for room in (paths.corpus(one.task), paths.tokens(one.task)):
            table = read_table(clone / room / f"{split}.parquet")
            wanted = {"train": one.size, "validation": max(FEWEST, round(table.num_rows * one.size / one.of))}
            size = min(wanted.get(split, table.num_rows), table.num_rows)
            if split not in places:  # the same rows in both rooms
                places[split] = np.sort(random.permutation(table.num_rows)[:size])
            (one.folder / room).mkdir(parents=True, exist_ok=True)
            write_table(table.take(places[split]), one.folder / room / f"{split}.parquet")
    (one.folder / paths.DATA / "encoders").symlink_to(clone / paths.DATA / "encoders")


def by_size(trainings: list[Training], task: str) -> list[list[Training]]:
    """Put the trainings of a task together by size, the smallest first."""
    sizes = sorted({one.size for one in trainings if one.task == task})
    return [[one for one in trainings if (one.task, one.size) == (task, size)] for size in sizes]


def of_size(task: str, trainings: list[Training]) -> dict[str, Any]:
    """Return both approaches' accuracy over seeds, and their difference with its two intervals."""
    described = TaskSection.named(task)
    rows = LabelledSplit.read(task, "test", described.labels, keep_groups=described.split.keep_groups)
    right = {
        approach: np.stack(
            [
                read_predictions(
                    one.folder / paths.predictions(task, approach), "test", rows.labels, rows.ids
                ).prediction
                == rows.truth
                for one in trainings
            ]
        ).astype(float)
        for approach in APPROACHES
    }
    return {
        "size": trainings[0].size,
        "epochs": trainings[0].epochs,
        **{approach: spread(found.mean(axis=1).tolist()) for approach, found in right.items()},
        "difference": difference(right["transformer"] - right["bag-of-words"], rows.together),
    }


def draw(path: Path, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Draw test accuracy over the number of training texts, a panel for each task; bars reach over the seeds.

    Args:
        path: the PNG file.
        found: by task and size, what `of_size` gives.
    """
    with picture(path, columns=len(found), width=4.4, height=3.6) as panels:
        for axes, (task, points) in zip(panels, found.items(), strict=True):
            sizes = [point["size"] for point in points]
            for approach, colour in zip(("bag-of-words", "transformer"), COLOURS, strict=False):
                value, low, high = (
                    np.array([point[approach][key] for point in points]) for key in ("value", "low", "high")
                )
                axes.errorbar(
                    sizes, value, [value - low, high - value], fmt="o-", capsize=3, label=approach, color=colour
                )
            axes.set_xscale("log")
            axes.set_xticks(sizes, [f"{size:,}".replace(",", " ") for size in sizes])
            axes.minorticks_off()
            axes.grid(axis="y", alpha=0.3)
            axes.set(title=task, xlabel="training texts", ylabel="test accuracy" if axes is panels[0] else None)
        panels[0].legend(loc="lower right")


if __name__ == "__main__":
    run(learning_curves)
