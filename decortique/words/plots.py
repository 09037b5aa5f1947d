"""Pictures of words in and out of context."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from decortique.core.plots import COLOURS, picture, plain, plane_of
from decortique.words.senses import Sense, indices_by_word

DASHES = ("--", ":", "-.", (0, (1, 3)), (0, (5, 1, 1, 1)))
LAYER = "layer "
MARKERS = "osD^vP*"
TITLES = {
    "self_similarity": "Self-similarity",
    "intra_sentence": "Similarity with the sentence",
    "explained_variance": "Explained by one vector",
    "out_of_context": "Cosine with the word alone",
}


def draw_contextuality(path: Path, report: Mapping[str, Any]) -> None:
    """Draw each measure by group of words, corrected by random words, and the anisotropy."""
    with picture(path, columns=len(TITLES) + 1, width=3.3, height=4.2) as (*panels, last):
        for axes, (measure, title) in zip(panels, TITLES.items(), strict=True):
            groups = [name for name in report["measures"][measure] if name != "all"]
            for group, colour in zip(groups, COLOURS, strict=False):
                layers = report["measures"][measure][group].values()
                draw_curve(axes, [one["corrected"] for one in layers], group, colour)
            finish(axes, title, "above random words" if measure == "self_similarity" else "")
        draw_curve(last, list(report["anisotropy"].values()), "random words", COLOURS[3])
        finish(last, "Anisotropy: any two words", "mean cosine")


def draw_probes(path: Path, probes: Mapping[str, Any]) -> None:
    """Draw what a linear probe reads from pronouns, property by property, beside its controls."""
    with picture(path, columns=max(len(probes), 1), width=3.6, height=4.8) as panels:
        for axes, (name, scores) in zip(panels, probes.items(), strict=False):
            of_forms = "forms" in scores
            measure = "balanced_accuracy" if of_forms else "accuracy"
            draw_sources(axes, scores["vectors"], measure, "pronoun in context")
            axes.axhline(scores.get("chance", 0.5), color="grey", linewidth=0.8, label="chance")
            finish(axes, f"{name}, of unseen pronouns" if of_forms else name, measure.replace("_", " "))


def draw_antecedents(path: Path, report: Mapping[str, Any]) -> None:
    """Draw how often a pronoun is nearer to, or leans to, its antecedent."""
    with picture(path, width=5.2, height=4.4) as (axes,):
        if not report["pairs"]:
            axes.set(title="No pairs in this language")
            return
        layers = report["layers"].values()
        draw_curve(axes, [one["pairs"] for one in layers], "leans to its antecedent, of two sentences", COLOURS[0])
        draw_curve(axes, [one["sentences"] for one in layers], "nearer to its antecedent, in one sentence", COLOURS[1])
        axes.axhline(0.5, color="grey", linewidth=0.8, label="static vectors")
        for (name, one), dash in zip(report["association"].items(), DASHES, strict=False):
            if "right" in one:
                label = f"noun nearer to the deciding word, {name} ({one['pairs']} pairs)"
                axes.axhline(one["right"]["value"], color=COLOURS[2], linestyle=dash, linewidth=1, label=label)
        finish(axes, f"Pronouns and their antecedents, {report['pairs']} pairs", "share")


def draw_similarity(path: Path, sets: Mapping[str, Any]) -> None:
    """Draw how well vectors agree with people on the similarity of words."""
    with picture(path, columns=max(len(sets), 1), width=4.6, height=4.4) as panels:
        for axes, (name, judged) in zip(panels, sets.items(), strict=False):
            sources = {
                source if source.startswith(LAYER) else f"{source} ({one['coverage']:.0%})": one
                for source, one in judged["vectors"].items()
            }
            draw_sources(axes, sources, "spearman", "the word alone, by layer")
            finish(axes, f"{name}, {judged['pairs']} pairs", "Spearman's correlation with people")


def draw_senses(path: Path, pairs: Mapping[str, Any], senses: Mapping[str, Any]) -> None:
    """Draw how well each layer separates senses: by a threshold for two texts, and by clusters; either may be empty."""
    with picture(path, columns=max(1, bool(pairs) + bool(senses)), width=4.8, height=4.6) as panels:
        if pairs:
            draw_sources(panels[0], pairs["ways"], "test", "cosine of the word in both texts")
            finish(panels[0], f"One sense or two? {pairs['pairs']['test']} pairs", "accuracy on new words")
        if senses:
            draw_sources(panels[-1], senses["vectors"], "adjusted_rand", "the word in context")
            finish(panels[-1], f"Clusters compared with senses, {senses['words']} words", "adjusted Rand index")


def draw_words(path: Path, states: np.ndarray, senses: Sequence[Sense], count: int) -> None:
    """Draw the occurrences of the first `count` words, each in its own plane, at three of the layers of `states`."""
    words = dict(list(indices_by_word(senses).items())[:count])
    layers = (0, len(states) // 2, len(states) - 1)
    columns = max(len(words), 1)
    with picture(path, width=2.2 * columns + 0.6, height=2.2 * len(layers) + 0.6) as (axes,):
        figure = cast("Figure", axes.figure)
        axes.remove()
        panels = figure.subplots(len(layers), columns, squeeze=False)
        panels[0, 0].set_title("no word of several senses")
        for row, layer in zip(panels, layers, strict=True):
            row[0].set_ylabel(f"layer {layer}")
            for panel in row:
                panel.set(xticks=[], yticks=[])
            for panel, indices in zip(row, words.values(), strict=False):
                points, labels = plane_of(states[layer, indices]).points, np.array([senses[i].sense for i in indices])
                for name, colour, marker in zip(dict.fromkeys(labels), COLOURS, MARKERS, strict=False):
                    chosen = points[labels == name].T
                    panel.scatter(*chosen, s=18, color=colour, marker=marker, alpha=0.8, label=plain(name))
                panel.margins(0.15)
        for column, word in enumerate(words):
            panels[0, column].set_title(plain(word))
            panels[-1, column].legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2)


def draw_curve(axes: Axes, scores: Sequence[Mapping[str, float]], label: str, colour: str) -> None:
    """Draw a value by layer, its interval as a band."""
    value, low, high = (np.array([one[key] for one in scores]) for key in ("value", "low", "high"))
    axes.plot(value, "-", color=colour, label=label, marker="o", markersize=3)
    axes.fill_between(range(len(value)), low, high, color=colour, alpha=0.15, linewidth=0)


def draw_sources(axes: Axes, sources: Mapping[str, Any], measure: str, label: str) -> None:
    """Draw a measure of the sources `layer 0`, `layer 1` … as a curve, and of all others as horizontal lines."""
    draw_curve(axes, [one[measure] for name, one in sources.items() if name.startswith(LAYER)], label, COLOURS[0])
    others = {name: one for name, one in sources.items() if not name.startswith(LAYER) and measure in one}
    for (name, one), dash, colour in zip(others.items(), cycle(DASHES), cycle(COLOURS[1:])):
        axes.axhline(one[measure]["value"], linestyle=dash, color=colour, label=name, linewidth=1.2)


def finish(axes: Axes, title: str, ylabel: str = "") -> None:
    """Write the title and the legend of a panel whose x-axis counts layers."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", alpha=0.3)
    axes.set(title=title, xlabel="layer (0: the embeddings)", ylabel=ylabel)
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.16))
