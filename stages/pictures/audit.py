"""The picture of an audit: who else doubts the labels that are suspected, and how strong their grades are."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from stages.pictures.style import COLOURS, picture

Interval = Mapping[str, float]


def draw_doubts(path: Path, labels: Mapping[str, Any], confidence: float) -> None:
    """Draws what speaks for the suspicions of a task.

    Args:
        path: the PNG file.
        labels: that part of `data/results/validity/<task>/audit.json`.
        confidence: of the intervals, for the caption.
    """
    parts = labels.get("by_absolute_grade", [])
    against = labels["second_opinion"]["decides_against"]
    with picture(path, columns=2 if parts else 1, width=4.8, height=3.6) as panels:
        for place, (side, name) in enumerate((("suspected", "suspected"), ("others", "other"))):
            found = [scores[side] for scores in against.values()]
            at = [number + (place - 0.5) * 0.16 for number in range(len(found))]
            _bars(panels[0], at, found, COLOURS[place], f"{name} labels")
        panels[0].set_xticks(range(len(against)), list(against), rotation=20)
        panels[0].set(
            ylabel="share decided against",
            ylim=(0, 1.05),
            title=f"Decisions against the label ({confidence:.0%} intervals)",
        )
        if against:
            panels[0].legend(loc="upper right")
        if parts:
            _bars(panels[1], list(range(len(parts))), [part["suspected"] for part in parts], COLOURS[0])
            panels[1].set_xticks(range(len(parts)), [f"{part['from']:.1f} to {part['to']:.1f}" for part in parts])
            panels[1].set(
                xlabel="absolute grade by people", ylabel="share suspected", title="Suspected labels by grade"
            )
            panels[1].set_ylim(bottom=0)
        for axes in panels:
            axes.grid(axis="y", alpha=0.3)


def _bars(axes: Axes, at: Sequence[float], found: Sequence[Interval], colour: str, name: str | None = None) -> None:
    middle = [one["value"] for one in found]
    # The percentile interval of few texts need not hold their own mean.
    reach = [
        [max(one["value"] - one["low"], 0) for one in found],
        [max(one["high"] - one["value"], 0) for one in found],
    ]
    axes.errorbar(at, middle, yerr=reach if found else None, fmt="o", capsize=3, color=colour, label=name)
