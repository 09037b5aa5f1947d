"""The language question: French speeches read by a bag of words, an English encoder, and a multilingual one.

Folds of whole speeches, so that each speech is tested on by models that have not seen it. Every approach predicts
sentence by sentence, and over the speech by each method of decoding; what is tuned is tuned on other speeches. The
speeches are split twice, as which speeches fall together moves a score by hundredths.

    python -m experiments.language                                      # on the course's file, 57 413 sentences
    python -m experiments.language --source 'file:///…/speeches.utf8#sha256=…'   # on a file of your own in its format

Results: experiments/language.json, from which `make readme` writes the README's table. Runs that were made before are
taken from DVC's cache, so that an interrupted experiment goes on where it stopped.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import read_json, write_json
from decortique.core.measures import every_measure
from decortique.core.tables import read_columns
from decortique.data.settings import Task, TaskSection, folds
from decortique.evaluation.decoding import Decoded
from decortique.evaluation.scores import Evaluation, Examples
from decortique.evaluation.settings import COMBINED, Evaluate
from decortique.models.predictions import read_predictions
from experiments.clone import ROOT, choose, clone_into, dvc

TASK = "author-fr"
ENTRY = f"catalogue/tasks/{TASK}.yaml"
BASELINE, TRANSFORMER = "bag-of-words", "transformer"
# How each encoder is fine-tuned: the English one as params.yaml has it for all tasks; the multilingual one has twice
# the layers, of which a decay of 0.85 a layer leaves the lower half nearly as it is, and a vocabulary of 100 languages.
ENCODERS: dict[str, dict[str, Any]] = {
    "all-minilm-l6-v2": {},
    "multilingual-e5-small": {
        "finetune.learning_rate": 1e-4,
        "finetune.layer_decay": 1.0,
        "finetune.adaptation.freeze_embeddings": True,
    },
}
# Four folds leave more speeches to validate on, five leave more to learn from.
DEALS = ({"test": 0.25, "validation": 0.12}, {"test": 0.2, "validation": 0.1})
TARGETS = [f"{stage}@{TASK}" for stage in ("tokenize", "decode", "validity")]


def language(source: Annotated[str, typer.Option(help="Address of the labelled speeches, with its pin.")] = "") -> None:
    """Run the chain for each encoder and fold, pools the folds, and writes what was found."""
    described = TaskSection.named(TASK)
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary, "clone")
        clone_into(clone)
        parts = []
        for deal in DEALS:
            for fold, (encoder, choices) in product(range(folds(deal["test"])), ENCODERS.items()):
                choose(clone, {**choices, **chosen(deal, fold, encoder, source)})
                dvc(clone, "repro", *TARGETS)
                parts.append(Part.read(clone, encoder, described))
    write_json(ROOT / "experiments" / "language.json", report(parts, described))


def chosen(deal: Mapping[str, float], fold: int, encoder: str, source: str) -> dict[str, Any]:
    """Return the choices of one run; the unlabelled speeches are left out, as nobody can be scored on them."""
    choices = {
        "tasks": [TASK],
        "languages": ["fr"],
        "collections": [],
        "approaches": [BASELINE, TRANSFORMER],
        "export.approaches": [],
        "stack.students": [],
        "encoder": encoder,
        **{f"{ENTRY}:split.{name}": share for name, share in deal.items()},
        f"{ENTRY}:split.fold": fold,
        f"{ENTRY}:reader.files": {"learn": "all"},
    }
    learn = {"kind": "url", "url": source, "name": "learn"}
    return {**choices, **({f"{ENTRY}:source": learn} if source else {})}


@dataclass(frozen=True, slots=True)
class Part:
    """One fold, predicted with one encoder."""

    encoder: str
    truth: np.ndarray  # (sentences,) class numbers
    groups: list[str]
    predicted: dict[str, Decoded]  # by `<approach>/<method>`
    tokens: dict[str, Any]  # what tokenization did to the training sentences
    controls: dict[str, Any]  # of the bag of words

    @classmethod
    def read(cls, clone: Path, encoder: str, described: Task) -> "Part":
        """Read what a run of the chain left in the clone."""
        columns = read_columns(clone / paths.corpus(TASK) / "test.parquet", ["id", "label", "group"])
        names = {TRANSFORMER: encoder, COMBINED: f"{encoder} + {BASELINE}", BASELINE: BASELINE}
        predicted = {}
        for method in described.decoding.methods:
            for line, name in names.items():
                found = read_predictions(
                    clone / paths.decoded(TASK) / method / line, "test", described.labels, columns["id"]
                )
                predicted[f"{name}/{method}"] = Decoded(found.prediction, found.probability)
        return cls(
            encoder,
            np.array([described.labels.index(label) for label in columns["label"]]),
            columns["group"],
            predicted,
            read_json(clone / paths.results("tokenize", TASK))["train"],
            read_json(clone / paths.results("validity", TASK, "controls")),
        )


def report(parts: list[Part], described: Task) -> dict[str, Any]:
    """Scores the sentences of all folds together, by speech, and gives the mean of the folds of each deal beside it."""
    last = len(described.labels) - 1
    counts = [folds(deal["test"]) for deal in DEALS]
    by_fold = [parts[start : start + len(ENCODERS)] for start in range(0, len(parts), len(ENCODERS))]
    folds_of = [found[0] for found in by_fold]  # what does not depend on the encoder
    truth = np.concatenate([part.truth for part in folds_of])
    speeches = [group for part in folds_of for group in part.groups]
    names = dict.fromkeys(name for part in parts for name in part.predicted)
    predicted = {
        name: [next(part.predicted[name] for part in found if name in part.predicted) for found in by_fold]
        for name in names
    }
    pooled = {
        name: Decoded(
            np.concatenate([one.prediction for one in found]), np.concatenate([one.probability for one in found])
        )
        for name, found in predicted.items()
    }
    groups = np.unique(speeches, return_inverse=True)[1]
    evaluation = Evaluation.of(Examples(described.labels, truth, groups), pooled, Evaluate.load())
    scores: dict[str, Any] = {}
    for name, found in predicted.items():
        approach, method = name.split("/")
        f1 = [
            every_measure(part.truth, one.prediction, one.probability)[f"f1.{last}"]
            for part, one in zip(folds_of, found, strict=True)
        ]
        tests = {"versus_none": f"{approach}/none", "versus_bag_of_words": f"{BASELINE}/{method}"}
        scores.setdefault(approach, {})[method] = {
            **evaluation.scores_of(name),
            "f1_by_fold": f1,
            "f1_mean_of_folds": [float(np.mean(deal)) for deal in np.split(f1, np.cumsum(counts)[:-1])],
            **{test: evaluation.compared(name, other) for test, other in tests.items() if other != name},
        }
    controls = {
        split: float(np.mean([part.controls[split]["as_it_is"]["f1"]["value"] for part in folds_of]))
        for split in ("own_split", "random_split")
    }
    once = np.concatenate([part.truth for part in folds_of[: counts[0]]])
    return {
        "rows": {"sentences": len(once), "speeches": len(set(speeches)), "rare": int((once == last).sum())},
        "folds": counts,
        "tokens": {part.encoder: part.tokens for part in parts[: len(ENCODERS)]},
        "scores": scores,
        "bag_of_words_f1_by_split": controls,
    }


if __name__ == "__main__":
    run(language)
