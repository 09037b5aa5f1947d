"""What does distillation bring, where does it drift, and how few labels will do? Every answer with three seeds.

Students of `opinion`, each trained with every seed below, in a copy of the project:

- controls: the same student without a teacher, or without its teacher's weights to begin with;
- what is left out below: folded into the table of words, or simply gone;
- terms of the loss, one by one;
- narrower students, that begin at random or from a projection of their teacher;
- rounds: through assistants of decreasing size, and repeated at equal size (born-again);
- distant supervision: what the transformer or VADER says of texts, and nothing else, by amount and by threshold; of the
  training sentences without their labels, and of reviews that neither has seen.

    python -m experiments.distillation

Models and predictions are kept in `.cache/experiments/distillation`, so that a run that was stopped resumes; remove it
to begin again. Results are in experiments/distillation.json and docs/distillation/; `make readme` writes the tables.
"""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from pyarrow.parquet import read_table, write_table

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_file, read_json, write_json
from decortique.core.measures import SMALLEST
from decortique.core.settings import Approaches, Compute, read_yaml
from decortique.data.corpus import TRANSFER, LabelledSplit, held_out
from decortique.data.settings import TaskSection
from decortique.distillation.settings import Rounds
from decortique.evaluation.generations import trace_families, traced
from decortique.evaluation.plots import draw_generations
from decortique.evaluation.settings import Evaluate
from decortique.models.loading import predict_splits
from decortique.models.predictions import read_predictions
from experiments.clone import ROOT, choose, clone_into, dvc
from experiments.several_seeds import difference, spread
from stages.distill import distill

TASK, SEEDS = "opinion", (0, 1, 2)
WORK = Path(".cache") / "experiments" / "distillation"
TEACHER, LABELLERS = "transformer", ("transformer", "off-the-shelf")
WORDS = {"weights": "teacher", "layers": [0]}  # its first layer, on the words as they are
NARROW = {"layers": [0, 2, 4], "width": 192}  # half as wide as its teacher
LABELS_ALONE = [{"term": "labels", "weight": 1.0}]
SURE = {"threshold": 0.8}  # the transformer was trained on shades of opinion, and is seldom more confident
# What students read of which a labeller says what it thinks, and epochs for each labeller: all learn from about 16 000
# texts, so that who has few repeats them, and a learning curve compares texts, not steps.
FROM_AFAR: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "train-500": ({"limit": 500}, {"transformer": 32, "off-the-shelf": 32}),
    "train-2000": ({"limit": 2000}, {"transformer": 8, "off-the-shelf": 8}),
    "train-8000": ({"limit": 8000}, {"transformer": 2, "off-the-shelf": 2}),
    "train-8000-sure": ({"limit": 8000, **SURE}, {"transformer": 3, "off-the-shelf": 6}),
    "pool": ({"train": False, "pool": True}, {"transformer": 7, "off-the-shelf": 7}),
    "pool-sure": ({"train": False, "pool": True, **SURE}, {"transformer": 12, "off-the-shelf": 21}),
}
EVERY = 4  # text of the transfer sets that is predicted

MEASURES = ("accuracy", "log_loss", "entropy", "overconfidence", "agreement_with_ancestor")
# What distillation brings, taken apart: a teacher or none, its weights, what it folds, pieces of texts, its inside.
COMPARED = [
    ("three", "three-alone"),
    ("three", "three-alone-longer"),
    ("three", "three-from-encoder"),
    ("one", "one-alone"),
    ("one", "one-words"),
    ("one", "one-hidden"),
    ("one", "one-from-encoder"),
    ("one", "static"),
    ("one-hidden", "one-alone"),
    *((f"one-{term}", "one-logits") for term in ("hidden", "attention", "relations")),
    ("narrow-svd", "narrow-random"),
    ("assistant-1", "one-hidden"),
    ("again-1", "one-hidden"),
    ("again-2", "again-1"),
]
LINES = [
    ("transformer", "three", "assistant-2", "assistant-1"),
    ("transformer", "one-hidden", "again-1", "again-2"),
]
NOTHING_ELSE: dict[str, Any] = {"collections": [], "export.approaches": [], "stack.students": [], "decode.combine": []}
Student = dict[str, Any]
Round = dict[str, Any]
log = logging.getLogger(__name__)


def students(described: Mapping[str, Student]) -> dict[str, Student]:
    """Return the students of the experiment, made from those of the catalogue."""
    three, one, static = described["student"], described["student-1"], described["static"]
    # Without pieces of texts, which only a teacher can label.
    whole, plain, again = ({**student, "texts": {}} for student in (three, one, described["born-again"]))
    hard, soft = (_terms(three, name) for name in ("labels", "logits"))
    return {
        "three": three,
        "three-alone": _from(whole, "encoder", loss=LABELS_ALONE),
        # As many steps as those take who read pieces of texts too.
        "three-alone-longer": _from(whole, "encoder", loss=LABELS_ALONE, training={"num_train_epochs": 6}),
        "three-from-encoder": _from(three, "encoder"),
        "one": one,
        "one-alone": _from(plain, "encoder", loss=LABELS_ALONE),
        "one-words": {**one, "start": WORDS},
        "one-from-encoder": _from(one, "encoder"),
        "one-logits": {**plain, "loss": [*hard, *soft]},
        "one-hidden": plain,
        "one-attention": {**plain, "loss": [*hard, *soft, {"term": "attention", "weight": 1.0}]},
        "one-relations": {**plain, "loss": [*hard, *soft, {"term": "relations", "weight": 100.0}]},
        "narrow-random": {**whole, "start": {**NARROW, "weights": "random"}},
        "narrow-svd": {**whole, "start": {**NARROW, "weights": "svd"}},
        "two": {**whole, "start": {"weights": "teacher", "layers": [0, 2]}},
        "last": {**plain, "start": {"weights": "teacher", "layers": [1], "embeddings": "states"}},
        "again": again,
        "static": static,
        **{
            f"{labeller}-{name}": _from_afar(plain, texts, epochs[labeller])
            for name, (texts, epochs) in FROM_AFAR.items()
            for labeller in LABELLERS
        },
    }


def _terms(student: Student, *names: str) -> list[dict[str, Any]]:
    return [term for term in student["loss"] if term["term"] in names]


def _from(student: Student, weights: str, **changes: Any) -> Student:
    """Begins with other weights."""
    return {**student, "start": {**student["start"], "weights": weights}, **changes}


def _from_afar(student: Student, texts: dict[str, Any], epochs: int) -> Student:
    """Learns what a labeller says, and nothing else."""
    training = {**student["training"], "num_train_epochs": epochs}
    return _from(student, "encoder", loss=_terms(student, "logits"), texts=texts, training=training)


def rounds() -> Iterator[tuple[str, str, str]]:
    """Yield (name, student, teacher), each after its teacher; the seed is put behind the name."""
    for name in ("three", "three-alone", "three-alone-longer", "three-from-encoder"):
        yield name, name, TEACHER
    for name in ("one", "one-alone", "one-words", "one-from-encoder"):
        yield name, name, TEACHER
    for name in ("one-logits", "one-hidden", "one-attention", "one-relations", "narrow-random", "narrow-svd", "static"):
        yield name, name, TEACHER
    yield "assistant-2", "two", "three"
    yield "assistant-1", "last", "assistant-2"
    yield "again-1", "again", "one-hidden"
    yield "again-2", "again", "again-1"
    for labeller in LABELLERS:
        for texts in FROM_AFAR:
            yield f"{labeller}-{texts}", f"{labeller}-{texts}", labeller


def distillation() -> None:
    """Train every student with every seed, and writes what was found."""
    folder = ROOT / WORK
    if not folder.exists():
        clone_into(folder)
    every = prepare(folder)
    os.chdir(folder)
    # Trainings of one thread each, side by side: a small model leaves a second one idle for half of the time.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as workers:
        for generation in generations(every):
            for name in workers.map(learn, generation):
                log.info("%s is done", name)
    names, described = [*Approaches.load().root, *Rounds.load().of(TASK)], TaskSection.named(TASK)
    sets = {
        name: LabelledSplit.read(TASK, split, described.labels, keep_groups=described.split.keep_groups)
        for name, split in held_out(TASK).items()
    }
    _, followed = trace_families(TASK, names, sets, Evaluate.load())
    found = by_student(traced(followed))
    write_json(ROOT / "experiments" / "distillation.json", report(found, every))
    draw(ROOT / "docs" / "distillation" / "rounds.png", found)


def prepare(folder: Path) -> dict[str, Round]:
    """Return the copy of the project the experiment's students and rounds, and makes what they learn from."""
    described = {path.stem: read_yaml(path) for path in (ROOT / "catalogue" / "students").glob("*.yaml")}
    every = {
        f"{name}-s{seed}": {
            "task": TASK,
            "teacher": teacher if teacher in LABELLERS else f"{teacher}-s{seed}",
            "student": student,
            "seed": seed,
        }
        for seed in SEEDS
        for name, student, teacher in rounds()
    }
    own = {f"catalogue/students/{name}.yaml:": student for name, student in students(described).items()}
    choices = {**own, "rounds": every, "approaches": list(LABELLERS)}
    choose(folder, {"tasks": [TASK], **NOTHING_ELSE})
    dvc(folder, "repro", *(f"{stage}@{TASK}" for stage in ("tokenize", "finetune", "off_the_shelf")))
    thin(folder / paths.corpus(TASK))
    choose(folder, {**choices, **NOTHING_ELSE, "compute.threads": 1})
    return every


def thin(corpus: Path) -> None:
    """Leave some texts of the transfer sets: else the students would need as long to predict as to learn."""
    for path in corpus.glob(f"{TRANSFER}*.parquet"):
        table = read_table(path)
        with new_file(path) as temporary:
            write_table(table.take(list(range(0, table.num_rows, EVERY))), temporary)


def generations(every: Mapping[str, Round]) -> Iterator[list[str]]:
    """Yield the labellers, then those whose teachers are ready, until all were yielded."""
    yield list(LABELLERS)
    ready = set(LABELLERS)
    while len(ready) < len(every) + len(LABELLERS):
        names = [name for name, one in every.items() if name not in ready and one["teacher"] in ready]
        yield names
        ready.update(names)


def learn(name: str) -> str:
    """Train one student and has it predict, unless it did so in an earlier run; a labeller only predicts."""
    if name not in LABELLERS and not paths.results("distill", f"{TASK}/{name}").exists():
        distill(TASK, name)
    if not paths.predictions(TASK, name).exists():
        labels, compute = TaskSection.named(TASK).labels, Compute.load()
        predict_splits(TASK, name, paths.predictions(TASK, name), labels, compute)
    return name


def by_student(members: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return what was measured of each student, a list over seeds; of who taught them, a list of one."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, member in members.items():
        found.setdefault(re.sub(r"-s\d+$", "", name), []).append(member)
    return found


def report(found: Mapping[str, list[dict[str, Any]]], every: Mapping[str, Round]) -> dict[str, Any]:
    """Return the means over seeds, and the differences that answer the questions."""
    texts = {name: read_json(paths.results("distill", f"{TASK}/{name}"))["texts"]["all"] for name in every}
    return {
        "seeds": len(SEEDS),
        "students": {
            name: {
                "teacher": re.sub(r"-s\d+$", "", seeds[0]["teacher"] or ""),
                "generation": seeds[0]["generation"],
                "texts": texts.get(f"{name}-s{SEEDS[0]}"),
                "sets": {
                    split: {measure: spread(values(seeds, split, measure)) for measure in MEASURES}
                    for split in seeds[0]["sets"]
                },
            }
            for name, seeds in found.items()
        },
        "differences": {
            f"{first} - {second}": {name: differences(rows, first, second) for name, rows in held_out_rows().items()}
            for first, second in COMPARED
        },
    }


@cache
def held_out_rows() -> dict[str, LabelledSplit]:
    """Return the test set and those of other sources."""
    labels = TaskSection.named(TASK).labels
    return {name: LabelledSplit.read(TASK, split, labels, keep_groups=False) for name, split in held_out(TASK).items()}


def differences(rows: LabelledSplit, first: str, second: str) -> dict[str, Any]:
    """Compare two students on the same texts, seed by seed."""
    of_first, of_second = by_text(rows, first), by_text(rows, second)
    return {measure: difference(of_first[measure] - of_second[measure]) for measure in of_first}


def by_text(rows: LabelledSplit, student: str) -> dict[str, np.ndarray]:
    """Return (seeds, texts) of what makes up each measure."""
    folders = [paths.predictions(TASK, f"{student}-s{seed}") for seed in SEEDS]
    seeds = [read_predictions(folder, rows.split, rows.labels, rows.ids) for folder in folders]
    of_truth = np.stack([one.probability[np.arange(len(rows.ids)), rows.truth] for one in seeds])
    return {
        "accuracy": np.stack([one.prediction == rows.truth for one in seeds]).astype(float),
        "log_loss": -np.log(np.maximum(of_truth, SMALLEST)),
    }


def values(seeds: list[dict[str, Any]], split: str, measure: str) -> list[float]:
    """Return what was measured of each seed."""
    return [one["sets"][split][measure]["value"] for one in seeds]


def draw(path: Path, found: Mapping[str, list[dict[str, Any]]]) -> None:
    """Draw the two designs of rounds: means over seeds, bars from the least to the greatest."""
    points = [
        {
            "member": name,
            "teacher": line[place - 1] if place else "",
            "generation": place,
            "set": split,
            "measure": measure,
            **spread(values(found[name], split, measure)),
        }
        for line in LINES
        for place, name in enumerate(line)
        for split in found[name][0]["sets"]
        for measure in MEASURES
    ]
    draw_generations(path, points, list(LINES), f"from the least to the greatest of {len(SEEDS)} seeds")


if __name__ == "__main__":
    run(distillation)
