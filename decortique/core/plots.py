"""What all pictures share: style, labels, axes of layers, a plane for vectors."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from sklearn.decomposition import PCA

from decortique.core.files import new_file

# Okabe & Ito's colours, told apart by colour-blind readers too.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#F0E442"]

STYLE = {
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "font.size": 9,
    "legend.frameon": False,
    "savefig.dpi": 130,
}


@contextmanager
def picture(path: Path, columns: int = 1, width: float = 4.2, height: float = 3.8) -> Iterator[Sequence[Axes]]:
    """Gives the axes of a row of `columns` panels (inches each) and saves them as PNG when the block ends well."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width * columns, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure.subplots(1, columns, squeeze=False)[0]
        with new_file(path) as temporary:
            figure.savefig(temporary, format="png", metadata={"Software": None})


@dataclass(frozen=True, slots=True)
class Plane:
    """The first two principal components of some points."""

    points: np.ndarray  # (points, 2) float64, around 0
    explained: tuple[float, float]  # share of the variance of each


def plane_of(points: np.ndarray, differing: np.ndarray | None = None) -> Plane:
    """Projects (points, width) values on the plane in which they differ most.

    A component and its opposite explain the same: scikit-learn gives the one whose largest loading is positive.

    Args:
        points: at least two.
        differing: (others, width): on the plane in which these differ most, instead. At least two of them.
    """
    differing = points if differing is None else differing
    components = PCA(n_components=2, svd_solver="full")
    projected = components.fit(differing.astype(np.float64)).transform(points.astype(np.float64))
    first, second = components.explained_variance_ratio_.tolist()
    return Plane(projected, (first, second))


# In points (1/72 inch), which stay the same however finely a picture is saved.
SIZE = 6.5  # of the letters
POINT = 2.0  # half the side of the square that a point takes
REACHES = (3.0, 8.0, 15.0, 24.0, 34.0)  # from a point to its label, the nearest first
NEAR = 8.0  # up to here it needs no line to its point
SAME = 4.0  # within which equal words share a label

DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
SHARED = "#333333"  # colour of a label that points of several colours share

Box = tuple[float, float, float, float]  # left, bottom, right, top


def plain(text: str) -> str:
    """Keeps matplotlib from reading what stands between two dollar signs as a formula."""
    return text.replace("$", r"\$")


def settle(axes: Axes) -> None:
    """Lays a panel and those beside it out for good, so that there is room to measure."""
    figure = cast("Figure", axes.figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def label_points(axes: Axes, points: np.ndarray, words: Sequence[str], colours: Sequence[str]) -> None:
    """Writes a word beside each point of a panel that is settled.

    Equal words at one place share a label. A word that finds no room is left out; its point is there.

    Args:
        axes: the panel.
        points: (points, 2).
        words: one per point.
        colours: one per point.
    """
    scale = 72 / axes.figure.dpi
    places = axes.transData.transform(points) * scale
    left, bottom, right, top = (np.array(axes.get_window_extent().extents) * scale).tolist()
    taken: list[Box] = [(x - POINT, y - POINT, x + POINT, y + POINT) for x, y in places.tolist()]
    for members in _neighbours(places, words):
        first, shown = members[0], {colours[place] for place in members}
        word, colour = plain(words[first]), shown.pop() if len(shown) == 1 else SHARED
        for reach, offset, box in _spots(places[first], *_extent(axes, word, scale)):
            inside = left <= box[0] and bottom <= box[1] and box[2] <= right and box[3] <= top
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                line = {"arrowstyle": "-", "linewidth": 0.3, "color": colour, "shrinkA": 0, "shrinkB": 1}
                axes.annotate(
                    word,
                    points[first],
                    offset,
                    textcoords="offset points",
                    ha="center",
                    va="center",
                    size=SIZE,
                    color=colour,
                    arrowprops=line if reach > NEAR else None,
                )
                break


def _neighbours(places: np.ndarray, words: Sequence[str]) -> list[list[int]]:
    """Groups equal words that stand at one place."""
    groups: list[list[int]] = []
    for number, (place, word) in enumerate(zip(places, words, strict=True)):
        for group in groups:
            if words[group[0]] == word and np.hypot(*(places[group[0]] - place)) < SAME:
                group.append(number)
                break
        else:
            groups.append([number])
    return groups


def _extent(axes: Axes, word: str, scale: float) -> tuple[float, float]:
    """Measures a word, in pixels times `scale`."""
    written = axes.text(0, 0, word, size=SIZE)
    box = written.get_window_extent()
    written.remove()
    return box.width * scale, box.height * scale


def _spots(place: np.ndarray, width: float, height: float) -> Iterator[tuple[float, tuple[float, float], Box]]:
    """Yields where the label of a point could stand: how far from it, its centre seen from there, and its box."""
    for reach in REACHES:
        for right, up in DIRECTIONS:
            across, along = right * (reach + width / 2), up * (reach + height / 2)
            x, y = place[0] + across, place[1] + along
            yield reach, (across, along), (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


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
