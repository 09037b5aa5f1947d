"""Students and their teachers, as findings, tables and pictures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from decortique.core.findings import (
    Block,
    Finding,
    Part,
    Picture,
    Table,
    decimal,
    excludes_zero,
    interval,
    measured,
    percent,
    pictures,
    signed,
    thousands,
)
from decortique.models.settings import STACKED

Results = Mapping[str, Any]

CAPTIONS = {
    "generations/generations": "From generation to generation: accuracy, agreement with the first teacher, and entropy."
}


def students_of(task: str) -> list[str]:
    """Return the approaches of a task that a teacher trained: a stack only holds one."""
    return [name for name in _students(measured("evaluate", task, "generations")["members"]) if name != STACKED]


def _students(members: Results) -> dict[str, Results]:
    return {name: one for name, one in members.items() if one["teacher"]}


def students_part(task: str, title: str, exported: Sequence[str], trainings: Picture) -> Part:
    """Return how students compare with their teachers on one task, what they lose elsewhere, and what exports lose."""
    members = measured("evaluate", task, "generations")["members"]
    students = _students(members)
    sizes = {name: measured("distill", task, name)["parameters"] for name in students_of(task)}
    exports = {name: measured("export", task, name) for name in exported}
    blocks: list[Block] = []
    if students:
        blocks += [*pictures("evaluate", task, CAPTIONS), generations_table(members, sizes)]
    if exports:
        blocks.append(exports_table(exports))
    return Part(title, [*_against_teachers(students), *_hidden_losses(students)], [*blocks, trainings])


def _against_teachers(students: Results) -> Iterator[Finding]:
    for name, one in sorted(students.items(), key=lambda student: -student[1]["sets"]["test"]["accuracy"]["value"]):
        test = one["sets"]["test"]
        difference = test["versus_teacher"]["accuracy_difference"]
        verdict = "worse" if difference["value"] < 0 else "better"
        yield Finding(
            f"{name}, compared with its teacher {one['teacher']}",
            verdict if excludes_zero(difference) else "no significant difference",
            f"Accuracy {interval(test['accuracy'])}; difference from its teacher {signed(difference)}; predicts as its "
            f"teacher in {interval(test['agreement_with_teacher'])} of the texts.",
            excludes_zero(difference),
        )


def _hidden_losses(students: Results) -> Iterator[Finding]:
    """Yield the students whose loss of accuracy out of domain is larger than the test set shows."""
    for name, one in students.items():
        losses = {
            split: lost["accuracy"] for split, lost in one.get("hidden", {}).items() if lost["accuracy"]["low"] > 0
        }
        if losses:
            yield Finding(
                f"What the test set hides of {name}",
                f"it loses more on {', '.join(losses)}",
                "Beyond what it loses in domain: "
                + ", ".join(f"{split} {signed(lost)}" for split, lost in losses.items())
                + ".",
            )


def generations_table(members: Results, sizes: Mapping[str, int]) -> Table:
    """Return each model of a chain of teachers and students; `sizes` are numbers of parameters of students."""
    sets = list(next(iter(members.values()))["sets"])
    return Table(
        ["model", "teacher", "parameters", *(f"accuracy on {name}" for name in sets), "predicts as the first teacher"],
        [
            [
                name,
                one["teacher"] or "",
                thousands(sizes[name]) if name in sizes else "",
                *(interval(one["sets"][split]["accuracy"]) for split in sets),
                interval(one["sets"]["test"]["agreement_with_ancestor"]),
            ]
            for name, one in members.items()
        ],
        "What each generation keeps of the first teacher, in domain (test) and out of domain.",
    )


def exports_table(exports: Mapping[str, Results]) -> Table:
    """Return exported models beside the originals."""
    return Table(
        ["8-bit export", "accuracy", "original", "difference", "same prediction", "megabytes", "original"],
        [
            [
                name,
                interval(one["int8"]["accuracy"]),
                interval(one["float"]["accuracy"]),
                signed(one["versus"]["accuracy_difference"]),
                percent(one["agreement"]),
                *(decimal(one[kind]["bytes"] / 1e6, 1) for kind in ("int8", "float")),
            ]
            for name, one in exports.items()
        ],
        "The same models in 8 bits, which run without PyTorch.",
    )
