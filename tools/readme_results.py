"""Writes the results table of README.md from metrics/, between its two markers."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
START, END = "<!-- results: written by `make readme` -->", "<!-- end of results -->"


def table(metrics: dict[str, Any], approaches: list[str]) -> Iterator[str]:
    """Yields the lines of a Markdown table: approaches down, test measures and transfer accuracies across."""
    transfer = metrics["transfer"]
    yield "| approach | accuracy | macro-F1 | ROC-AUC | log-loss | p against baseline |" + "".join(
        f" {name} |" for name in transfer
    )
    yield "|---" * (6 + len(transfer)) + "|"
    for approach in approaches:
        scores = metrics[approach]
        cells = [_interval(scores[measure]) for measure in ("accuracy", "macro_f1", "roc_auc", "log_loss")]
        versus = metrics["versus"].get(approach)
        cells.append(_p(versus["mcnemar_p"]) if versus else "")
        cells += [_interval(found[approach]["accuracy"]) for found in transfer.values()]
        yield f"| {approach} | " + " | ".join(cells) + " |"


def retained(metrics: dict[str, Any]) -> Iterator[str]:
    """Yields a sentence per student: the share of its teacher's accuracy that it keeps."""
    for student, found in metrics["retained"].items():
        share = {name: f"{value:.1%}" for name, value in found["accuracy_share"].items()}
        yield (
            f"`{student}` keeps {share['value']} of the accuracy of its teacher `{found['teacher']}` "
            f"({share['low']} to {share['high']}), and decides as it does on {found['agreement']:.1%} of the examples."
        )


def results(task: str = "opinion") -> str:
    """Gives the whole text between the markers."""
    metrics = json.loads((ROOT / "metrics" / "evaluate" / f"{task}.json").read_text(encoding="utf-8"))
    approaches = [name for name in metrics if name not in ("versus", "retained", "transfer")]
    examples = json.loads((ROOT / "metrics" / "prepare" / f"{task}.json").read_text(encoding="utf-8"))["rows"]["test"][
        "all"
    ]
    heading = f"Task `{task}`, {examples} test examples; accuracy on the transfer sets in the last columns."
    return "\n".join([heading, "", *table(metrics, approaches), "", *retained(metrics)])


def updated(readme: str, text: str) -> str:
    """Gives the README with `text` between its markers."""
    before, rest = readme.split(START)
    return f"{before}{START}\n{text}\n{END}{rest.split(END)[1]}"


def _interval(score: dict[str, float]) -> str:
    return f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def main() -> None:
    """Rewrites README.md."""
    path = ROOT / "README.md"
    path.write_text(updated(path.read_text(encoding="utf-8"), results()), encoding="utf-8")
    sys.stderr.write("README.md: results written\n")


if __name__ == "__main__":
    main()
