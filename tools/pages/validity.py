"""The tables and findings of docs/validity.md, those of the report in Markdown."""

from collections.abc import Iterable, Iterator
from typing import Any

from decortique.core.findings import Finding, Table
from decortique.diagnosis.doubts import audit_findings, deletion_table, explanation_findings, flip_findings, flips_table
from decortique.diagnosis.findings import (
    control_finding,
    gap_findings,
    people_table,
    published_finding,
    published_table,
    slice_findings,
    slices_table,
)
from tools.pages.showing import approaches, evaluation, experiment, measured, spread, table

TASKS, ALPHA = ("opinion", "author"), 0.05


def in_short() -> Iterator[str]:
    """Yields what was found of the task `opinion`, a line each."""
    found, scores = measured("evaluate", "opinion", "slices"), evaluation("opinion")
    names = approaches(scores)
    yield from lines(
        [
            *gap_findings(found, names, scores),
            *(one for one in slice_findings(found, names) if one.is_significant),
            *audit_findings(measured("validity", "opinion", "audit")),
            *explanation_findings(measured("explain", "opinion"), ALPHA),
            published_finding(found),
        ]
    )


def learning_curves() -> Iterator[str]:
    """Yields both approaches' accuracy by number of training texts."""
    found = experiment("learning_curves")
    for task, points in found["tasks"].items():
        yield f"Task `{task}`, {found['seeds']} samples and seeds of each size; in brackets, the least and the most."
        yield ""
        yield from table(
            ["training texts", "epochs", "bag-of-words", "transformer", "difference", "over texts", "over seeds"],
            (_point(point) for point in points),
        )
        yield ""
        pays = [point["size"] for point in points if _above(point)]
        yield (
            f"On `{task}` the transformer is more accurate by both intervals from {pays[0]} texts on."
            if pays and pays == [point["size"] for point in points[-len(pays) :]]
            else f"On `{task}` the transformer is more accurate by both intervals with "
            f"{', '.join(map(str, pays)) or 'no number of'} texts."
        )
        yield ""


def _point(point: dict[str, Any]) -> list[str]:
    difference = point["difference"]
    return [
        str(point["size"]),
        str(point["epochs"]),
        spread(point["bag-of-words"]),
        spread(point["transformer"]),
        f"{difference['value']:+.3f}",
        *(f"[{difference[over]['low']:+.3f}, {difference[over]['high']:+.3f}]" for over in ("texts", "seeds")),
    ]


def _above(point: dict[str, Any]) -> bool:
    return all(point["difference"][over]["low"] > 0 for over in ("texts", "seeds"))


def slices() -> Iterator[str]:
    """Yields accuracy part by part, and what it says."""
    for task in TASKS:
        found = measured("evaluate", task, "slices")
        names = approaches(evaluation(task))
        yield from shown(task, slice_findings(found, names), [slices_table(found, names, ALPHA)])


def people() -> Iterator[str]:
    """Yields how far people agree."""
    found, scores = measured("evaluate", "opinion", "slices"), evaluation("opinion")
    yield from shown("opinion", gap_findings(found, approaches(scores), scores), [people_table(found)])


def published() -> Iterator[str]:
    """Yields the published scores beside those found again."""
    found = measured("evaluate", "opinion", "slices")
    yield from shown("opinion", [published_finding(found)], [published_table(found)])


def audit() -> Iterator[str]:
    """Yields leaks and suspected labels."""
    for task in TASKS:
        audited, controls = measured("validity", task, "audit"), measured("validity", task, "controls")
        yield from shown(task, [*audit_findings(audited), control_finding(controls)], [])


def robustness() -> Iterator[str]:
    """Yields how many predictions flip."""
    for task in TASKS:
        found = measured("robustness", task)
        yield from shown(task, flip_findings(found, ALPHA), [flips_table(found, ALPHA)])


def explanations() -> Iterator[str]:
    """Yields whether explanations hold."""
    for task in TASKS:
        found = measured("explain", task)
        yield from shown(task, explanation_findings(found, ALPHA), [deletion_table(found)])


def shown(task: str, findings: Iterable[Finding], tables: Iterable[Table]) -> Iterator[str]:
    """Yields findings, and tables under their captions."""
    yield f"Task `{task}`:"
    yield ""
    yield from lines(findings)
    for one in tables:
        yield ""
        yield one.caption
        yield ""
        yield from table(
            list(one.heading),
            ([f"**{cell.text}**" if cell.strong else cell.text for cell in row] for row in one.cells),
        )
    yield ""


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yields findings as lines of a list."""
    return (finding.markdown for finding in findings)
