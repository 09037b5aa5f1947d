"""The pictures of streams: what decoding gains, and what it does to the texts of some groups."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stages.pictures.style import COLOURS, picture
from stages.statistics.evaluation import Evaluation

PANELS = 3  # groups shown


def draw_decoding(path: Path, decoded: Evaluation, methods: Sequence[str], aim: str) -> None:
    """Draws accuracy, or F1 of the last label, with its interval: approaches across, methods of decoding by colour.

    Args:
        path: the PNG file.
        decoded: its approaches are called `<approach>/<method>`.
        methods: of decoding.
        aim: `accuracy` or `f1`.
    """
    lines = list(dict.fromkeys(name.split("/")[0] for name in decoded.decided))
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
    """Draws the largest groups of the test set: the truth as a band, each text's score, and what the methods decide.

    The scores are those of the last approach, by each method; the first method is shown as points, text by text.
    """
    line = list(decoded.decided)[-1].split("/")[0]
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
                score = decoded.decided[f"{line}/{method}"].probability[inside, label]
                style = {"marker": ".", "linestyle": "", "alpha": 0.6} if not number else {"linewidth": 1.3}
                axes.plot(at, score, color=COLOURS[number], label=method.replace("_", " "), **style)
            axes.set(title=name, xlabel="text of the group", ylim=(-0.02, 1.02))
        panels[0].set(ylabel=f"probability of {decoded.examples.labels[label]} ({line})")
        panels[-1].legend(loc="upper left", bbox_to_anchor=(1, 1), title="decoding")
