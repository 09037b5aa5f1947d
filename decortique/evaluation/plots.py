"""Pictures of an evaluation: ROC, calibration, confusion, accuracy, slices, generations, streams, trainings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, cycle, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from decortique.core.files import write_points
from decortique.core.plots import COLOURS, picture
from decortique.evaluation.decoding import Streams
from decortique.evaluation.generations import Generations, Line, generation_points, lineages
from decortique.evaluation.scores import Evaluation, Point, calibration_points, confusion_cells, roc_points

ASIDE: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1, 1)}  # a legend beside the last panel


def draw_intervals(axes: Axes, at: np.ndarray, scores: Sequence[Mapping[str, Any]], **style: Any) -> None:
    """Draw values with error bars at the x coordinates `at`."""
    value, low, high = (np.array([score[key] for score in scores], float) for key in ("value", "low", "high"))
    reach = np.maximum([value - low, high - value], 0)  # where all resamples are equal, a rounding error
    axes.errorbar(at, value, reach, **{"fmt": "o", "capsize": 3, **style})


def draw_series(
    axes: Axes, series: Mapping[str, Sequence[Mapping[str, Any]]], ticks: Sequence[str], width: float, **style: Any
) -> None:
    """Draw values with error bars: ticks across, series beside each other by colour."""
    for number, ((name, scores), colour) in enumerate(zip(series.items(), cycle(COLOURS), strict=False)):
        at = side_by_side(len(scores), number, len(series), width)
        draw_intervals(axes, at, scores, label=name, color=colour, **style)
    axes.set_xticks(range(len(ticks)), ticks)
    axes.grid(axis="y", alpha=0.3)


def side_by_side(count: int, number: int, of: int, width: float) -> np.ndarray:
    """Return the x coordinates of `count` points of one series, `number` of `of`, that is shifted by `width`."""
    return np.arange(count) + (number - (of - 1) / 2) * width


def draw_roc(path: Path, points: Iterable[Point], positive: str) -> None:
    """Draw ROC curves; the dotted diagonal is that of random predictions."""
    labels = {"xlabel": "false positive rate", "ylabel": "true positive rate", "title": f"ROC of {positive}"}
    _draw_curves(path, points, ("false_positive_rate", "true_positive_rate"), "lower right", labels)


def draw_calibration(path: Path, points: Iterable[Point], positive: str) -> None:
    """Draw reliability curves; on the dotted diagonal a probability is the share of the class."""
    labels = {"xlabel": f"probability given to {positive}", "ylabel": f"share of {positive}", "title": "Calibration"}
    _draw_curves(path, points, ("predicted", "observed"), "upper left", labels, marker="o", markersize=4)


def _draw_curves(
    path: Path, points: Iterable[Point], xy: tuple[str, str], legend: str, labels: Mapping[str, str], **style: Any
) -> None:
    with picture(path) as (axes,):
        axes.plot([0, 1], [0, 1], ":", color="grey", linewidth=1)
        for approach, group in groupby(points, key=itemgetter("approach")):
            axes.plot(*zip(*map(itemgetter(*xy), group), strict=True), label=approach, linewidth=1.5, **style)
        axes.set(**labels)
        axes.legend(loc=legend)


def draw_confusion(path: Path, cells: Iterable[Point], labels: list[str]) -> None:
    """Draw one confusion matrix per approach: rows are the truth, columns the predictions."""
    matrices = {
        approach: np.array([cell["count"] for cell in group]).reshape(len(labels), -1)
        for approach, group in groupby(cells, key=itemgetter("approach"))
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
    """Draw the accuracy of each approach on the test set and on each transfer set: set → approach → measures."""
    scores = {name: [one[name]["accuracy"] for one in sets.values()] for name in next(iter(sets.values()))}
    with picture(path, width=3 + 1.5 * len(sets), height=3.6) as (axes,):
        draw_series(axes, scores, list(sets), 0.15)
        axes.set(ylabel="accuracy", title=f"Accuracy with {confidence:.0%} intervals")
        axes.legend(**ASIDE)


TITLES = {
    "length": "tokens",
    "truncation": "cut off (0: whole, 1: cut)",
    "intensity": "strength of the opinion (0 to 4)",
    "disagreement": "spread of the raters' grades",
}
PEOPLE = {"ceiling": ("-", "people's own mean"), "person": (":", "a single person")}


def bounds(part: Mapping[str, Any]) -> str:
    """Format `from` and `to` of a part of the test set; one number where they are the same."""
    low, high = part["from"], part["to"]
    return f"{low:.2g}" if low == high else f"{low:.2g}–{high:.2g}"


def slice_points(slices: Mapping[str, Mapping[str, Any]]) -> Iterator[Point]:
    """Yield part, approach and accuracy with its interval; people count as approaches."""
    for kind, one in slices.items():
        for part in one["parts"]:
            people = {name: part["people"][name] for name in PEOPLE if name in part["people"]}
            for approach, score in {**part["accuracy"], **people}.items():
                yield {"part": f"{kind} {bounds(part)}", "approach": approach, **score}


def draw_slices(path: Path, slices: Mapping[str, Mapping[str, Any]], confidence: float) -> None:
    """Draw accuracy over the parts of the test set, a panel for each kind of which there are two parts or more."""
    kinds = {kind: one["parts"] for kind, one in slices.items() if len(one["parts"]) > 1}
    with picture(path, columns=max(len(kinds), 1), width=4.0, height=3.8) as panels:
        for axes, (kind, parts) in zip(panels, kinds.items(), strict=False):
            scores = {name: [part["accuracy"][name] for part in parts] for name in parts[0]["accuracy"]}
            draw_series(axes, scores, [f"{bounds(part)}\nn={part['texts']}" for part in parts], 0.1, capsize=2)
            for name, (dash, label) in PEOPLE.items():
                for number, part in enumerate(parts):
                    if name in part["people"]:
                        height, once = part["people"][name]["value"], None if number else label
                        axes.plot([number - 0.4, number + 0.4], [height] * 2, dash, color="grey", label=once)
            axes.set(xlabel=TITLES[kind], ylabel="accuracy" if axes is panels[0] else None, title=f"by {kind}")
        if kinds:
            panels[0].figure.suptitle(f"Accuracy on parts of the test set, {confidence:.0%} intervals")
            panels[-1].legend(**ASIDE)
        else:
            panels[0].text(0.5, 0.5, "too few texts to be cut into parts", ha="center")
            panels[0].set_axis_off()


GENERATION_PANELS = {
    "accuracy": "Accuracy",
    "agreement_with_ancestor": "Agreement with the ancestor",
    "entropy": "Entropy of the predictions (nats)",
}
DASHES = ["--", ":", "-."]


def draw_generations(path: Path, points: Sequence[Point], lines: Sequence[Sequence[str]], bars: str) -> None:
    """Draw three measures over the generations: lines of descent by colour, sets by dash, the first with bars.

    `points` are of `generation_points`; each of the `lines` of members goes from an ancestor to a student who teaches
    nobody; `bars` says what the bars are.
    """
    scores = {(point["measure"], point["set"], point["member"]): point for point in points}
    dashes = dict(zip(dict.fromkeys(str(point["set"]) for point in points), chain("-", cycle(DASHES)), strict=False))
    colours = dict(zip((" → ".join(line) for line in lines), cycle(COLOURS), strict=False))
    with picture(path, columns=len(GENERATION_PANELS), width=3.8, height=3.8 + 0.2 * len(lines)) as panels:
        for axes, (measure, title) in zip(panels, GENERATION_PANELS.items(), strict=True):
            for number, (line, colour) in enumerate(zip(lines, colours.values(), strict=True)):
                at = side_by_side(len(line), number, len(lines), 0.08)
                for name, dash in dashes.items():
                    values = [scores[measure, name, member] for member in line]
                    if dash == "-":
                        draw_intervals(axes, at, values, color=colour, fmt="o-", markersize=4)
                    else:
                        axes.plot(at, [one["value"] for one in values], dash, color=colour, linewidth=1)
            axes.set_xticks(range(max(map(len, lines))))
            axes.set(title=title, xlabel="generation (0: the ancestor)")
            axes.grid(axis="y", alpha=0.3)
        handles = [Line2D([], [], color=colour, label=line) for line, colour in colours.items()]
        panels[0].figure.legend(handles=handles, loc="outside lower left")
        styles = [Line2D([], [], color="grey", linestyle=dash, label=name) for name, dash in dashes.items()]
        panels[-1].legend(handles=styles, **ASIDE)
        panels[0].figure.suptitle(f"Bars on the test set: {bars}")


def draw_decoding(path: Path, decoded: Evaluation, methods: Sequence[str], aim: str) -> None:
    """Draw accuracy, or F1 of the last label, with its interval: approaches across, methods of decoding by colour.

    `aim` is `accuracy` or `f1`; the approaches of the evaluation are called `<approach>/<method>`.
    """
    approaches = list(dict.fromkeys(name.split("/")[0] for name in decoded.predicted))
    label, scores = decoded.examples.labels[-1], dict[str, list[Any]]()
    for method in methods:
        measures = [decoded.scores_of(f"{approach}/{method}")[aim] for approach in approaches]
        scores[method.replace("_", " ")] = [one[label] for one in measures] if aim == "f1" else measures
    with picture(path, width=2.5 + 1.1 * len(approaches), height=3.6) as (axes,):
        draw_series(axes, scores, approaches, 0.13)
        name = f"F1 of {label}" if aim == "f1" else "accuracy"
        axes.set(ylabel=name, title=f"{name[0].upper()}{name[1:]} with {decoded.settings.confidence:.0%} intervals")
        axes.legend(**ASIDE, title="decoding")


def draw_streams(
    path: Path, decoded: Evaluation, groups: Sequence[str], positions: Sequence[int], methods: Sequence[str]
) -> None:
    """Draw the three largest groups of the test set: the truth as a band, and each text's probability by each method.

    The probabilities are those of the last approach; the first method is drawn as points, text by text.
    """
    approach, label = list(decoded.predicted)[-1].split("/")[0], len(decoded.examples.labels) - 1
    largest = sorted(Streams.of(groups, positions).members, key=len, reverse=True)[:3]
    with picture(path, columns=len(largest), width=4.0, height=3.2) as panels:
        for axes, rows in zip(panels, largest, strict=True):
            at, truth = np.arange(len(rows)), decoded.examples.truth[rows] == label
            axes.fill_between(at, 0, 1, where=truth, step="mid", color="grey", alpha=0.25, linewidth=0)
            for number, method in enumerate(methods):
                score = decoded.predicted[f"{approach}/{method}"].probability[rows, label]
                style = {"marker": ".", "linestyle": "", "alpha": 0.6} if not number else {"linewidth": 1.3}
                axes.plot(at, score, color=COLOURS[number], label=method.replace("_", " "), **style)
            axes.set(title=groups[rows[0]], xlabel="text of the group", ylim=(-0.02, 1.02))
        panels[0].set(ylabel=f"probability of {decoded.examples.labels[label]} ({approach})")
        panels[-1].legend(**ASIDE, title="decoding")


def draw_features(path: Path, strongest: Mapping[str, Sequence[tuple[str, float]]]) -> None:
    """Draw the weights of the strongest features, a panel for each label: (feature, weight), strongest first."""
    longest = max((len(features) for features in strongest.values()), default=1)
    with picture(path, columns=max(len(strongest), 1), width=3.4, height=1 + 0.19 * longest) as panels:
        for axes, colour, (label, features) in zip(panels, COLOURS, strongest.items(), strict=False):
            names, weights = zip(*features, strict=True)
            axes.barh(range(len(names)), weights, color=colour)
            axes.set_yticks(range(len(names)), names)
            axes.invert_yaxis()
            axes.set(xlabel="weight", title=label)


Curve = tuple[np.ndarray, np.ndarray]  # steps, values
SMOOTH = 20  # steps of which the mean is drawn: single batches hide the trend


def draw_trainings(path: Path, losses: Mapping[str, Curve], validation: Mapping[str, Curve]) -> None:
    """Draw the training loss, and the accuracy on validation, of several models by name."""
    with picture(path, columns=2, width=4.6) as (left, right):
        for colour, (name, (steps, values)) in zip(COLOURS, losses.items(), strict=False):
            width = min(SMOOTH, len(values))
            smooth = np.convolve(values, np.ones(width) / width, mode="valid")
            left.plot(steps[width - 1 :], smooth, label=name, color=colour, linewidth=1.2)
            right.plot(*validation[name], "o-", label=name, color=colour, markersize=4)
        left.set(xlabel="step", ylabel=f"loss, mean of {SMOOTH} steps", title="Training")
        right.set(xlabel="step", ylabel="accuracy", title="Validation, after each epoch")
        left.grid(alpha=0.3)
        right.grid(alpha=0.3)
        right.legend(**ASIDE)


def write_score_plots(folder: Path, test: Evaluation, transfer: Mapping[str, Evaluation], confidence: float) -> None:
    """Draw the scores text by text, and write the points of the curves for `dvc plots`."""
    labels = list(test.examples.labels)
    draw_roc(folder / "roc.png", roc_points(test), labels[-1])
    draw_calibration(folder / "calibration.png", calibration_points(test), labels[-1])
    draw_confusion(folder / "confusion.png", confusion_cells(test), labels)
    for name, points in {"roc": roc_points, "calibration": calibration_points, "confusion": confusion_cells}.items():
        write_points(folder / f"{name}.csv", points(test))
    sets = {"test": test.scores(), **{name: evaluation.scores() for name, evaluation in transfer.items()}}
    draw_accuracy(folder / "accuracy.png", sets, confidence)


def write_generation_plots(
    folder: Path, family: Mapping[str, Line], generations: Mapping[str, Generations], confidence: float
) -> None:
    """Write the points of the generations, and draw them; without students, there are none."""
    points = list(generation_points(generations))
    write_points(folder / "generations.csv", points)
    if family:
        draw_generations(folder / "generations.png", points, lineages(family), f"{confidence:.0%} intervals")
