"""The transformer taken apart, as tables and pictures."""

from collections.abc import Mapping
from typing import Any

from stages.reporting.elements import Finding, Part, Table
from stages.reporting.measured import measured, pictures_of
from stages.reporting.numbers import many

Found = Mapping[str, Any]


def anatomy_part(task: str, title: str) -> Part:
    """Tells what the transformer of a task consists of, and what its tokenizer makes of the texts."""
    dissected, tokens = measured("dissect", task), measured("tokenize", task)
    parameters, test = dissected["parameters"], tokens["test"]
    share = parameters["decision"] / parameters["total"]
    findings = [
        Finding(
            "Where its parameters are",
            f"{share:.1%} of them decide, the rest is the trunk",
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
        "From text to decision: shapes are texts × tokens × width. Above the trunk, each decision starts anew from "
        "what the last block gives.",
        folded=True,
    )


def _sentences(found: Found) -> Table:
    return Table(
        ["sentence", "tokens", "decisions"],
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
