"""Metrics of a small run, as the stages write them."""

from typing import Any

from decortique.core.settings import PARAMS
from decortique.data.settings import Task, TaskSection
from tests.pipeline.conftest import ROOT

BASELINE, BETTER, ALIKE = "words", "model", "twin"
APPROACHES = [BASELINE, BETTER, ALIKE]


def score(value: float, reach: float = 0.02) -> dict[str, float]:
    return {"value": value, "low": value - reach, "high": value + reach}


def scores(accuracy: float) -> dict[str, Any]:
    return {
        "accuracy": score(accuracy),
        "macro_f1": score(accuracy),
        "f1": {"negative": score(accuracy), "positive": score(accuracy)},
        "roc_auc": score(accuracy),
        "log_loss": score(0.5),
    }


def compared_to(difference: float, p: float) -> dict[str, Any]:
    return {
        "holm_p": p,
        "accuracy_difference": score(difference),
        "only_this_right": 30,
        "only_baseline_right": 10,
        "cohens_g": 0.25,
    }


def evaluated(*, p: float = 0.2) -> dict[str, Any]:
    """Return an evaluation: the first other approach is better, the second has the p-value that is asked for."""
    in_domain = {BASELINE: scores(0.8), BETTER: scores(0.9), ALIKE: scores(0.81)}
    versus = {BETTER: compared_to(0.1, 0.0001), ALIKE: compared_to(0.01, p)}
    return {
        **in_domain,
        "versus": versus,
        "retained": {},
        "graded": {},
        "transfer": {
            "tweets": {**in_domain, "versus": {BETTER: compared_to(-0.1, 0.0001), ALIKE: compared_to(0.01, p)}}
        },
        "decoded": {"none": {}},
    }


def described(name: str = "opinion") -> Task:
    return TaskSection.named(name, ROOT / PARAMS)
