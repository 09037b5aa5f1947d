"""What all pictures share: style, labels of points, a plane for vectors."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from decortique.core.files import new_file

# Okabe & Ito's colours, which colour-blind readers distinguish too.
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
    """Yield the axes of a row of `columns` panels (inches each), saved as PNG when the block ends without an error."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width * columns, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure.subplots(1, columns, squeeze=False)[0]
        with new_file(path) as temporary:
            figure.savefig(temporary, format="png", metadata={"Software": None})


class Plane(NamedTuple):
    """The first two principal components of some points."""

    points: np.ndarray  # (points, 2) float64, around 0
    explained: tuple[float, float]  # share of the variance of each


def plane_of(points: np.ndarray, differing: np.ndarray | None = None) -> Plane:
    """Return (points, width) values projected on the plane in which they, or `differing` (others, width), differ most.

    There must be two of them. Of a component and its opposite, the one whose largest loading is positive is taken.
    """
    from sklearn.decomposition import PCA  # takes a second, and most pictures have no plane

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
    """Return a text escaped, so that matplotlib reads no formula between two dollar signs."""
    return text.replace("$", r"\$")


def settle(axes: Axes) -> None:
    """Fix the layout of a figure, so that its labels can be measured."""
    figure = cast("Figure", axes.figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def label_points(axes: Axes, points: np.ndarray, words: Sequence[str], colours: Sequence[str]) -> None:
    """Write a word beside each of (points, 2) points of a panel after `settle`; a colour and a word per point.

    Equal words at one place share a label. A word for which there is no room is left out; its point is drawn.
    """
    scale = 72 / axes.figure.dpi
    positions = axes.transData.transform(points) * scale
    left, bottom, right, top = (np.array(axes.get_window_extent().extents) * scale).tolist()
    taken: list[Box] = [(x - POINT, y - POINT, x + POINT, y + POINT) for x, y in positions.tolist()]
    for members in _neighbours(positions, words):
        first, shown = members[0], {colours[number] for number in members}
        word, colour = plain(words[first]), shown.pop() if len(shown) == 1 else SHARED
        for reach, offset, box in _spots(positions[first], *_extent(axes, word, scale)):
            inside = left <= box[0] and bottom <= box[1] and box[2] <= right and box[3] <= top
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                line = {"arrowstyle": "-", "linewidth": 0.3, "color": colour, "shrinkA": 0, "shrinkB": 1}
                look: dict[str, Any] = {"ha": "center", "va": "center", "size": SIZE, "color": colour}
                arrow = line if reach > NEAR else None
                axes.annotate(word, points[first], offset, textcoords="offset points", arrowprops=arrow, **look)
                break


def _neighbours(positions: np.ndarray, words: Sequence[str]) -> list[list[int]]:
    """Return the indices of equal words at one place, in groups."""
    groups: list[list[int]] = []
    for number, (position, word) in enumerate(zip(positions, words, strict=True)):
        same = (one for one in groups if words[one[0]] == word)
        if group := next((one for one in same if np.hypot(*(positions[one[0]] - position)) < SAME), None):
            group.append(number)
        else:
            groups.append([number])
    return groups


def _extent(axes: Axes, word: str, scale: float) -> tuple[float, float]:
    written = axes.text(0, 0, word, size=SIZE)
    box = written.get_window_extent()
    written.remove()
    return box.width * scale, box.height * scale


def _spots(position: np.ndarray, width: float, height: float) -> Iterator[tuple[float, tuple[float, float], Box]]:
    """Yield where the label of a point could be: its distance, the offset of its centre, and its box."""
    for reach in REACHES:
        for right, up in DIRECTIONS:
            across, along = right * (reach + width / 2), up * (reach + height / 2)
            x, y = position[0] + across, position[1] + along
            yield reach, (across, along), (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
