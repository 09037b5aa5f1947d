"""The pictures of an evaluation: confusion, ROC, calibration, and accuracy near and far from home."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from stages.pictures.style import COLOURS, picture
from stages.statistics.curves import Point


def draw_roc(path: Path, points: Iterable[Point], positive: str) -> None:
    """Draws ROC curves; the dotted diagonal is what guessing gives."""
    with picture(path) as (axes,):
        axes.plot([0, 1], [0, 1], ":", color="grey", linewidth=1)
        for approach, found in groupby(points, key=itemgetter("approach")):
            curve = [(point["false_positive_rate"], point["true_positive_rate"]) for point in found]
            axes.plot(*zip(*curve, strict=True), label=approach, linewidth=1.5)
        axes.set(xlabel="false positive rate", ylabel="true positive rate", title=f"ROC of {positive}")
        axes.legend(loc="lower right")


def draw_calibration(path: Path, points: Iterable[Point], positive: str) -> None:
    """Draws reliability curves; on the dotted diagonal a probability means what it says."""
    with picture(path) as (axes,):
        axes.plot([0, 1], [0, 1], ":", color="grey", linewidth=1)
        for approach, found in groupby(points, key=itemgetter("approach")):
            curve = [(point["predicted"], point["observed"]) for point in found]
            axes.plot(*zip(*curve, strict=True), "o-", label=approach, linewidth=1.5, markersize=4)
        axes.set(xlabel=f"probability given to {positive}", ylabel=f"share of {positive}", title="Calibration")
        axes.legend(loc="upper left")


def draw_confusion(path: Path, cells: Iterable[Point], labels: list[str]) -> None:
    """Draws one confusion matrix per approach: rows are the truth, columns the decisions."""
    matrices = {
        approach: np.array([cell["count"] for cell in found]).reshape(len(labels), -1)
        for approach, found in groupby(cells, key=itemgetter("approach"))
    }
    with picture(path, columns=len(matrices), width=2.7, height=3.3) as panels:
        for axes, (approach, counts) in zip(panels, matrices.items(), strict=True):
            shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
            axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
            for (row, column), count in np.ndenumerate(counts):
                colour = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, str(count), ha="center", va="center", color=colour)
            axes.set_xticks(range(len(labels)), labels)
            axes.set_yticks(range(len(labels)), labels, rotation=90, va="center")
            axes.set(title=approach, xlabel="decision", ylabel="truth" if axes is panels[0] else None)


def draw_accuracy(path: Path, sets: Mapping[str, Mapping[str, Any]], confidence: float) -> None:
    """Draws accuracy with its interval, approach by approach, on the test set and on each transfer set.

    Args:
        path: the PNG file.
        sets: name of the set → approach → measures, as in `data/results/evaluate/<task>/scores.json`.
        confidence: of the intervals, for the caption.
    """
    approaches = list(next(iter(sets.values())))
    with picture(path, width=3 + 1.5 * len(sets), height=3.6) as (axes,):
        for place, approach in enumerate(approaches):
            found = [scores[approach]["accuracy"] for scores in sets.values()]
            middle = np.array([score["value"] for score in found])
            reach = [middle - [score["low"] for score in found], [score["high"] for score in found] - middle]
            offset = (place - (len(approaches) - 1) / 2) * 0.15
            at = np.arange(len(found)) + offset
            axes.errorbar(
                at, middle, np.abs(reach), fmt="o", capsize=3, label=approach, color=COLOURS[place % len(COLOURS)]
            )
        axes.set_xticks(range(len(sets)), list(sets))
        axes.set(ylabel="accuracy", title=f"Accuracy with {confidence:.0%} intervals")
        axes.grid(axis="y", alpha=0.3)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
