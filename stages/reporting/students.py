"""Distillation, as findings, tables and pictures."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stages.reporting.curves import trainings_picture
from stages.reporting.elements import Block, Finding, Part, Table
from stages.reporting.measured import measured, pictures_of
from stages.reporting.numbers import interval, many, signed

Found = Mapping[str, Any]


def students_part(task: str, title: str, exported: Sequence[str], folder: Path) -> Part:
    """Tells what students keep of their teachers on one task, where they drift, and what their exports lose.

    Args:
        task: its name.
        title: of the task.
        exported: the approaches that were.
        folder: for a picture of their trainings.
    """
    members = measured("evaluate", task, "generations")["members"]
    students = {name: one for name, one in members.items() if one["teacher"]}
    sizes = {name: measured("distill", task, name) for name in students}
    exports = {name: measured("export", task, name) for name in exported}
    blocks: list[Block] = [*pictures_of("generations", task), _kept(members, sizes)] if students else []
    if exports:
        blocks.append(_exported(exports))
    blocks.append(trainings_picture(folder, task, list(students)))
    return Part(title, [*_against_teachers(students), *_drift(students)], blocks)


def _against_teachers(students: Found) -> Iterator[Finding]:
    for name, one in sorted(students.items(), key=lambda student: -student[1]["sets"]["test"]["accuracy"]["value"]):
        home = one["sets"]["test"]
        difference = home["versus_teacher"]["accuracy_difference"]
        within = difference["low"] <= 0 <= difference["high"]
        yield Finding(
            f"{name}, taught by {one['teacher']}",
            "not told apart from its teacher" if within else "worse" if difference["value"] < 0 else "better",
            f"Accuracy {interval(home['accuracy'])}, against the teacher's {signed(difference)}; decides as its "
            f"teacher in {interval(home['agreement_with_teacher'])} of the texts.",
            not within,
        )


def _drift(students: Found) -> Iterator[Finding]:
    for name, one in students.items():
        worse = {
            place: lost["accuracy"] for place, lost in one.get("hidden", {}).items() if lost["accuracy"]["low"] > 0
        }
        if worse:
            yield Finding(
                f"What the test at home hides of {name}",
                f"it loses more on {', '.join(worse)}",
                "Beyond what it loses at home: "
                + ", ".join(f"{place} {signed(lost)}" for place, lost in worse.items())
                + ".",
            )


def _kept(members: Found, sizes: Mapping[str, Found]) -> Table:
    places = list(next(iter(members.values()))["sets"])
    return Table(
        ["model", "teacher", "parameters", *(f"accuracy on {place}" for place in places), "decides as the ancestor"],
        [
            [
                name,
                one["teacher"] or "",
                many(sizes[name]["parameters"]) if name in sizes else "",
                *(interval(one["sets"][place]["accuracy"]) for place in places),
                interval(one["sets"]["test"]["agreement_with_ancestor"]),
            ]
            for name, one in members.items()
        ],
        "What each generation keeps of the first teacher, at home and away from it.",
    )


def _exported(exports: Mapping[str, Found]) -> Table:
    return Table(
        ["8-bit export", "accuracy", "as it was", "difference", "decides alike", "megabytes", "of"],
        [
            [
                name,
                interval(one["int8"]["accuracy"]),
                interval(one["float"]["accuracy"]),
                signed(one["versus"]["accuracy_difference"]),
                f"{one['agreement']:.1%}",
                *(f"{one[kind]['bytes'] / 1e6:.1f}" for kind in ("int8", "float")),
            ]
            for name, one in exports.items()
        ],
        "The same models in 8 bits, to be run without PyTorch.",
    )
