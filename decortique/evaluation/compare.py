"""Two versions of the project compared: which parameters differ, and whether predictions became better or worse.

Both are scored on the test texts that they share, and tested as approaches of one run are.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any, Literal

import numpy as np

from decortique.core import paths
from decortique.core.files import StageError
from decortique.core.findings import Cell, Table, decimal, format_p, is_significant, percent, signed, thousands
from decortique.core.settings import PARAMS, read_yaml
from decortique.core.tables import read_columns, read_metadata
from decortique.data.settings import TaskSection
from decortique.evaluation.paired_tests import with_holm
from decortique.evaluation.scores import Evaluation, Examples
from decortique.evaluation.settings import Evaluate
from decortique.evaluation.versions import Version, change_lines, changes
from decortique.models.predictions import PredictionTable, read_predictions

Report = Mapping[str, Any]
Texts = Mapping[str, list[Any]]  # column → values
Format = Literal["table", "markdown", "json"]

SIDES = ("a", "b")
WIDTH = 100  # characters of a line of the terminal


def compare(first: Version, second: Version, only: Sequence[str] = ()) -> Report:
    """Compare the predictions of two versions on each task that both have, or on `only` some.

    P-values are corrected for the number of approaches on all these tasks. Raise a `StageError` where nothing can be
    compared.
    """
    versions, settings = dict(zip(SIDES, (first, second), strict=True)), Evaluate.load()
    tasks = {side: read_yaml(version.file(PARAMS)).get("tasks", []) for side, version in versions.items()}
    both = [task for task in tasks["b"] if task in tasks["a"]]
    if unknown := [task for task in only if task not in both]:
        raise StageError(f"the task {unknown[0]!r} is not in both (there are: {', '.join(both) or 'none'})")
    if not both:
        raise StageError(f"no task is in both (A: {', '.join(tasks['a']) or 'none'}; B: {', '.join(tasks['b'])})")
    compared = {task: _compare_task(task, versions, settings) for task in only or both}
    tests = {(task, name): test for task, one in compared.items() for name, test in one["approaches"].items()}
    for (task, name), test in with_holm(tests).items():
        compared[task]["approaches"][name] = {**test, "verdict": _verdict(test, round(1 - settings.confidence, 9))}
    changed, code = changes(first.recorded, second.recorded), {side: one.code for side, one in versions.items()}
    return {
        **{side: {"title": one.title, "commit": one.commit, "not_run": one.not_run} for side, one in versions.items()},
        "parameters": {
            key: {side: value for side, value in zip(SIDES, values, strict=True) if value is not ...}
            for key, values in changed.items()
        },
        "changed_code": [name for name, one in code["b"].items() if code["a"].get(name, one) != one],
        "only_tasks": _only(tasks),
        "confidence": settings.confidence,
        "tasks": compared,
    }


def _verdict(test: Report, alpha: float) -> str:
    if not is_significant(test, alpha):
        return "no significant difference"
    return "gained" if test["accuracy_difference"]["value"] > 0 else "lost"


def _only(names: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return for each side what the other one does not have."""
    both = set.intersection(*map(set, names.values()))
    return {side: [name for name in one if name not in both] for side, one in names.items()}


def _compare_task(task: str, versions: Mapping[str, Version], settings: Evaluate) -> dict[str, Any]:
    columns = ["id", "text", "label", "group"]
    corpora = {side: version.file(paths.corpus(task) / "test.parquet") for side, version in versions.items()}
    texts = {side: read_columns(corpus, columns) for side, corpus in corpora.items()}
    rows, counts = _common_rows(texts)
    if not counts["same"]:
        raise StageError(
            f"{task}: of {counts['a']} test texts in A and {counts['b']} in B, none is the same, with the same id and"
            " label, so nothing can be compared: choose other tasks with --task"
        )
    names = {side: version.names(paths.DATA / "predictions" / task) for side, version in versions.items()}
    if not (shared := [name for name in names["b"] if name in names["a"]]):
        raise StageError(f"{task}: no approach is in both (A: {', '.join(names['a'])}; B: {', '.join(names['b'])})")
    read = {
        f"{side}/{name}": _read(version, task, name, texts[side]["id"])
        for side, version in versions.items()
        for name in shared
    }
    labels = {side: read[f"{side}/{shared[0]}"][0] for side in SIDES}
    numbers = {label: number for number, label in enumerate(dict.fromkeys([*labels["b"], *labels["a"]]))}
    predicted = {name: _of_rows(rows[name[0]], numbers, *one) for name, one in read.items()}
    described = read_yaml(versions["b"].file(TaskSection.file(task)))
    truth = np.array([numbers[texts["b"]["label"][row]] for row in rows["b"]])
    groups = np.unique([texts["b"]["group"][row] for row in rows["b"]], return_inverse=True)[1]
    examples = Examples(list(numbers), truth, groups if described["split"]["keep_groups"] else None)
    evaluation = Evaluation.of(examples, predicted, settings)
    return {
        "texts": counts,
        "groups": None if examples.groups is None else int(groups.max()) + 1,
        "measure": "f1" if described["decoding"]["measure"] == "f1" else "macro_f1",
        "labels": examples.labels,
        "only_approaches": _only(names),
        "only_labels": _only(labels),
        "approaches": {
            name: {
                **{side: evaluation.scores_of(f"{side}/{name}") for side in SIDES},
                **evaluation.compared(f"b/{name}", f"a/{name}"),
            }
            for name in shared
        },
    }


def _common_rows(texts: Mapping[str, Texts]) -> tuple[dict[str, list[int]], dict[str, int]]:
    """Return by side the row numbers of the texts that are the same in both, and counts of how the test sets differ."""
    a, b = ({name: row for row, name in enumerate(texts[side]["id"])} for side in SIDES)
    pairs = [(a[name], row) for name, row in b.items() if name in a]
    other_text, other_label = (
        {(one, other) for one, other in pairs if texts["a"][column][one] != texts["b"][column][other]}
        for column in ("text", "label")
    )
    same = [pair for pair in pairs if pair not in other_text | other_label]
    counts = {"a": len(a), "b": len(b), "same": len(same), "other_text": len(other_text)}
    rows = {"a": [one for one, _ in same], "b": [other for _, other in same]}
    return rows, {**counts, "other_label": len(other_label - other_text)}


def _read(version: Version, task: str, approach: str, ids: Sequence[str]) -> tuple[list[str], PredictionTable]:
    """Return the labels that an approach predicts, and its predictions on the test set."""
    path = version.file(paths.predictions(task, approach) / "test.parquet")
    labels = read_metadata(path)["labels"]
    return labels, read_predictions(path.parent, "test", labels, ids)


def _of_rows(
    rows: Sequence[int], numbers: Mapping[str, int], labels: Sequence[str], table: PredictionTable
) -> PredictionTable:
    """Return the predictions on some rows; class numbers are `numbers`, where those of the table are of `labels`."""
    order, probability = np.array([numbers[label] for label in labels]), np.zeros((len(rows), len(numbers)))
    probability[:, order] = table.probability[rows]
    return PredictionTable([table.ids[row] for row in rows], order[table.prediction[rows]], probability)


def rendered(report: Report, form: Format) -> str:
    """Return a comparison as text for the terminal, as Markdown, or as JSON with the numbers as they are."""
    if form == "json":
        return json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    return "\n".join(_lines(report, is_markdown=form == "markdown"))


def _lines(report: Report, *, is_markdown: bool) -> Iterator[str]:
    yield f"A: {report['a']['title']}; B: {report['b']['title']}"
    if changed := {key: (one.get("a", ...), one.get("b", ...)) for key, one in report["parameters"].items()}:
        yield from ["", "Parameters of the two runs that differ, A → B:", *[""] * is_markdown]
        yield from (f"{'-' if is_markdown else ' '} {line}" for line in change_lines(changed))
    else:
        yield from ["", "Both ran with the same parameters."]
    notes = list(_notes(report))
    yield from [""] * bool(notes)
    for note in notes:
        yield from [f"- {note}"] if is_markdown else wrap(note, WIDTH, subsequent_indent="  ")
    for task, one in report["tasks"].items():
        table = _table(task, one)
        yield from ["", *([table.markdown] if is_markdown else [table.caption, *aligned(table)])]
    tests = sum(len(one["approaches"]) for one in report["tasks"].values())
    yield from ["", f"Differences are B − A, with {percent(report['confidence'], 0)} bootstrap intervals."]
    yield f"p is about accuracy, corrected for the number of comparisons ({tests}) by Holm."


def _notes(report: Report) -> Iterator[str]:
    if stages := report["changed_code"]:
        yield f"Stages whose code differs: {', '.join(stages)}."
    for side in SIDES:
        title = report[side]["title"]
        if stages := report[side]["not_run"]:
            yield (
                f"{title} has results that are older than its parameters: those of {', '.join(stages)} (`dvc repro`"
                " makes them anew)."
            )
        if tasks := report["only_tasks"][side]:
            yield f"Only {title} has the tasks: {', '.join(tasks)}."
        for task, one in report["tasks"].items():
            for kind in ("approaches", "labels"):
                if names := one[f"only_{kind}"][side]:
                    yield f"{task}: only {title} has the {kind}: {', '.join(names)}."
    for task, one in report["tasks"].items():
        counts = {name: thousands(count) for name, count in one["texts"].items()}
        if len({counts["a"], counts["b"], counts["same"]}) > 1:
            yield (
                f"{task}: the test sets differ. Of {counts['a']} texts in A and {counts['b']} in B, {counts['same']}"
                f" are the same and compared; {counts['other_text']} have another text under their id,"
                f" {counts['other_label']} another label."
            )


def _table(task: str, one: Report) -> Table:
    test = f"permutation test over {thousands(one['groups'])} groups" if one["groups"] else "McNemar's test"
    last, measure = one["labels"][-1], one["measure"]
    rows: list[list[Cell | str]] = []
    for name, test_of in one["approaches"].items():
        verdict = Cell(test_of["verdict"], test_of["verdict"] in {"gained", "lost"})
        rows.append([name, "accuracy", *_values(test_of, "accuracy", last), format_p(test_of["holm_p"]), verdict])
        title = f"F1 of {last}" if measure == "f1" else "macro-F1"
        rows.append(["", title, *_values(test_of, measure, last), "", ""])
    heading = ["approach", "measure", "A", "B", "difference", "p", "verdict"]
    return Table(heading, rows, f"{task}: {thousands(one['texts']['same'])} test texts, {test}")


def _values(test: Report, measure: str, last: str) -> list[str]:
    """Return a measure of A, of B, and the difference."""
    scores = [test[side]["f1"][last] if measure == "f1" else test[side][measure] for side in SIDES]
    return [*(decimal(score["value"]) for score in scores), signed(test[f"{measure}_difference"])]


def aligned(table: Table) -> Iterator[str]:
    """Yield a table as lines of aligned columns; the last column is wrapped where lines would be too long."""
    rows = [list(table.heading), *([cell.text for cell in row] for row in table.cells)]
    *sizes, last = (max(map(len, column)) for column in zip(*rows, strict=True))
    space = min(last, max(WIDTH - sum(sizes) - 2 * len(sizes), 10))
    for *cells, text in rows:
        start = "".join(f"{cell:{size}}  " for cell, size in zip(cells, sizes, strict=True))
        for number, line in enumerate(wrap(text, space) or [""]):
            yield f"{' ' * len(start) if number else start}{line}".rstrip()
