"""A small project under Git and DVC, whose corpora, predictions and scores are made by hand."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from decortique.core import paths, settings
from decortique.core.files import write_json
from decortique.core.headlines import headline_of_evaluation, write_metrics
from decortique.core.tables import CORPUS, write_rows
from decortique.data.corpus import LabelledSplit, Row
from decortique.data.settings import TaskSection
from decortique.evaluation.scores import evaluate_rows, read_predicted
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable, write_predictions
from experiments.clone import set_params

ROOT = Path(__file__).parents[2]
TEXTS = 120
LABELS = {"opinion": ["negative", "positive"], "author": ["trump", "clinton"]}
CHAIN = """\
stages:
  prepare:
    matrix: {task: '${tasks}'}
    cmd: python -m stages.prepare
    params: [prepare, 'catalogue/tasks/${item.task}.yaml': [labels, split]]
    outs: ['data/corpus/${item.task}']
  predict:
    matrix: {task: '${tasks}'}
    cmd: python -m stages.predict
    params: [approaches, bag_of_words]
    deps: ['data/corpus/${item.task}', data/code/predict.txt]
    outs: ['data/predictions/${item.task}']
  evaluate:
    matrix: {task: '${tasks}'}
    cmd: python -m stages.evaluate
    params: [evaluate]
    deps: ['data/predictions/${item.task}']
    outs: ['data/results/evaluate/${item.task}']
    metrics: ['metrics/evaluate/${item.task}.json': {cache: false}]
  robustness:
    matrix: {task: '${tasks}'}
    cmd: python -m stages.robustness
    deps: ['data/predictions/${item.task}']
    metrics: ['metrics/robustness/${item.task}.json': {cache: false}]
"""


def run(*command: str) -> str:
    """Run a command in the working directory."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def start_project() -> None:
    """Make the working directory a project with nothing run."""
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    shutil.copytree(ROOT / "catalogue", "catalogue")
    choices = {
        "evaluate.resamples": 200,
        "collections": ["films"],
        "catalogue/tasks/author.yaml:decoding.measure": "f1",
    }
    set_params(Path(), choices)
    Path("dvc.yaml").write_text(CHAIN)
    Path(".gitignore").write_text("/data/\n/.cache/\n")
    run("git", "init", "--quiet", "--initial-branch=main")
    run("git", "config", "user.email", "test@example.com")
    run("git", "config", "user.name", "test")
    run("dvc", "init", "--quiet")


def write_corpus(task: str, texts: Mapping[int, str] | None = None, labels: Mapping[int, str] | None = None) -> None:
    """Write a test set whose labels alternate, in groups of ten texts; some texts and labels may be others."""
    rows = [
        Row(
            f"{task}-{number}",
            (texts or {}).get(number, f"text {number}"),
            (labels or {}).get(number, LABELS[task][number % 2]),
            None,
            f"group {number // 10}",
            number % 10,
        )
        for number in range(TEXTS)
    ]
    write_rows(paths.corpus(task) / "test.parquet", CORPUS, rows)


def write_answers(task: str, wrong: Mapping[str, range]) -> None:
    """Write the predictions of each approach, which errs on the texts of some numbers, and their scores."""
    rows = LabelledSplit.read(task, "test", LABELS[task], keep_groups=task == "author")
    shutil.rmtree(paths.DATA / "predictions" / task, ignore_errors=True)
    for approach, numbers in wrong.items():
        errs = np.isin(np.arange(TEXTS), numbers)
        prediction = np.where(errs, 1 - rows.truth, rows.truth)
        probability = np.where(np.arange(2) == prediction[:, None], 0.8, 0.2)
        table = PredictionTable(rows.ids, prediction, probability)
        write_predictions(paths.predictions(task, approach), "test", approach, LABELS[task], table)
    settings._validated.cache_clear()
    folders = {approach: paths.predictions(task, approach) for approach in wrong}
    evaluation = evaluate_rows(rows, read_predicted(rows, folders), Evaluate.load())
    scores = {**evaluation.scores(), "graded": {}, "decoded": {"none": {}}}
    write_json(paths.results("evaluate", task, "scores"), scores)
    write_json(paths.results("evaluate", task, "validation"), evaluation.scores())
    measure = TaskSection.named(task).decoding.measure
    write_metrics("evaluate", task, headline_of_evaluation(scores, evaluation.scores(), measure))
    write_metrics("robustness", task, {approach: {"flips_typos": len(of) / 1000} for approach, of in wrong.items()})


def keep(message: str, code: str, choices: Mapping[str, Any] | None = None) -> None:
    """Record what was made as what the stages made, with the code of the time, and commit it."""
    set_params(Path(), choices or {})
    paths.DATA.joinpath("code").mkdir(exist_ok=True)
    paths.DATA.joinpath("code", "predict.txt").write_text(code)
    run("dvc", "commit", "--force", "--quiet")
    run("git", "add", "--all")
    run("git", "commit", "--quiet", "--message", message)
