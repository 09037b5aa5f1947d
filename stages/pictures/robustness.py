"""The picture of rewritten texts: how many decisions flip, rewrite by rewrite."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stages.pictures.style import COLOURS, picture

TURN = "turn"
MARKERS = "os^DvPX*"  # beside the colours, for many approaches in a small space
SPREAD = 0.7  # of the room of a rewrite that its approaches take


def draw_flips(path: Path, rewrites: Mapping[str, Any], confidence: float) -> None:
    """Draws the share of decisions that flip, with its interval: rewrites across, approaches by colour.

    On a grey ground stand rewrites that turn the claim round: there, decisions should flip.

    Args:
        path: the PNG file.
        rewrites: by name, as in `data/results/robustness/<task>.json`.
        confidence: of the intervals, for the caption.
    """
    approaches = list(next(iter(rewrites.values()))["approaches"])
    with picture(path, width=2.5 + 1.1 * len(rewrites), height=3.8) as (axes,):
        for number, approach in enumerate(approaches):
            flips = [found["approaches"][approach]["flips"] for found in rewrites.values()]
            middle = np.array([share["value"] for share in flips])
            reach = [middle - [share["low"] for share in flips], [share["high"] for share in flips] - middle]
            at = np.arange(len(flips)) + (number - (len(approaches) - 1) / 2) * SPREAD / len(approaches)
            axes.errorbar(
                at,
                middle,
                np.abs(reach),
                fmt=MARKERS[number % len(MARKERS)],
                color=COLOURS[number % len(COLOURS)],
                markersize=4,
                capsize=2,
                linewidth=1,
                label=approach,
            )
        names = []
        for place, (name, found) in enumerate(rewrites.items()):
            names.append(f"{name.replace('_', ' ')}\n{found['changed']} texts")
            if found["should"] == TURN:
                axes.axvspan(place - 0.5, place + 0.5, color="grey", alpha=0.15, linewidth=0)
                names[-1] += "\n(should flip)"
        axes.set_xticks(range(len(names)), names)
        axes.set(xlim=(-0.5, len(names) - 0.5), ylabel="share of decisions that flip")
        axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])  # so that points at zero are seen whole
        axes.set_title(f"Decisions that flip when texts are rewritten, with {confidence:.0%} intervals")
        axes.grid(axis="y", alpha=0.3)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
