"""The pictures of a model taken apart: its attention, the geometry of its layers, the weight of its parts."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import EngFormatter

from stages.anatomy.projection import Plane
from stages.pictures.labels import label_points, plain, settle
from stages.pictures.style import COLOURS, picture

CELL = 0.11  # inches of a token in a map: its name can be read
LONGEST = 16  # tokens of which each is named
TITLE = 11  # letters of a title in an inch
ACROSS = 3  # panels of layers


def draw_attention(path: Path, text: str, tokens: Sequence[str], maps: np.ndarray) -> None:
    """Draws attention, blocks down and heads across: in each map, a row says what one token takes from the others.

    Args:
        path: the PNG file.
        text: the sentence.
        tokens: of the sentence.
        maps: (blocks, heads, tokens, tokens).
    """
    blocks, heads, length, _ = maps.shape
    # One picture of all maps, with an empty line between them.
    spaced = np.pad(maps, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    mosaic = spaced.transpose(0, 2, 1, 3).reshape(blocks * (length + 1), heads * (length + 1))[:-1, :-1]
    named = length <= LONGEST
    side = CELL * min(length + 1, LONGEST + 1)
    with picture(path, width=side * heads + 2.2, height=side * blocks + 1.3) as (axes,):
        # The root of a weight, so that small ones show.
        image = axes.imshow(mosaic, cmap="Blues", norm=PowerNorm(0.5, 0, 1), interpolation="nearest", aspect="equal")
        axes.spines[:].set_visible(False)
        for axis, far, name, count in (
            (axes.xaxis, axes.secondary_xaxis("top"), "head", heads),
            (axes.yaxis, axes.secondary_yaxis("right"), "block", blocks),
        ):
            starts = np.arange(count) * (length + 1)
            places = (starts[:, None] + np.arange(length)).ravel()
            axis.set_ticks(places if named else [], [*map(plain, tokens)] * count if named else [], fontsize=5)
            axis.set_tick_params(length=0, pad=1)
            far.set_ticks(starts + (length - 1) / 2, [f"{name} {number + 1}" for number in range(count)])
            far.tick_params(length=0)
            far.spines[:].set_visible(False)
        axes.tick_params(axis="x", rotation=90)
        title = textwrap.fill(f"Attention in: {text}", max(30, int(TITLE * side * heads)))
        axes.set(xlabel="the token that is looked at", ylabel="the token that looks", title=plain(title))
        axes.figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02, label="weight; each row adds up to 1")


def draw_layers(path: Path, planes: Mapping[str, Plane], tokens: Sequence[Sequence[str]], texts: Sequence[str]) -> None:
    """Draws the tokens of some texts in the plane of each layer, a colour per text.

    Args:
        path: the PNG file.
        planes: by the name of the layer; its points are the tokens of all texts, one text after the other.
        tokens: of each text.
        texts: the texts.
    """
    down = math.ceil((len(planes) + 1) / ACROSS)
    words = [token for text in tokens for token in text]
    colours = [COLOURS[number % len(COLOURS)] for number, text in enumerate(tokens) for _ in text]
    with picture(path, width=4.4 * ACROSS, height=3.6 * down) as (axes,):
        *panels, legend = _cut(axes, down, ACROSS, len(planes) + 1)
        for panel, (layer, plane) in zip(panels, planes.items(), strict=True):
            panel.scatter(plane.points[:, 0], plane.points[:, 1], c=colours, s=9, linewidths=0)
            panel.margins(0.1)
            panel.set(title=layer)
            for axis, share in zip((panel.xaxis, panel.yaxis), plane.explained, strict=True):
                axis.set_label_text(f"{share:.0%} of the variance", fontsize=7)
                axis.set_tick_params(labelsize=6)
        for number, text in enumerate(texts):
            legend.scatter([], [], color=COLOURS[number % len(COLOURS)], s=20, label=plain(textwrap.fill(text, 55)))
        legend.set_axis_off()
        legend.legend(loc="center")
        settle(legend)
        for panel, plane in zip(panels, planes.values(), strict=True):
            label_points(panel, plane.points, words, colours)


def draw_parameters(path: Path, trunk: Mapping[str, int], decisions: Mapping[str, int]) -> None:
    """Draws how many parameters each part of a model has.

    Args:
        path: the PNG file.
        trunk: of the embeddings and blocks, by name.
        decisions: of the layers of the decisions, by name.
    """
    counts = {**trunk, **decisions}
    with picture(path, width=7, height=1.1 + 0.24 * len(counts)) as (axes,):
        for part, (name, found) in enumerate({"trunk": trunk, "decision": decisions}.items()):
            bars = axes.barh(list(found), list(found.values()), color=COLOURS[part], label=name)
            axes.bar_label(bars, [f"{number:,}" for number in found.values()], padding=3, fontsize=8)
        axes.invert_yaxis()
        axes.margins(x=0.15, y=0.02)
        axes.xaxis.set_major_formatter(EngFormatter())
        axes.set(xlabel="parameters", title=f"Where the {sum(counts.values()):,} parameters are")
        axes.legend(loc="lower right")


def _cut(axes: Axes, rows: int, columns: int, count: int) -> list[Axes]:
    """Cuts a panel into rows and columns, of which the first `count` become panels."""
    figure, cells = axes.figure, cast("SubplotSpec", axes.get_subplotspec()).subgridspec(rows, columns)
    axes.remove()
    return [figure.add_subplot(cells[divmod(place, columns)]) for place in range(count)]
