"""Curves over the layers of a model: a value with its interval at each of them, and what needs no layer as a line."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from stages.pictures.style import COLOURS

Interval = Mapping[str, float]
DASHES = ("--", ":", "-.", (0, (1, 3)), (0, (5, 1, 1, 1)))
LAYER = "layer "


def draw_curve(axes: Axes, found: Sequence[Interval], label: str, colour: str, dash: str = "-") -> None:
    """Draws a value by layer, its interval as a band."""
    value, low, high = (np.array([one[key] for one in found]) for key in ("value", "low", "high"))
    axes.plot(value, dash, color=colour, label=label, marker="o", markersize=3)
    axes.fill_between(range(len(value)), low, high, color=colour, alpha=0.15, linewidth=0)


def draw_sources(axes: Axes, found: Mapping[str, Any], measure: str, label: str, colour: str = COLOURS[0]) -> None:
    """Draws a measure of layers as a curve, and of all else as lines across.

    Args:
        axes: the panel.
        found: by source, `layer 0`, `layer 1` … and others, each with the `measure`.
        measure: its name.
        label: of the curve.
        colour: of the curve.
    """
    draw_curve(axes, [one[measure] for name, one in found.items() if name.startswith(LAYER)], label, colour)
    others = {name: one for name, one in found.items() if not name.startswith(LAYER) and measure in one}
    for (name, one), dash, other in zip(others.items(), cycle(DASHES), cycle(COLOURS[1:])):
        axes.axhline(one[measure]["value"], linestyle=dash, color=other, label=name, linewidth=1.2)


def finish(axes: Axes, title: str, ylabel: str = "") -> None:
    """Names a panel and its curves, and numbers its layers."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", alpha=0.3)
    axes.set(title=title, xlabel="layer (0: the embeddings)", ylabel=ylabel)
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.16))
