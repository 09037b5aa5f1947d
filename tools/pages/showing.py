"""What was measured, read from the project, and numbers and tables as the pages show them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.core.findings import format_p
from decortique.report.headlines import NOT_APPROACHES

ROOT = Path(__file__).parents[2]


def evaluation(task: str) -> dict[str, Any]:
    """Reads the evaluation of a task."""
    return measured("evaluate", task, "scores")


def measured(stage: str, item: str, part: str | None = None) -> dict[str, Any]:
    """Reads what a stage measured of a task, a language or a collection; of several files, one part.

    Raises:
        StageError: it did not, or the file is not in this checkout.
    """
    path = paths.results(stage, item, part)
    try:
        return json.loads((ROOT / path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StageError(f"{path} is missing: run `dvc checkout` to fetch it, or `dvc repro` to make it") from None


def experiment(name: str) -> dict[str, Any]:
    """Reads what an experiment found."""
    return json.loads((ROOT / "experiments" / f"{name}.json").read_text(encoding="utf-8"))


def benchmark(name: str) -> dict[str, Any]:
    """Reads what a benchmark measured."""
    return json.loads((ROOT / "benchmarks" / f"{name}.json").read_text(encoding="utf-8"))


def test_rows(task: str) -> int:
    """Counts the test examples of a task."""
    return measured("prepare", task)["rows"]["test"]["all"]


def approaches(metrics: dict[str, Any]) -> list[str]:
    """Names the approaches among the keys of an evaluation."""
    return [name for name in metrics if name not in NOT_APPROACHES]


def table(heading: list[str], rows: Iterator[list[str]]) -> Iterator[str]:
    """Yields the lines of a Markdown table."""
    yield f"| {' | '.join(heading)} |"
    yield "|---" * len(heading) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def spread(score: dict[str, float]) -> str:
    """Shows the mean over seeds, and the least and the greatest."""
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"


def share(score: dict[str, float] | None) -> str:
    """Shows a share of the teacher; nothing of who has none."""
    return f"{score['value']:.1%} [{score['low']:.1%}, {score['high']:.1%}]" if score else ""


def rate(sentences: float) -> str:
    """Shows a speed with no more digits than it is known to."""
    return f"{float(f'{sentences:.3g}'):,.0f}".replace(",", " ")


def times(ratio: float) -> str:
    """Shows a ratio with no more digits than it is known to."""
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"


def p_value(tests: dict[str, Any], name: str, test: str) -> str:
    """Shows a p-value; nothing where an approach is not compared with itself."""
    if name not in tests:
        return ""
    return format_p(tests[name][test])
