"""The picture of summaries: what each approach's are worth."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.pictures.style import COLOURS, picture
from stages.summaries.comparing import OURS

TITLES = {
    "coverage": "Nearness of the texts (more is better)",
    "shared_words": "Words shared with them (more)",
    "redundancy": "Nearness of its own sentences (less)",
    "opinion_off": "Share of positive ones, off by (less)",
    "rouge_1_f1": "ROUGE-1 F1 with people (more)",
}


def draw_summaries(path: Path, report: Mapping[str, Any]) -> None:
    """Draws each measure of each approach, with intervals over groups."""
    approaches = list(report["approaches"])[::-1]
    shown = [measure for measure in TITLES if measure in report["approaches"][OURS]]
    with picture(path, columns=len(shown), width=3.1, height=0.34 * len(approaches) + 1.3) as panels:
        for axes, measure in zip(panels, shown, strict=True):
            for place, approach in enumerate(approaches):
                found = report["approaches"][approach][measure]
                value, low, high = found["value"], found.get("low"), found.get("high")
                colour = COLOURS[0] if approach == OURS else "grey"
                reach = None if low is None or high is None else [[value - low], [high - value]]
                axes.errorbar([value], [place], xerr=reach, fmt="o", color=colour, capsize=2, markersize=5)
            axes.set_yticks(range(len(approaches)), approaches if axes is panels[0] else [""] * len(approaches))
            axes.set_title(TITLES[measure], fontsize=9)
            axes.margins(y=0.15)
            axes.grid(axis="x", linewidth=0.3)
