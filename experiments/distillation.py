"""What does distillation bring, where does it drift, and how few labels will do? Every answer with three seeds.

Students of `opinion`, each trained with every seed below, in a copy of the project:

- controls: the same student without a teacher, or without its teacher's weights to begin with;
- what is left out below: folded into the table of words, or simply gone;
- terms of the loss, one by one;
- rounds: through assistants of decreasing size, and repeated at equal size (born-again);
- distant supervision: what the transformer or VADER says of texts, and nothing else, by amount and by threshold; of the
  training sentences without their labels, and of reviews that neither has seen.

    python -m experiments.distillation

Models and decisions are kept in `.cache/experiments/distillation`, so that a run that was stopped goes on; remove that
folder to begin anew. Results: experiments/distillation.json and docs/distillation/, from which `make readme` writes the
tables.
"""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from pyarrow.parquet import read_table, write_table
from scipy.stats import t as student_t

from experiments.clone import ROOT, choose, clone_into, dvc
from stages.artifacts import paths
from stages.artifacts.files import new_file, read_json, write_json
from stages.artifacts.labelled import TRANSFER
from stages.command import run
from stages.decide import decide_on_examples
from stages.distill import distill
from stages.pictures.generations import draw_generations
from stages.settings.section import read_yaml
from stages.trace import trace

TASK, SEEDS = "opinion", (0, 1, 2)
WORK = Path(".cache") / "experiments" / "distillation"
TEACHER, LABELLERS = "transformer", ("transformer", "retrieved")
WORDS = {"weights": "teacher", "layers": [0]}  # its first layer, on the words as they are
LABELS_ALONE = [{"term": "labels", "weight": 1.0}]
SIZES, THRESHOLD = (1000, 8000), 0.9
EVERY = 4  # text of the transfer sets that is decided on

MEASURES = ("accuracy", "log_loss", "entropy", "overconfidence", "agreement_with_ancestor")
# What distillation brings, taken apart: a teacher or none, its weights, what it folds, pieces of texts, its inside.
COMPARED = [
    ("three", "three-alone"),
    ("one", "one-alone"),
    ("one", "one-words"),
    ("one", "one-hidden"),
    ("one", "one-from-encoder"),
    ("one-hidden", "one-alone"),
    ("one-hidden", "one-logits"),
    ("one-relations", "one-logits"),
    ("assistant-1", "one-hidden"),
    ("again-2", "again-1"),
]
LINES = [
    ("transformer", "three", "assistant-2", "assistant-1"),
    ("transformer", "one-hidden", "again-1", "again-2"),
]
NOTHING_ELSE: dict[str, Any] = {"export.approaches": [], "decode.combine": []}
Student = dict[str, Any]
Round = dict[str, Any]
log = logging.getLogger(__name__)


def students(described: Mapping[str, Student]) -> dict[str, Student]:
    """Gives the students of the experiment, made from those of params.yaml."""
    three, one, static = described["student"], described["student-1"], described["static"]
    # Without pieces of texts, which only a teacher can label.
    whole, plain, again = ({**student, "texts": {}} for student in (three, one, described["born-again"]))
    hard, soft = (_terms(three, name) for name in ("labels", "logits"))
    return {
        "three": three,
        "three-alone": _from(whole, "encoder", learns=LABELS_ALONE),
        "one": one,
        "one-alone": _from(plain, "encoder", learns=LABELS_ALONE),
        "one-words": {**one, "start": WORDS},
        "one-from-encoder": _from(one, "encoder"),
        "one-logits": {**plain, "learns": [*hard, *soft]},
        "one-hidden": plain,
        "one-relations": {**plain, "learns": [*hard, *soft, {"term": "relations", "weight": 100.0}]},
        "two": {**whole, "start": {"weights": "teacher", "layers": [0, 2]}},
        "last": {**plain, "start": {"weights": "teacher", "layers": [1], "embeddings": "states"}},
        "again": again,
        "static": static,
        **{f"train-{size}": _distant(plain, {"limit": size}) for size in SIZES},
        "train-sure": _distant(plain, {"limit": SIZES[-1], "threshold": THRESHOLD}),
        "pool": _distant(plain, {"train": False, "pool": True}),
    }


def _terms(student: Student, *names: str) -> list[dict[str, Any]]:
    return [term for term in student["learns"] if term["term"] in names]


def _from(student: Student, weights: str, **changes: Any) -> Student:
    """Begins with other weights."""
    return {**student, "start": {**student["start"], "weights": weights}, **changes}


def _distant(student: Student, texts: dict[str, Any]) -> Student:
    """Learns what a labeller says, and nothing else."""
    return _from(student, "encoder", learns=_terms(student, "logits"), texts=texts)


def rounds() -> Iterator[tuple[str, str, str]]:
    """Yields (name, student, teacher), each after its teacher; the seed is put behind the name."""
    for name in ("three", "three-alone", "one", "one-alone", "one-words", "one-from-encoder"):
        yield name, name, TEACHER
    for name in ("one-logits", "one-hidden", "one-relations"):
        yield name, name, TEACHER
    yield "static", "static", TEACHER
    yield "assistant-2", "two", "three"
    yield "assistant-1", "last", "assistant-2"
    yield "again-1", "again", "one-hidden"
    yield "again-2", "again", "again-1"
    for labeller in LABELLERS:
        for texts in (*(f"train-{size}" for size in SIZES), "train-sure", "pool"):
            yield f"{labeller}-{texts}", texts, labeller


def distillation() -> None:
    """Trains every student with every seed, and writes what was found."""
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
    trace(TASK)
    found = by_student(read_json(paths.metrics("trace", TASK))["members"])
    write_json(ROOT / "experiments" / "distillation.json", report(found, every))
    draw(ROOT / "docs" / "distillation" / "rounds.png", found)


def prepare(folder: Path) -> dict[str, Round]:
    """Gives the copy of the project the experiment's students and rounds, and makes what they learn from."""
    described = read_yaml(ROOT / "params.yaml")["students"]
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
    choices = {"students": {**described, **students(described)}, "rounds": every, "approaches": list(LABELLERS)}
    choose(folder, {"tasks": [TASK], **NOTHING_ELSE})
    dvc(folder, "repro", *(f"{stage}@{TASK}" for stage in ("tokenize", "finetune", "retrieve")))
    thin(folder / paths.corpus(TASK))
    choose(folder, {**choices, **NOTHING_ELSE, "compute.threads": 1})
    return every


def thin(corpus: Path) -> None:
    """Leaves some texts of the transfer sets: else the students would need as long to decide as to learn."""
    for path in corpus.glob(f"{TRANSFER}*.parquet"):
        table = read_table(path)
        with new_file(path) as temporary:
            write_table(table.take(list(range(0, table.num_rows, EVERY))), temporary)


def generations(every: Mapping[str, Round]) -> Iterator[list[str]]:
    """Yields the labellers, then those whose teachers are ready, until all were yielded."""
    yield list(LABELLERS)
    ready = set(LABELLERS)
    while len(ready) < len(every) + len(LABELLERS):
        names = [name for name, one in every.items() if name not in ready and one["teacher"] in ready]
        yield names
        ready.update(names)


def learn(name: str) -> str:
    """Trains one student and has it decide, unless it did so in an earlier run; a labeller only decides."""
    if name not in LABELLERS and not paths.metrics("distill", f"{TASK}/{name}").exists():
        distill(TASK, name)
    if not paths.decisions(TASK, name).exists():
        decide_on_examples(TASK, name)
    return name


def by_student(members: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Gives what was measured of each student, a list over seeds; of who taught them, a list of one."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, member in members.items():
        found.setdefault(re.sub(r"-s\d+$", "", name), []).append(member)
    return found


def report(found: Mapping[str, list[dict[str, Any]]], every: Mapping[str, Round]) -> dict[str, Any]:
    """Gives the means over seeds, and the differences that answer the questions."""
    texts = {name: read_json(paths.metrics("distill", f"{TASK}/{name}"))["texts"]["all"] for name in every}
    return {
        "seeds": len(SEEDS),
        "students": {
            name: {
                "teacher": re.sub(r"-s\d+$", "", seeds[0]["teacher"] or ""),
                "generation": seeds[0]["generation"],
                "texts": texts.get(f"{name}-s{SEEDS[0]}"),
                "sets": {
                    split: {measure: spread([one["sets"][split][measure] for one in seeds]) for measure in MEASURES}
                    for split in seeds[0]["sets"]
                },
            }
            for name, seeds in found.items()
        },
        "differences": {
            f"{first} - {second}": difference(accuracies(found[first]), accuracies(found[second]))
            for first, second in COMPARED
        },
    }


def accuracies(seeds: list[dict[str, Any]]) -> np.ndarray:
    """Gives (seeds,) accuracy on the test set."""
    return np.array([one["sets"]["test"]["accuracy"]["value"] for one in seeds])


def spread(scores: list[dict[str, float]]) -> dict[str, float]:
    """Gives the mean over seeds, and the least and the greatest value."""
    values = [score["value"] for score in scores]
    return {"value": float(np.mean(values)), "low": min(values), "high": max(values)}


def difference(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Gives the mean difference of two students over seeds, paired, with Student's interval of 95 %."""
    paired = first - second
    half = float(student_t.ppf(0.975, len(paired) - 1) * paired.std(ddof=1) / np.sqrt(len(paired)))
    mean = float(paired.mean())
    return {"value": mean, "low": mean - half, "high": mean + half}


def draw(path: Path, found: Mapping[str, list[dict[str, Any]]]) -> None:
    """Draws the two designs of rounds: means over seeds, bars from the least to the greatest."""
    points = [
        {
            "member": name,
            "teacher": line[place - 1] if place else "",
            "generation": place,
            "set": split,
            "measure": measure,
            **spread([one["sets"][split][measure] for one in found[name]]),
        }
        for line in LINES
        for place, name in enumerate(line)
        for split in found[name][0]["sets"]
        for measure in MEASURES
    ]
    draw_generations(path, points, list(LINES), 1.0)


if __name__ == "__main__":
    run(distillation)
