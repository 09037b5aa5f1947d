"""Pictures of an evaluation."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, cycle, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from decortique.core.plots import COLOURS, picture
from decortique.evaluation.scores import Evaluation, Point
from decortique.evaluation.slices import bounds


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
    """Draws one confusion matrix per approach: rows are the truth, columns the predictions."""
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
            axes.set(title=approach, xlabel="prediction", ylabel="truth" if axes is panels[0] else None)


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


GENERATION_PANELS = {
    "accuracy": "Accuracy",
    "agreement_with_ancestor": "Agreement with the ancestor",
    "entropy": "Entropy of the predictions (nats)",
}
DASHES = ["--", ":", "-."]
ASIDE = 0.08  # generations between lines that would cover each other


def draw_generations(path: Path, points: Sequence[Point], lines: Sequence[Sequence[str]], bars: str) -> None:
    """Draws three measures over the generations: lines of descent by colour, sets by dash, `test` with bars.

    Args:
        path: the PNG file.
        points: of `generation_points`, the first set of which is `test`.
        lines: members, each from an ancestor to a student who teaches nobody.
        bars: what they reach over, for the caption.
    """
    found = {(point["measure"], point["set"], point["member"]): point for point in points}
    dashes = dict(zip(dict.fromkeys(str(point["set"]) for point in points), chain("-", cycle(DASHES)), strict=False))
    colours = dict(zip((" → ".join(line) for line in lines), cycle(COLOURS), strict=False))
    with picture(path, columns=len(GENERATION_PANELS), width=3.8, height=3.8 + 0.2 * len(lines)) as panels:
        for axes, (measure, title) in zip(panels, GENERATION_PANELS.items(), strict=True):
            for place, (line, colour) in enumerate(zip(lines, colours.values(), strict=True)):
                at = np.arange(len(line)) + (place - (len(lines) - 1) / 2) * ASIDE
                for name, dash in dashes.items():
                    _draw_line(axes, at, [found[measure, name, member] for member in line], colour, dash)
            axes.set_xticks(range(max(map(len, lines))))
            axes.set(title=title, xlabel="generation (0: the ancestor)")
            axes.grid(axis="y", alpha=0.3)
        handles = [Line2D([], [], color=colour, label=line) for line, colour in colours.items()]
        panels[0].figure.legend(handles=handles, loc="outside lower left")
        styles = [Line2D([], [], color="grey", linestyle=dash, label=name) for name, dash in dashes.items()]
        panels[-1].legend(handles=styles, loc="upper left", bbox_to_anchor=(1, 1))
        panels[0].figure.suptitle(f"Bars on the test set: {bars}")


def _draw_line(axes: Axes, at: np.ndarray, points: Sequence[Point], colour: str, dash: str) -> None:
    value, low, high = (np.array([point[key] for point in points], float) for key in ("value", "low", "high"))
    if dash == "-":
        reach = np.maximum([value - low, high - value], 0)  # of who is always equally sure, it is a rounding error
        axes.errorbar(at, value, reach, color=colour, fmt="o-", markersize=4, capsize=3)
    else:
        axes.plot(at, value, dash, color=colour, linewidth=1)


PANELS = 3  # groups shown


def draw_decoding(path: Path, decoded: Evaluation, methods: Sequence[str], aim: str) -> None:
    """Draws accuracy, or F1 of the last label, with its interval: approaches across, methods of decoding by colour.

    Args:
        path: the PNG file.
        decoded: its approaches are called `<approach>/<method>`.
        methods: of decoding.
        aim: `accuracy` or `f1`.
    """
    lines = list(dict.fromkeys(name.split("/")[0] for name in decoded.predicted))
    label = decoded.examples.labels[-1]
    with picture(path, width=2.5 + 1.1 * len(lines), height=3.6) as (axes,):
        for place, method in enumerate(methods):
            found = [decoded.scores_of(f"{line}/{method}")[aim] for line in lines]
            scores = [score[label] if aim == "f1" else score for score in found]
            middle = np.array([score["value"] for score in scores])
            reach = [middle - [score["low"] for score in scores], [score["high"] for score in scores] - middle]
            at = np.arange(len(lines)) + (place - (len(methods) - 1) / 2) * 0.13
            axes.errorbar(at, middle, np.abs(reach), fmt="o", capsize=3, label=method.replace("_", " "))
        axes.set_xticks(range(len(lines)), lines)
        name = f"F1 of {label}" if aim == "f1" else "accuracy"
        axes.set(ylabel=name, title=f"{name[0].upper()}{name[1:]} with {decoded.settings.confidence:.0%} intervals")
        axes.grid(axis="y", alpha=0.3)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), title="decoding")


def draw_streams(
    path: Path, decoded: Evaluation, groups: Sequence[str], positions: Sequence[int], methods: Sequence[str]
) -> None:
    """Draws the largest groups of the test set: the truth as a band, each text's score, and what the methods predict.

    The scores are those of the last approach, by each method; the first method is shown as points, text by text.
    """
    line = list(decoded.predicted)[-1].split("/")[0]
    names, label = np.array(groups), len(decoded.examples.labels) - 1
    sizes = {name: int((names == name).sum()) for name in dict.fromkeys(groups)}
    shown = sorted(sizes, key=lambda name: -sizes[name])[:PANELS]
    with picture(path, columns=len(shown), width=4.0, height=3.2) as panels:
        for axes, name in zip(panels, shown, strict=True):
            inside = np.flatnonzero(names == name)
            inside = inside[np.argsort(np.asarray(positions)[inside], kind="stable")]
            at = np.arange(len(inside))
            truth = decoded.examples.truth[inside] == label
            axes.fill_between(at, 0, 1, where=truth, step="mid", color="grey", alpha=0.25, linewidth=0)
            for number, method in enumerate(methods):
                score = decoded.predicted[f"{line}/{method}"].probability[inside, label]
                style = {"marker": ".", "linestyle": "", "alpha": 0.6} if not number else {"linewidth": 1.3}
                axes.plot(at, score, color=COLOURS[number], label=method.replace("_", " "), **style)
            axes.set(title=name, xlabel="text of the group", ylim=(-0.02, 1.02))
        panels[0].set(ylabel=f"probability of {decoded.examples.labels[label]} ({line})")
        panels[-1].legend(loc="upper left", bbox_to_anchor=(1, 1), title="decoding")
