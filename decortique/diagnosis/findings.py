"""How valid results are: parts of the test set, leaks, labels, flips, explanations."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.core.findings import (
    Block,
    Cell,
    Finding,
    Part,
    Table,
    interval,
    is_significant,
    measured,
    pictures_of,
    signed,
)
from decortique.diagnosis.doubts import (
    audit_findings,
    deletion_table,
    explanation_findings,
    flip_findings,
    flips_table,
    rewritten,
    suspects,
)
from decortique.evaluation.slices import bounds

Found = Mapping[str, Any]
# Kind → what is asked, what is measured, what the last part is.
KINDS = {
    "length": ("Do long texts fare worse?", "tokens", "the longest"),
    "truncation": ("Does it matter what is cut off?", "cut off", "those that are cut"),
    "intensity": ("Are weak opinions harder?", "distance of people's mean grade from zero", "the strongest"),
    "disagreement": ("Is what people dispute harder?", "spread of the raters' grades", "the most disputed"),
}
PUBLISHED = ("f1", "precision", "recall", "correlation", "person_f1")


def slice_findings(found: Found, approaches: Sequence[str]) -> Iterator[Finding]:
    """Says for which approaches the last part of each kind is another matter than the first."""
    for kind, sliced in found["slices"].items():
        claim, unit, last = KINDS[kind]
        parts = sliced["parts"]
        if len(parts) < 2:
            yield Finding(
                claim,
                "cannot be told",
                f"All {parts[0]['texts']} texts are alike in that." if parts else "",
                is_significant=False,
            )
            continue
        apart = sliced["last_less_first"]
        sure = [name for name in approaches if not apart[name]["low"] <= 0 <= apart[name]["high"]]
        worse, better = ([name for name in sure if sign * apart[name]["value"] > 0] for sign in (-1, 1))
        said = [
            f"{'all' if len(names) == len(approaches) > 1 else ', '.join(names)} {word} on {last}"
            for word, names in (("worse", worse), ("better", better))
            if names
        ]
        yield Finding(
            claim,
            "; ".join(said) or "no significant difference",
            f"Accuracy on the last part ({unit} {bounds(parts[-1])}) less that on the first ({bounds(parts[0])}): "
            + ", ".join(f"{name} {signed(apart[name])}" for name in approaches)
            + ".",
            bool(sure),
        )


def gap_findings(found: Found, approaches: Sequence[str], scores: Found) -> Iterator[Finding]:
    """Says how far the best approach is from a single person, and from the ceiling, at home."""
    if people := found["people"].get("test"):
        best = max(approaches, key=lambda name: scores[name]["accuracy"]["value"])
        accuracy, person = scores[best]["accuracy"], people["person"]
        below, above = accuracy["high"] < person["low"], accuracy["low"] > person["high"]
        yield Finding(
            f"Is the best approach ({best}) as good as a person?",
            "no, worse" if below else "better" if above else "no significant difference",
            f"Accuracy {interval(accuracy)}. One of the {people['raters']:.0f} raters, held against the mean of the "
            f"others: {interval(person)}. Who knew the mean of endlessly many raters would have the sign of this one "
            f"in {interval(people['ceiling'])} of the texts: the labels leave that much room. (Intervals of two "
            "different measures, not a paired test.)",
            below or above,
        )


def slices_table(found: Found, approaches: Sequence[str], alpha: float) -> Table:
    """Gives accuracy part by part; bold is significantly better than the baseline there."""
    rows: list[list[Cell | str]] = [
        [
            kind,
            bounds(part),
            str(part["texts"]),
            *(_accuracy(part, name, alpha) for name in approaches),
            interval(part["people"]["person"]) if part["people"] else "",
        ]
        for kind, sliced in found["slices"].items()
        for part in sliced["parts"]
    ]
    return Table(
        ["by", "from–to", "texts", *approaches, "a single person"],
        rows,
        "Accuracy part by part. Bold is significantly better than the baseline on that part (corrected for all parts "
        "and approaches of a kind).",
        folded=True,
    )


def people_table(found: Found) -> Table:
    """Gives how far people agree, set by set."""
    return Table(
        ["texts of", "raters", "one against the others", "half against half", "ceiling"],
        [
            [name, f"{one['raters']:.0f}", *(interval(one[share]) for share in ("person", "halves", "ceiling"))]
            for name, one in found["people"].items()
            if one
        ],
        "How often people agree on the sign: one rater with the mean of the others, half of them with the other half, "
        "and who knew the mean of endlessly many with the mean of these.",
        folded=True,
    )


def published_finding(found: Found) -> Finding:
    """Says how near the published figures were found again."""
    files = found["published"]
    off = {name: one["found"]["f1"]["value"] - one["published"]["f1"] for name, one in files.items()}
    furthest = max(off, key=lambda name: abs(off[name]))
    return Finding(
        "Are VADER's published scores found again?",
        f"to within {abs(off[furthest]):.2f} of F1",
        "By the published protocol (three classes): "
        + ", ".join(
            f"{name} {one['found']['f1']['value']:.2f} for {one['published']['f1']:.2f}" for name, one in files.items()
        )
        + ".",
    )


def published_table(found: Found) -> Table:
    """Gives the published figures beside those found again."""
    return Table(
        [
            "file",
            *(f"{measure.replace('_', ' ')}, found" for measure in PUBLISHED),
            *(f"{m.replace('_', ' ')}, published" for m in PUBLISHED),
        ],
        [
            [
                name,
                *(interval(one["found"][measure]) if measure in one["found"] else "" for measure in PUBLISHED),
                *(f"{one['published'][measure]:.2f}" for measure in PUBLISHED),
            ]
            for name, one in found["published"].items()
        ],
        "VADER, and a single person, by the protocol of Hutto & Gilbert (ICWSM 2014, table 4).",
        folded=True,
    )


def _accuracy(part: Found, approach: str, alpha: float) -> Cell:
    test = part["versus"].get(approach)
    better = bool(test) and is_significant(test, alpha) and test["accuracy_difference"]["value"] > 0
    return Cell(interval(part["accuracy"][approach]), better)


PICTURED = ("slices", "robustness", "explain", "audit")


def validity_part(task: str, title: str, approaches: Sequence[str], alpha: float, examples: int) -> Part:
    """Tells what stands behind the scores of a task.

    Args:
        task: its name.
        title: of the task.
        approaches: of the run, the baseline first.
        alpha: the p-value below which a difference is taken for one.
        examples: how many texts of each kind are shown.
    """
    scores, slices = (measured("evaluate", task, part) for part in ("scores", "slices"))
    controls, audited = (measured("validity", task, part) for part in ("controls", "audit"))
    flips, explained = measured("robustness", task), measured("explain", task)
    published = bool(slices["published"])
    findings = [
        *gap_findings(slices, approaches, scores),
        *slice_findings(slices, approaches),
        *audit_findings(audited),
        control_finding(controls),
        *([published_finding(slices)] if published else []),
        *flip_findings(flips, alpha),
        *explanation_findings(explained, alpha),
    ]
    blocks: list[Block] = [
        *(picture for subject in PICTURED for picture in pictures_of(subject, task)),
        slices_table(slices, approaches, alpha),
        *([people_table(slices)] if any(slices["people"].values()) else []),
        *([published_table(slices)] if published else []),
        flips_table(flips, alpha),
        rewritten(read_lines(paths.rewrites(task)), examples),
        deletion_table(explained),
        suspects(read_lines(paths.audit(task, "labels")), 3 * examples),
    ]
    return Part(title, findings, blocks)


def control_finding(found: Any) -> Finding:
    """Says what the baseline rests on: what another split would have claimed, and what is left without names."""
    own, random = found["own_split"], found["random_split"]
    apart = own["as_it_is"]["accuracy"]["high"] < random["as_it_is"]["accuracy"]["low"]
    return Finding(
        "Would another split have claimed more?",
        "yes" if apart else "not by more than the intervals",
        f"The baseline has {interval(own['as_it_is']['accuracy'])}; on texts dealt at random "
        f"{interval(random['as_it_is']['accuracy'])}, and with names and numbers masked "
        f"{interval(own['masked']['accuracy'])}.",
        apart,
    )


def read_lines(path: Path) -> list[Any]:
    """Reads JSON lines.

    Raises:
        StageError: the file is missing or damaged.
    """
    try:
        # Not splitlines(): a text may hold other characters that Python takes for line ends.
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    except FileNotFoundError:
        raise StageError(f"{path} is missing: run `dvc repro` to make it") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StageError(f"{path} is damaged ({error}): delete it and run `dvc repro`") from None
