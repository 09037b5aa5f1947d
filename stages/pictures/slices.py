"""The picture of slices: accuracy of each approach on parts of the test set, beside how far people agree there."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stages.pictures.style import COLOURS, picture
from stages.statistics.curves import Point
from stages.statistics.slices import bounds

TITLES = {
    "length": "tokens",
    "truncation": "cut off (0: whole, 1: cut)",
    "intensity": "strength of the opinion (0 to 4)",
    "disagreement": "spread of the raters' grades",
}
PEOPLE = {"ceiling": ("-", "people's own mean"), "person": (":", "a single person")}


def slice_points(found: Mapping[str, Mapping[str, Any]]) -> Iterator[Point]:
    """Yields part, approach and accuracy with its interval; people count as approaches."""
    for kind, sliced in found.items():
        for part in sliced["parts"]:
            people = {name: part["people"][name] for name in PEOPLE if name in part["people"]}
            for approach, score in {**part["accuracy"], **people}.items():
                yield {"part": f"{kind} {bounds(part)}", "approach": approach, **score}


def draw_slices(path: Path, found: Mapping[str, Mapping[str, Any]], confidence: float) -> None:
    """Draws accuracy over the parts, a panel for each kind of which there are two parts or more.

    Args:
        path: the PNG file.
        found: by kind, as in `data/results/evaluate/<task>/slices.json`.
        confidence: of the intervals, for the caption.
    """
    shown = {kind: sliced["parts"] for kind, sliced in found.items() if len(sliced["parts"]) > 1}
    with picture(path, columns=max(len(shown), 1), width=4.0, height=3.8) as panels:
        if not shown:
            panels[0].text(0.5, 0.5, "too few texts to be cut into parts", ha="center")
            panels[0].set_axis_off()
        for axes, (kind, parts) in zip(panels, shown.items(), strict=False):
            approaches = list(parts[0]["accuracy"])
            for place, approach in enumerate(approaches):
                scores = [part["accuracy"][approach] for part in parts]
                middle, low, high = (np.array([score[key] for score in scores]) for key in ("value", "low", "high"))
                at = np.arange(len(parts)) + (place - (len(approaches) - 1) / 2) * 0.1
                reach = np.maximum([middle - low, high - middle], 0)
                axes.errorbar(
                    at, middle, reach, fmt="o", capsize=2, label=approach, color=COLOURS[place % len(COLOURS)]
                )
            for name, (dash, label) in PEOPLE.items():
                for place, part in enumerate(parts):
                    if name in part["people"]:
                        height, once = part["people"][name]["value"], None if place else label
                        axes.plot([place - 0.4, place + 0.4], [height] * 2, dash, color="grey", label=once)
            axes.set_xticks(range(len(parts)), [f"{bounds(part)}\nn={part['texts']}" for part in parts])
            axes.set(
                xlabel=TITLES.get(kind, kind), ylabel="accuracy" if axes is panels[0] else None, title=f"by {kind}"
            )
            axes.grid(axis="y", alpha=0.3)
        if shown:
            panels[0].figure.suptitle(f"Accuracy on parts of the test set, {confidence:.0%} intervals")
            handles, labels = panels[len(shown) - 1].get_legend_handles_labels()
            panels[len(shown) - 1].legend(handles, labels, loc="upper left", bbox_to_anchor=(1, 1))
