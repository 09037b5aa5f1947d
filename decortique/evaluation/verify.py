"""Whether a run on this machine reproduces the committed results.

Other processors change the last digits of weights, and so a few predictions: a number is reproduced where it lies in
the interval of the committed one, or where it has none, within a tolerance.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dvc.utils.flatten import flatten

from decortique.core import paths
from decortique.core.files import StageError, read_json
from decortique.core.findings import decimal, percent
from decortique.core.headlines import headline_of_evaluation
from decortique.core.tables import read_columns
from decortique.data.settings import TaskSection
from decortique.evaluation.versions import WORKSPACE, Version, change_lines, changes

Numbers = Mapping[str, float]

ROUNDING = 1e-4  # headline numbers have four decimals
METRICS = Path("metrics")


def verify(tolerance: float) -> Iterator[tuple[bool, str]]:
    """Yield for each file of `metrics/` whether its numbers are those of the last commit, and a line that says so.

    Raise a `StageError` where the workspace has other parameters than the commit, or did not run with them.
    """
    head, here = Version.named("HEAD"), Version.named(WORKSPACE)
    if changed := changes(head.parameters, here.parameters):
        raise StageError(
            f"parameters are not those of HEAD: {'; '.join(change_lines(changed))}: `git restore params.yaml catalogue`"
            " and `dvc repro` first; `decortique compare HEAD` is for changes that are meant"
        )
    if here.not_run:
        raise StageError(
            "the workspace did not run with its parameters: run `dvc repro` (`decortique why` names the stages)"
        )
    for stage in head.names(METRICS):
        for name in head.names(METRICS / stage):
            yield _question(head, stage, Path(name).stem, tolerance)


def _question(head: Version, stage: str, item: str, tolerance: float) -> tuple[bool, str]:
    path = paths.metrics(stage, item)
    committed, own = flatten(read_json(head.file(path))), flatten(read_json(path))
    limits = {name: (value - tolerance, value + tolerance) for name, value in committed.items()}
    how, problems = f"within {decimal(tolerance)} of the committed ones", list[str]()
    if stage == "evaluate":
        within, how = _intervals(head, item, committed)
        limits |= within
        agreement, problems = _agreement(head, item)
        how = f"{how}; {agreement}"
    for name, (low, high) in limits.items():
        if name not in own:
            problems.append(f"{name} is missing")
        elif not low - ROUNDING <= own[name] <= high + ROUNDING:
            problems.append(
                f"{name} is {decimal(own[name])}, and was {decimal(committed[name])} [{decimal(low)}, {decimal(high)}]"
            )
    problems += [f"{name} was not there" for name in own if name not in committed]
    answer = f"not reproduced: {'; '.join(problems)}" if problems else f"reproduced ({len(committed)} numbers {how})"
    return not problems, f"{stage} {item}: {answer}"


def _intervals(head: Version, task: str, committed: Numbers) -> tuple[dict[str, tuple[float, float]], str]:
    """Return the interval of each headline number of an evaluation, and which intervals these are.

    Where DVC's cache lacks those of the commit, the intervals of this run are shifted to the committed numbers.
    """
    try:
        low, _, high = _headlines(task, head)
    except (StageError, KeyError):  # a key: results of older code
        low, value, high = _headlines(task, Version.named(WORKSPACE))
        shift = {name: committed[name] - value[name] for name in committed.keys() & value}
        moved = {name: (low[name] + by, high[name] + by) for name, by in shift.items()}
        return moved, "within this run's intervals around the committed ones, whose own are not in DVC's cache"
    return {name: (low[name], high[name]) for name in committed.keys() & low}, "inside the committed intervals"


def _headlines(task: str, version: Version) -> list[Numbers]:
    """Return the headline numbers of an evaluation at the lower bounds, the values and the upper bounds."""
    scores, validation = (
        read_json(version.file(paths.results("evaluate", task, part))) for part in ("scores", "validation")
    )
    measure = TaskSection.named(task).decoding.measure
    return [
        flatten(headline_of_evaluation(_at(scores, bound), _at(validation, bound), measure))
        for bound in ("low", "value", "high")
    ]


def _at(results: Any, bound: str) -> Any:
    """Return results in which one bound stands for the value of each interval."""
    if not isinstance(results, dict):
        return results
    return {"value": results[bound]} if bound in results else {name: _at(one, bound) for name, one in results.items()}


def _agreement(head: Version, task: str) -> tuple[str, list[str]]:
    """Return how many predictions on the test set are the committed ones, and which are about other texts."""
    shares, own = {}, Version.named(WORKSPACE)
    for name in own.names(paths.DATA / "predictions" / task):
        path = paths.predictions(task, name) / "test.parquet"
        try:
            then, now = (read_columns(version.file(path), ["id", "prediction"]) for version in (head, own))
        except StageError:
            return "the committed predictions are not in DVC's cache", []
        if then["id"] != now["id"]:
            return "", [f"{path} is about other texts"]
        same = [one == other for one, other in zip(then["prediction"], now["prediction"], strict=True)]
        shares[name] = sum(same) / len(same)
    if min(shares.values()) == 1:
        return "all test predictions are the same", []
    least = min(shares, key=shares.__getitem__)
    return f"at least {percent(shares[least])} of the test predictions are the same ({least})", []
