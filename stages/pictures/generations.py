"""The picture of teachers and students: what is kept and what drifts from generation to generation."""

from collections.abc import Sequence
from itertools import chain, cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from stages.pictures.style import COLOURS, picture
from stages.statistics.curves import Point

PANELS = {
    "accuracy": "Accuracy",
    "agreement_with_ancestor": "Agreement with the ancestor",
    "entropy": "Entropy of the predictions (nats)",
}
DASHES = ["--", ":", "-."]
ASIDE = 0.08  # generations between lines that would cover each other


def draw_generations(path: Path, points: Sequence[Point], lines: Sequence[Sequence[str]], bars: str) -> None:
    """Draws three measures over the generations: lines of descent by colour, sets by dash, `test` with bars.

    Args:
        path: the PNG file.
        points: of `generation_points`, the first set of which is `test`.
        lines: members, each from an ancestor to a student who teaches nobody.
        bars: what they reach over, for the caption.
    """
    found = {(point["measure"], point["set"], point["member"]): point for point in points}
    dashes = dict(zip(dict.fromkeys(str(point["set"]) for point in points), chain("-", cycle(DASHES)), strict=False))
    colours = dict(zip((" → ".join(line) for line in lines), cycle(COLOURS), strict=False))
    with picture(path, columns=len(PANELS), width=3.8, height=3.8 + 0.2 * len(lines)) as panels:
        for axes, (measure, title) in zip(panels, PANELS.items(), strict=True):
            for place, (line, colour) in enumerate(zip(lines, colours.values(), strict=True)):
                at = np.arange(len(line)) + (place - (len(lines) - 1) / 2) * ASIDE
                for name, dash in dashes.items():
                    _draw_line(axes, at, [found[measure, name, member] for member in line], colour, dash)
            axes.set_xticks(range(max(map(len, lines))))
            axes.set(title=title, xlabel="generation (0: the ancestor)")
            axes.grid(axis="y", alpha=0.3)
        handles = [Line2D([], [], color=colour, label=line) for line, colour in colours.items()]
        panels[0].figure.legend(handles=handles, loc="outside lower left")
        styles = [Line2D([], [], color="grey", linestyle=dash, label=name) for name, dash in dashes.items()]
        panels[-1].legend(handles=styles, loc="upper left", bbox_to_anchor=(1, 1))
        panels[0].figure.suptitle(f"Bars on the test set: {bars}")


def _draw_line(axes: Axes, at: np.ndarray, points: Sequence[Point], colour: str, dash: str) -> None:
    value, low, high = (np.array([point[key] for point in points], float) for key in ("value", "low", "high"))
    if dash == "-":
        reach = np.maximum([value - low, high - value], 0)  # of who is always equally sure, it is a rounding error
        axes.errorbar(at, value, reach, color=colour, fmt="o-", markersize=4, capsize=3)
    else:
        axes.plot(at, value, dash, color=colour, linewidth=1)
