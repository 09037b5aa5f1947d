"""Pictures of words in context."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from matplotlib.figure import Figure

from decortique.core.plots import COLOURS, draw_curve, draw_sources, finish, picture, plain, plane_of
from decortique.words.probe_sets import Sense
from decortique.words.senses import by_word

TITLES = {
    "self_similarity": "Self-similarity",
    "intra_sentence": "Similarity with the sentence",
    "explained_variance": "Explained by one vector",
    "out_of_context": "Cosine with the word alone",
}


def draw_contextuality(path: Path, report: Mapping[str, Any]) -> None:
    """Draws each measure by kind of word, corrected by what random words have, and that itself.

    Args:
        path: the PNG file.
        report: of `decortique.words.contextuality`.
    """
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
    """Draws what a linear probe reads from pronouns, property by property, beside its controls."""
    with picture(path, columns=max(len(probes), 1), width=3.6, height=4.8) as panels:
        for axes, (name, found) in zip(panels, probes.items(), strict=False):
            of_forms = "forms" in found
            measure = "balanced_accuracy" if of_forms else "accuracy"
            draw_sources(axes, found["vectors"], measure, "pronoun in context")
            axes.axhline(found.get("chance", 0.5), color="grey", linewidth=0.8, label="chance")
            finish(axes, f"{name}, of unseen pronouns" if of_forms else name, measure.replace("_", " "))


def draw_antecedents(path: Path, found: Mapping[str, Any]) -> None:
    """Draws how often a pronoun is nearer to, or leans to, what it refers to."""
    with picture(path, width=5.2, height=4.4) as (axes,):
        if not found["pairs"]:
            axes.set(title="No pairs in this language")
            return
        layers = list(found["layers"].values())
        draw_curve(axes, [one["pairs"] for one in layers], "leans to what is meant, of two sentences", COLOURS[0])
        draw_curve(axes, [one["sentences"] for one in layers], "nearer to what is meant, in one sentence", COLOURS[1])
        axes.axhline(0.5, color="grey", linewidth=0.8, label="vectors that no context changes")
        for (name, one), dash in zip(found["association"].items(), ("--", ":", "-."), strict=False):
            if "right" in one:
                axes.axhline(
                    one["right"]["value"],
                    color=COLOURS[2],
                    linestyle=dash,
                    linewidth=1,
                    label=f"noun nearer to the deciding word, {name} ({one['pairs']} pairs)",
                )
        finish(axes, f"Pronouns and their antecedents, {found['pairs']} pairs", "share")


def draw_similarity(path: Path, sets: Mapping[str, Any]) -> None:
    """Draws how well vectors agree with people on the likeness of words."""
    with picture(path, columns=max(len(sets), 1), width=4.6, height=4.4) as panels:
        for axes, (name, found) in zip(panels, sets.items(), strict=False):
            shown = {
                source if source.startswith("layer") else f"{source} ({one['coverage']:.0%})": one
                for source, one in found["vectors"].items()
            }
            draw_sources(axes, shown, "spearman", "the word alone, by layer")
            finish(axes, f"{name}, {found['pairs']} pairs", "Spearman's correlation with people")


MARKERS = "osD^vP*"


def draw_senses(path: Path, predicted: Mapping[str, Any], induced: Mapping[str, Any]) -> None:
    """Draws how well each layer tells senses apart: by a threshold for two texts, and by clustering several.

    Args:
        path: the PNG file.
        predicted: of `decortique.words.senses`; empty for a language without WordNet.
        induced: of `decortique.words.senses`; empty for a language without a probe set.
    """
    with picture(path, columns=max(1, bool(predicted) + bool(induced)), width=4.8, height=4.6) as panels:
        if predicted:
            draw_sources(panels[0], predicted["ways"], "test", "cosine of the word in both texts")
            finish(panels[0], f"One sense or two? {predicted['pairs']['test']} pairs", "accuracy on new words")
        if induced:
            draw_sources(panels[-1], induced["vectors"], "adjusted_rand", "the word in context")
            finish(panels[-1], f"Senses found by clustering, {induced['words']} words", "adjusted Rand index")


def draw_words(path: Path, states: np.ndarray, senses: Sequence[Sense], shown: int) -> None:
    """Draws the occurrences of a few words, each in its own plane, at the first, the middle and the last layer.

    Args:
        path: the PNG file.
        states: (layers, sentences, width).
        senses: of the sentences.
        shown: how many words.
    """
    words = dict(list(by_word(senses).items())[:shown]) or {"no word of several senses": []}
    layers = (0, len(states) // 2, len(states) - 1)
    with picture(path, width=2.2 * len(words) + 0.6, height=2.2 * len(layers) + 0.6) as (axes,):
        figure = cast("Figure", axes.figure)
        axes.remove()
        panels = figure.subplots(len(layers), len(words), squeeze=False)
        for column, (word, places) in enumerate(words.items()):
            names = list(dict.fromkeys(senses[place].sense for place in places))
            for row, layer in enumerate(layers):
                panel = panels[row, column]
                panel.set(xticks=[], yticks=[])
                if not places:
                    continue
                points = plane_of(states[layer, places]).points
                for name, colour, marker in zip(names, COLOURS, MARKERS, strict=False):
                    chosen = [number for number, place in enumerate(places) if senses[place].sense == name]
                    panel.scatter(*points[chosen].T, s=18, color=colour, marker=marker, alpha=0.8, label=plain(name))
                panel.margins(0.15)
            panels[0, column].set_title(plain(word))
            if places:
                panels[-1, column].legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2)
        for row, layer in enumerate(layers):
            panels[row, 0].set_ylabel(f"layer {layer}")
