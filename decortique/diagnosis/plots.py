"""Pictures of a diagnosis."""

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


def draw_parameters(path: Path, trunk: Mapping[str, int], predictions: Mapping[str, int]) -> None:
    """Draws how many parameters each part of a model has.

    Args:
        path: the PNG file.
        trunk: of the embeddings and blocks, by name.
        predictions: of the layers of the predictions, by name.
    """
    counts = {**trunk, **predictions}
    with picture(path, width=7, height=1.1 + 0.24 * len(counts)) as (axes,):
        for part, (name, found) in enumerate({"trunk": trunk, "prediction": predictions}.items()):
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


Interval = Mapping[str, float]


def draw_doubts(path: Path, labels: Mapping[str, Any], confidence: float) -> None:
    """Draws what speaks for the suspicions of a task.

    Args:
        path: the PNG file.
        labels: that part of `data/results/validity/<task>/audit.json`.
        confidence: of the intervals, for the caption.
    """
    parts = labels.get("by_absolute_grade", [])
    against = labels["second_opinion"]["predicts_against"]
    with picture(path, columns=2 if parts else 1, width=4.8, height=3.6) as panels:
        for place, (side, name) in enumerate((("suspected", "suspected"), ("others", "other"))):
            found = [scores[side] for scores in against.values()]
            at = [number + (place - 0.5) * 0.16 for number in range(len(found))]
            _bars(panels[0], at, found, COLOURS[place], f"{name} labels")
        panels[0].set_xticks(range(len(against)), list(against), rotation=20)
        panels[0].set(
            ylabel="share predicted against",
            ylim=(0, 1.05),
            title=f"Predictions against the label ({confidence:.0%} intervals)",
        )
        if against:
            panels[0].legend(loc="upper right")
        if parts:
            _bars(panels[1], list(range(len(parts))), [part["suspected"] for part in parts], COLOURS[0])
            panels[1].set_xticks(range(len(parts)), [f"{part['from']:.1f} to {part['to']:.1f}" for part in parts])
            panels[1].set(
                xlabel="absolute grade by people", ylabel="share suspected", title="Suspected labels by grade"
            )
            panels[1].set_ylim(bottom=0)
        for axes in panels:
            axes.grid(axis="y", alpha=0.3)


def _bars(axes: Axes, at: Sequence[float], found: Sequence[Interval], colour: str, name: str | None = None) -> None:
    middle = [one["value"] for one in found]
    # The percentile interval of few texts need not hold their own mean.
    reach = [
        [max(one["value"] - one["low"], 0) for one in found],
        [max(one["high"] - one["value"], 0) for one in found],
    ]
    axes.errorbar(at, middle, yerr=reach if found else None, fmt="o", capsize=3, color=colour, label=name)


TURN = "turn"
MARKERS = "os^DvPX*"  # beside the colours, for many approaches in a small space
SPREAD = 0.7  # of the room of a rewrite that its approaches take


def draw_flips(path: Path, rewrites: Mapping[str, Any], confidence: float) -> None:
    """Draws the share of predictions that flip, with its interval: rewrites across, approaches by colour.

    On a grey ground stand rewrites that turn the claim round: there, predictions should flip.

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
        axes.set(xlim=(-0.5, len(names) - 0.5), ylabel="share of predictions that flip")
        axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])  # so that points at zero are seen whole
        axes.set_title(f"Predictions that flip when texts are rewritten, with {confidence:.0%} intervals")
        axes.grid(axis="y", alpha=0.3)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


ORDERS = {"weightiest": "the weightiest words", "by_lot": "words by lot"}
ASIDE = 0.05  # words between bars that would cover each other


def fall_points(scores: Mapping[str, Any]) -> Iterator[dict[str, str | float]]:
    """Yields the points of the picture.

    Args:
        scores: approach → number of words taken out → `weightiest` and `by_lot`, each with `value`, `low` and `high`.
    """
    for approach, by_count in scores.items():
        for count, found in by_count.items():
            for order in ORDERS:
                one = found[order]
                words = f"{count} {order.replace('_', ' ')}"
                yield {
                    "approach": approach,
                    "words": words,
                    "fall": one["value"],
                    "low": one["low"],
                    "high": one["high"],
                }


def draw_falls(path: Path, scores: Mapping[str, Any], confidence: float) -> None:
    """Draws a panel per approach: the fall of the probability of its prediction by the number of words taken out.

    Args:
        path: the PNG file.
        scores: as for `fall_points`.
        confidence: of the intervals, for the caption.
    """
    with picture(path, columns=max(1, len(scores)), width=3.6, height=3.6) as panels:
        for axes, (approach, by_count) in zip(panels, scores.items(), strict=False):
            counts = np.array([int(count) for count in by_count])
            for place, (order, label) in enumerate(ORDERS.items()):
                value, low, high = (
                    np.array([found[order][key] for found in by_count.values()]) for key in ("value", "low", "high")
                )
                reach = np.maximum([value - low, high - value], 0)  # of texts that are all alike, a rounding error
                at = counts + (2 * place - 1) * ASIDE
                axes.errorbar(at, value, reach, fmt="o-", capsize=3, label=label, color=COLOURS[place])
            axes.axhline(0, linestyle=":", color="grey", linewidth=1)
            axes.set_xticks(sorted(counts))
            axes.set(title=approach, xlabel="words taken out")
            axes.grid(axis="y", alpha=0.3)
        limits = [axes.get_ylim() for axes in panels]
        for axes in panels:  # to be compared
            axes.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        panels[0].set(ylabel="fall of the probability of the prediction")
        if scores:
            panels[0].legend(loc="upper left")
        panels[0].figure.suptitle(f"Predictions without the words that they rest on, {confidence:.0%} intervals")
