"""Pictures of clusters and summaries."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from decortique.core.plots import COLOURS, Plane, label_points, picture, plain, plane_of, settle
from decortique.summarization.clustering import NONE
from decortique.summarization.settings import OURS, RANDOM
from decortique.summarization.vectors import Vectors, dense

UNCLUSTERED = "#BBBBBB"
MARKERS = "osD^vP*X"


def draw_recovery(path: Path, report: Mapping[str, Any]) -> None:
    """Draw the V-measure of each way, with intervals over sets, beside that of random clusters."""
    names = [name for name in report["ways"] if name != RANDOM]
    methods = list(dict.fromkeys(method for name in names for method in report["ways"][name]))
    with picture(path, width=7.5, height=0.42 * len(methods) * 2 + 1.2) as (axes,):
        step = 0.8 / len(names)
        for number, name in enumerate(names):
            scores = [report["ways"][name][method]["v_measure"] for method in methods]
            heights = [row + 0.4 - step * (number + 0.5) for row in range(len(methods), 0, -1)]
            values = [one["value"] for one in scores]
            axes.barh(heights, values, step * 0.9, color=COLOURS[number % len(COLOURS)], label=name)
            reach = [[abs(one.get(end, one["value"]) - one["value"]) for one in scores] for end in ("low", "high")]
            axes.errorbar(values, heights, xerr=reach, fmt="none", ecolor="black", elinewidth=0.8, capsize=1.5)
        random = report["ways"][RANDOM][RANDOM]["v_measure"]["value"]
        axes.axvline(random, color="grey", linewidth=0.8, linestyle="--", label="at random")
        axes.set_yticks(range(len(methods), 0, -1), methods)
        title = f"{report['groups_per_set']} groups mixed: recovered by clustering?"
        axes.set(xlim=(0, 1), xlabel="V-measure", title=title)
        axes.legend(fontsize=8, loc="lower right")


def draw_clusters(path: Path, vectors: Vectors, clusters: np.ndarray, terms: Mapping[int, Sequence[str]]) -> None:
    """Draw (texts, width) vectors in the plane in which the centres of their clusters differ most, with their terms."""
    points = _plane_of_centres(dense(vectors), clusters)
    with picture(path, width=7.5, height=5.6) as (axes,):
        (x, y), alone = points.points.T, clusters == NONE
        axes.scatter(x[alone], y[alone], s=8, color=UNCLUSTERED)
        order = sorted(terms, key=lambda number: (-int((clusters == number).sum()), number))
        for rank, number in enumerate(order):
            inside = clusters == number
            label = plain(f"{', '.join(terms[number]) or '(no word of its own)'} ({int(inside.sum())})")
            colour, marker = COLOURS[rank % len(COLOURS)], MARKERS[rank // len(COLOURS) % len(MARKERS)]
            axes.scatter(x[inside], y[inside], s=14, alpha=0.7, color=colour, marker=marker, label=label)
        first, second = points.explained
        axes.set(xticks=[], yticks=[], title=f"{len(clusters)} texts in {len(terms)} clusters")
        axes.set_xlabel(f"{first:.0%} of what the centres differ in")
        axes.set_ylabel(f"{second:.0%}")
        if order:
            axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0), title="clusters, by their terms")
        settle(axes)
        # Each cluster's first term at its centre.
        shown = [number for number in order if terms[number]]
        centres = np.array([points.points[clusters == number].mean(axis=0) for number in shown]).reshape(-1, 2)
        colours = [COLOURS[order.index(number) % len(COLOURS)] for number in shown]
        label_points(axes, centres, [terms[number][0] for number in shown], colours)


def _plane_of_centres(vectors: np.ndarray, clusters: np.ndarray) -> Plane:
    """Project texts on the plane of the clusters' centres; on their own where two centres make none."""
    centres = np.array([vectors[clusters == number].mean(axis=0) for number in np.unique(clusters) if number != NONE])
    if len(vectors) < 2 or not np.any(vectors):
        return Plane(np.zeros((len(vectors), 2)), (0.0, 0.0))
    return plane_of(vectors, centres if len(centres) > 2 else vectors)


TITLES = {
    "coverage": "Coverage of the texts (more is better)",
    "shared_words": "Words shared with them (more)",
    "redundancy": "Redundancy of its sentences (less)",
    "opinion_off": "Share of positive ones, off by (less)",
    "rouge_1_f1": "ROUGE-1 F1 with people (more)",
}


def draw_summaries(path: Path, report: Mapping[str, Any]) -> None:
    """Draw each measure of each approach, with intervals over groups."""
    approaches = list(report["approaches"])[::-1]
    shown = [measure for measure in TITLES if measure in report["approaches"][OURS]]
    with picture(path, columns=len(shown), width=3.1, height=0.34 * len(approaches) + 1.3) as panels:
        for axes, measure in zip(panels, shown, strict=True):
            for row, approach in enumerate(approaches):
                score = report["approaches"][approach][measure]
                value, low, high = score["value"], score.get("low"), score.get("high")
                colour = COLOURS[0] if approach == OURS else "grey"
                reach = None if low is None or high is None else [[value - low], [high - value]]
                axes.errorbar([value], [row], xerr=reach, fmt="o", color=colour, capsize=2, markersize=5)
            axes.set_yticks(range(len(approaches)), approaches if axes is panels[0] else [""] * len(approaches))
            axes.set_title(TITLES[measure], fontsize=9)
            axes.margins(y=0.15)
            axes.grid(axis="x", linewidth=0.3)
