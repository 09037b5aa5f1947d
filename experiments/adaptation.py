"""What of an encoder has to learn? The predictions alone, the last blocks, everything, or low-rank additions (LoRA).

Each mode trains on the film sentences of `opinion` as params.yaml has it, at the learning rates below; the better one
on validation is then scored on the test set, with intervals, and tested against full fine-tuning. The last one leaves
out the second head: what does it cost the first?

    python -m experiments.adaptation

Results: experiments/adaptation.json, from which `make readme` writes the README's table. The peak of memory is that of
the whole process, PyTorch and data included; it is that of one run and moves by a few megabytes.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import read_json, write_json
from decortique.core.measures import most_probable
from decortique.core.settings import Compute
from decortique.core.tables import read_columns
from decortique.data.settings import TaskSection
from decortique.evaluation.scores import Evaluation, Examples
from decortique.evaluation.settings import Evaluate
from decortique.models.loading import load_classifier
from decortique.models.predictions import PredictionTable
from decortique.models.settings import Finetune
from experiments.clone import ROOT, choose, clone_into, dvc

TASK, MEASURE = "opinion", "log_loss"
FULL, ONE_HEAD = "full", "full, polarity alone"
# Fewer weights that learn want larger steps. Rates by height belong to full fine-tuning, where the lower blocks could
# lose what they know; what is frozen cannot.
EVEN = {"finetune.layer_decay": 1.0}


def modes() -> dict[str, tuple[dict[str, Any], tuple[float, ...]]]:
    """Return what each mode changes in params.yaml, and the learning rates it is tried at."""
    usual = Finetune.load().learning_rate  # for two that differ in nothing else, so that they can be compared
    (name, first), *_ = TaskSection.named(TASK).heads.items()
    return {
        "heads alone, encoder frozen": ({"finetune.adaptation.kind": "probe", **EVEN}, (1e-3, 5e-3)),
        "last 2 blocks": ({"finetune.adaptation.kind": "top", **EVEN}, (2e-4, 5e-4)),
        "LoRA, rank 8": ({"finetune.adaptation.kind": "lora", **EVEN}, (5e-4, 2e-3)),
        FULL: ({}, (usual,)),
        ONE_HEAD: ({f"catalogue/tasks/{TASK}.yaml:heads": {name: first.model_dump()}}, (usual,)),
    }


def adaptation() -> None:
    """Train by each mode and writes what was found."""
    found: dict[str, Any] = {}
    predicted: dict[str, PredictionTable] = {}
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary, "clone")
        clone_into(clone)
        for mode, (choices, rates) in modes().items():
            tried = []
            for rate in rates:
                choose(clone, {**choices, "finetune.learning_rate": rate, **films_only()})
                dvc(clone, "repro", f"tokenize@{TASK}")
                tried.append({"learning_rate": rate, **trained(clone)})
                if tried[-1] is min(tried, key=lambda one: one["validation"][MEASURE]):
                    predicted[mode], examples = decided_on_test(clone)
            best = min(tried, key=lambda one: one["validation"][MEASURE])
            found[mode] = {**best, "tried": {f"{one['learning_rate']:g}": one["validation"] for one in tried}}
    evaluation = Evaluation.of(examples, predicted, Evaluate.load())
    versus = evaluation.versus(FULL)
    report = {
        mode: {**found[mode], "test": scores, **({"versus_full": versus[mode]} if mode in versus else {})}
        for mode, scores in evaluation.scores().items()
    }
    write_json(ROOT / "experiments" / "adaptation.json", report)


def films_only() -> dict[str, Any]:
    """Leave out the transfer sets, on which nobody predicts here."""
    return {f"catalogue/tasks/{TASK}.yaml:reader.parts.graded.files": {"films.txt": "all"}}


def trained(clone: Path) -> dict[str, Any]:
    """Run the stage `finetune`; return trained weights, peak memory and the best epoch's validation scores."""
    peak, said = stage(clone, "finetune", TASK)
    learning, weights = next(line for line in said.splitlines() if "weights learn" in line).split(": ")[1].split()[:3:2]
    metrics = read_json(clone / paths.results("finetune", TASK))
    return {
        "trained_weights": int(learning),
        "weights": int(weights),
        "peak_memory_megabytes": round(peak / 1024),
        "validation": metrics["validation"][metrics["best_epoch"] - 1],
    }


def stage(clone: Path, *arguments: str) -> tuple[int, str]:
    """Run one stage by hand in the clone, and gives its peak of memory, in kilobytes, and what it said."""
    log = clone / "stage.log"
    with log.open("w") as file:
        command = [sys.executable, "-m", f"stages.{arguments[0]}", *arguments[1:]]
        process = subprocess.Popen(command, cwd=clone, stderr=file)
        _, status, usage = os.wait4(process.pid, 0)
    said = log.read_text(encoding="utf-8")
    if status:
        sys.exit(f"`{' '.join(arguments)}` failed: {said}")
    return usage.ru_maxrss, said


def decided_on_test(clone: Path) -> tuple[PredictionTable, Examples]:
    """Has the transformer predict the test set, and reads what is true."""
    labels = TaskSection.named(TASK).labels
    columns = read_columns(clone / paths.corpus(TASK) / "test.parquet", ["id", "text", "label"])
    _, classifier = load_classifier(clone / paths.model(TASK, "transformer"), Compute.load())
    probability = classifier.predict(columns["text"], lambda _: None).probability
    predicted = PredictionTable(columns["id"], most_probable(probability), probability)
    return predicted, Examples(labels, np.array([labels.index(label) for label in columns["label"]]))


if __name__ == "__main__":
    run(adaptation)
