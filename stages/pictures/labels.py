"""Words beside the points of a scatter plot, none upon another."""

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
