"""The language question: French speeches read by a bag of words, an English encoder, and a multilingual one.

Four folds of whole speeches, so that each speech is tested on once, by models that have not seen it. Every approach
decides sentence by sentence, and over the speech by each method of decoding; what is tuned is tuned on other speeches.

    python -m experiments.language                                      # on the course's file, 57 413 sentences
    python -m experiments.language --source 'file:///…/speeches.utf8#sha256=…'   # on a file of your own in its format

Results: experiments/language.json, from which `make readme` writes the README's table. Runs that were made before are
taken from DVC's cache, so that an interrupted experiment goes on where it stopped.
"""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from experiments.clone import ROOT, choose, clone_into, dvc
from stages.artifacts.decisions import read_decisions
from stages.artifacts.files import read_json, write_json
from stages.artifacts.tables import read_columns
from stages.decoding.methods import Decoded
from stages.settings.evaluate import Evaluate
from stages.settings.task import Task, TaskSection, folds
from stages.statistics.evaluation import Evaluation, Examples

TASK = "author-fr"
BASELINE, TRANSFORMER, COMBINED = "bag-of-words", "transformer", "combined"
# How each encoder is fine-tuned: the English one as params.yaml has it for all tasks; the multilingual one has twice
# the layers, of which a decay of 0.85 a layer would leave the lower half as it is, and an embedding per language.
ENCODERS: dict[str, dict[str, Any]] = {
    "all-minilm-l6-v2": {},
    "multilingual-e5-small": {
        "finetune.learning_rate": 1e-4,
        "finetune.layer_decay": 1.0,
        "finetune.freeze_embeddings": True,
    },
}
TARGETS = [f"{stage}@{TASK}" for stage in ("tokenize", "decode", "validity")]


def language(source: Annotated[str, typer.Option(help="Address of the labelled speeches, with its pin.")] = "") -> None:
    """Runs the chain for each encoder and fold, pools the folds, and writes what was found."""
    described = TaskSection.named(TASK)
    assert isinstance(described.split.test, float)  # noqa: S101  (patterns of groups deal no folds)
    count = folds(described.split.test)
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary, "clone")
        clone_into(clone)
        parts = []
        for fold in range(count):
            for encoder, choices in ENCODERS.items():
                choose(clone, {**choices, **chosen(fold, encoder, source)})
                dvc(clone, "repro", *TARGETS)
                parts.append(Part.read(clone, encoder, described))
    write_json(ROOT / "experiments" / "language.json", report(parts, described, count))


def chosen(fold: int, encoder: str, source: str) -> dict[str, Any]:
    """Gives the choices of one run; the unlabelled speeches are left out, as nobody can be scored on them."""
    choices = {
        "tasks": [TASK],
        "approaches": [BASELINE, TRANSFORMER],
        "encoder": encoder,
        f"task.{TASK}.split.fold": fold,
        f"task.{TASK}.reader.files": {"learn": "all"},
    }
    learn = {"kind": "url", "url": source, "name": "learn"}
    return {**choices, **({f"task.{TASK}.source": learn} if source else {})}


if __name__ == "__main__":
    typer.run(language)
