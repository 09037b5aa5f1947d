"""Pictures of a diagnosis: attention, layers, parameters, suspected labels, flips, deletion of words."""

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import EngFormatter

from decortique.core.plots import COLOURS, Plane, label_points, picture, plain, settle

CELL = 0.11  # inches of a token in an attention map, so that its name can be read
MAX_NAMED = 16  # tokens of a text of which each is named
TITLE = 11  # letters of a title in an inch
COLUMNS = 3  # of panels of layers


def draw_attention(path: Path, text: str, tokens: Sequence[str], maps: np.ndarray) -> None:
    """Draw (blocks, heads, tokens, tokens) attention maps of a text, blocks down and heads across.

    In each map, a row shows what one token takes from the others.
    """
    blocks, heads, length, _ = maps.shape
    # One picture of all maps, with an empty line between them.
    spaced = np.pad(maps, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    mosaic = spaced.transpose(0, 2, 1, 3).reshape(blocks * (length + 1), heads * (length + 1))[:-1, :-1]
    named = length <= MAX_NAMED
    side = CELL * min(length + 1, MAX_NAMED + 1)
    with picture(path, width=side * heads + 2.2, height=side * blocks + 1.3) as (axes,):
        # The root of a weight, so that small ones show.
        image = axes.imshow(mosaic, cmap="Blues", norm=PowerNorm(0.5, 0, 1), interpolation="nearest", aspect="equal")
        axes.spines[:].set_visible(False)
        for axis, far, name, count in (
            (axes.xaxis, axes.secondary_xaxis("top"), "head", heads),
            (axes.yaxis, axes.secondary_yaxis("right"), "block", blocks),
        ):
            starts = np.arange(count) * (length + 1)
            ticks = (starts[:, None] + np.arange(length)).ravel()
            axis.set_ticks(ticks if named else [], [*map(plain, tokens)] * count if named else [], fontsize=5)
            axis.set_tick_params(length=0, pad=1)
            far.set_ticks(starts + (length - 1) / 2, [f"{name} {number + 1}" for number in range(count)])
            far.tick_params(length=0)
            far.spines[:].set_visible(False)
        axes.tick_params(axis="x", rotation=90)
        title = textwrap.fill(f"Attention in: {text}", max(30, int(TITLE * side * heads)))
        axes.set(xlabel="the token that is looked at", ylabel="the token that looks", title=plain(title))
        axes.figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02, label="weight; each row adds up to 1")


def draw_layers(path: Path, planes: Mapping[str, Plane], tokens: Sequence[Sequence[str]], texts: Sequence[str]) -> None:
    """Draw the tokens of some texts in the plane of each layer, a colour per text.

    The points of a plane are the tokens of all texts, one text after the other.
    """
    rows = math.ceil((len(planes) + 1) / COLUMNS)
    words = [token for text in tokens for token in text]
    colours = [COLOURS[number % len(COLOURS)] for number, text in enumerate(tokens) for _ in text]
    with picture(path, width=4.4 * COLUMNS, height=3.6 * rows) as (axes,):
        figure, cells = axes.figure, cast("SubplotSpec", axes.get_subplotspec()).subgridspec(rows, COLUMNS)
        axes.remove()
        *panels, legend = [figure.add_subplot(cells[divmod(number, COLUMNS)]) for number in range(len(planes) + 1)]
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


def draw_parameters(path: Path, encoder: Mapping[str, int], decisions: Mapping[str, int]) -> None:
    """Draw how many parameters each part of the encoder, and each layer of the decisions, has."""
    counts = {**encoder, **decisions}
    with picture(path, width=7, height=1.1 + 0.24 * len(counts)) as (axes,):
        for colour, (name, parts) in zip(COLOURS, {"encoder": encoder, "decision": decisions}.items(), strict=False):
            bars = axes.barh(list(parts), list(parts.values()), color=colour, label=name)
            axes.bar_label(bars, [f"{number:,}" for number in parts.values()], padding=3, fontsize=8)
        axes.invert_yaxis()
        axes.margins(x=0.15, y=0.02)
        axes.xaxis.set_major_formatter(EngFormatter())
        axes.set(xlabel="parameters", title=f"Where the {sum(counts.values()):,} parameters are")
        axes.legend(loc="lower right")


def draw_suspected(path: Path, labels: Mapping[str, Any], confidence: float) -> None:
    """Draw how often approaches predict against suspected labels, and the share suspected by grade."""
    parts = labels.get("by_absolute_grade", [])
    against = labels["second_opinion"]["predicts_against"]
    with picture(path, columns=2 if parts else 1, width=4.8, height=3.6) as panels:
        for number, (side, name) in enumerate((("suspected", "suspected"), ("others", "other"))):
            at, scores = np.arange(len(against)) + (number - 0.5) * 0.16, [scores[side] for scores in against.values()]
            _error_bars(panels[0], at, scores, color=COLOURS[number], label=f"{name} labels")
        panels[0].set_xticks(range(len(against)), list(against), rotation=20)
        title = f"Predictions against the label ({confidence:.0%} intervals)"
        panels[0].set(ylabel="share predicted against", ylim=(0, 1.05), title=title)
        if against:
            panels[0].legend(loc="upper right")
        if parts:
            axes = panels[1]
            _error_bars(axes, np.arange(len(parts)), [part["suspected"] for part in parts], color=COLOURS[0])
            axes.set_xticks(range(len(parts)), [f"{part['from']:.1f} to {part['to']:.1f}" for part in parts])
            axes.set(xlabel="absolute grade by people", ylabel="share suspected", title="Suspected labels by grade")
            axes.set_ylim(bottom=0)


def _error_bars(axes: Axes, at: np.ndarray, scores: Sequence[Mapping[str, float]], **style: Any) -> None:
    """Draw values with their intervals; the percentile interval of few texts need not hold their own mean."""
    value, low, high = (np.array([score[key] for score in scores]) for key in ("value", "low", "high"))
    axes.errorbar(at, value, np.maximum([value - low, high - value], 0), **{"fmt": "o", "capsize": 3, **style})
    axes.grid(axis="y", alpha=0.3)


MARKERS = "os^DvPX*"  # beside the colours, for many approaches in a small space
SPREAD = 0.7  # of the space of a rewrite that its approaches take


def draw_flips(path: Path, rewrites: Mapping[str, Any], confidence: float) -> None:
    """Draw the share of predictions that flip, with its interval: rewrites across, approaches by colour.

    Rewrites after which predictions should flip are on a grey ground.
    """
    approaches = list(next(iter(rewrites.values()))["approaches"])
    with picture(path, width=2.5 + 1.1 * len(rewrites), height=3.8) as (axes,):
        for number, approach in enumerate(approaches):
            at = np.arange(len(rewrites)) + (number - (len(approaches) - 1) / 2) * SPREAD / len(approaches)
            flips = [one["approaches"][approach]["flips"] for one in rewrites.values()]
            style = {"fmt": MARKERS[number % len(MARKERS)], "color": COLOURS[number % len(COLOURS)], "label": approach}
            _error_bars(axes, at, flips, **style, markersize=4, capsize=2, linewidth=1)
        names = []
        for number, (name, one) in enumerate(rewrites.items()):
            names.append(f"{name.replace('_', ' ')}\n{one['changed']} texts")
            if one["should"] == "flip":
                axes.axvspan(number - 0.5, number + 0.5, color="grey", alpha=0.15, linewidth=0)
                names[-1] += "\n(should flip)"
        axes.set_xticks(range(len(names)), names)
        axes.set(xlim=(-0.5, len(names) - 0.5), ylabel="share of predictions that flip")
        axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])  # so that points at zero are seen whole
        axes.set_title(f"Predictions that flip when texts are rewritten, with {confidence:.0%} intervals")
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


ORDERS = {"top": "the top words", "random": "random words"}
SHIFT = 0.05  # words between bars that would cover each other


def fall_points(scores: Mapping[str, Any]) -> Iterator[dict[str, str | float]]:
    """Yield the points of `draw_falls`."""
    for approach, by_count in scores.items():
        for count, one in by_count.items():
            for order in ORDERS:
                fall = {"fall": one[order]["value"], "low": one[order]["low"], "high": one[order]["high"]}
                yield {"approach": approach, "words": f"{count} {order}", **fall}


def draw_falls(path: Path, scores: Mapping[str, Any], confidence: float) -> None:
    """Draw the falls of `explanations.compare_falls`: a panel per approach, by the number of words deleted."""
    with picture(path, columns=max(1, len(scores)), width=3.6, height=3.6) as panels:
        for axes, (approach, by_count) in zip(panels, scores.items(), strict=False):
            counts = np.array([int(count) for count in by_count])
            for number, (order, label) in enumerate(ORDERS.items()):
                at, falls = counts + (2 * number - 1) * SHIFT, [one[order] for one in by_count.values()]
                _error_bars(axes, at, falls, fmt="o-", label=label, color=COLOURS[number])
            axes.axhline(0, linestyle=":", color="grey", linewidth=1)
            axes.set_xticks(sorted(counts))
            axes.set(title=approach, xlabel="words deleted")
        limits = [axes.get_ylim() for axes in panels]
        for axes in panels:  # one scale, to be compared
            axes.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        panels[0].set(ylabel="fall of the probability of the prediction")
        if scores:
            panels[0].legend(loc="upper left")
        panels[0].figure.suptitle(f"Predictions without the words that they rest on, {confidence:.0%} intervals")
