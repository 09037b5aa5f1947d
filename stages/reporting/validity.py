"""How valid the results of a task are: what fails, what anyone could reach, what leaks, what flips, what explains."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stages.artifacts import paths
from stages.errors import StageError
from stages.reporting.doubts import (
    audit_findings,
    deletion_table,
    explanation_findings,
    flip_findings,
    flips_table,
    rewritten,
    suspects,
)
from stages.reporting.elements import Block, Finding, Part
from stages.reporting.measured import measured, pictures_of
from stages.reporting.numbers import interval
from stages.reporting.slices import (
    gap_findings,
    people_table,
    published_finding,
    published_table,
    slice_findings,
    slices_table,
)

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
