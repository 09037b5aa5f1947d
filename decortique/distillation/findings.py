"""The dissected transformer and its students, as findings, tables and pictures."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from decortique.core.findings import Block, Finding, Part, Table, interval, many, measured, pictures_of, signed
from decortique.evaluation.findings import trainings_picture

Found = Mapping[str, Any]


def anatomy_part(task: str, title: str) -> Part:
    """Tells what the transformer of a task consists of, and what its tokenizer makes of the texts."""
    dissected, tokens = measured("dissect", task), measured("tokenize", task)
    parameters, test = dissected["parameters"], tokens["test"]
    share = parameters["decision"] / parameters["total"]
    findings = [
        Finding(
            "Where its parameters are",
            f"{share:.1%} of them predict, the rest is the trunk",
            f"{many(parameters['total'])} in all, {many(parameters['trunk'])} of them in the trunk.",
        ),
        Finding(
            "What the tokenizer makes of the texts",
            f"{test['fertility']:.2f} tokens a word, {test['truncated']:.1%} of the texts cut off",
            f"Of the {test['texts']} test texts, half have {test['length']['p50']} tokens or fewer, the longest "
            f"{test['length']['p100']}; {test['padding']:.0%} of the stored tokens are padding, which the models "
            "strip.",
        ),
    ]
    return Part(title, findings, [*pictures_of("dissect", task), _steps(dissected), _sentences(dissected)])


def _steps(found: Found) -> Table:
    return Table(
        ["step", "computed by", "takes", "gives", "parameters"],
        [
            [name, one["module"], str(one["input"]), str(one["output"]), many(one["parameters"])]
            for name, one in found["steps"].items()
        ],
        "From text to prediction: shapes are texts × tokens × width. Above the trunk, each prediction starts anew from "
        "what the last block gives.",
        folded=True,
    )


def _sentences(found: Found) -> Table:
    return Table(
        ["sentence", "tokens", "predictions"],
        [
            [
                one["sentence"],
                str(one["length"]),
                "; ".join(_said(head, said) for head, said in one["decisions"].items()),
            ]
            for one in found["sentences"].values()
        ],
        "The sentences of params.yaml that were taken apart, and what each head says of them.",
    )


def _said(head: str, said: Any) -> str:
    if isinstance(said, Mapping):
        label = max(said, key=lambda name: said[name])
        return f"{head}: {label} {said[label]:.2f}"
    return f"{head}: {said:+.2f}"


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
            "no significant difference from its teacher"
            if within
            else "worse"
            if difference["value"] < 0
            else "better",
            f"Accuracy {interval(home['accuracy'])}, against the teacher's {signed(difference)}; predicts as its "
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
        ["model", "teacher", "parameters", *(f"accuracy on {place}" for place in places), "predicts as the ancestor"],
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
        ["8-bit export", "accuracy", "as it was", "difference", "predicts alike", "megabytes", "of"],
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
