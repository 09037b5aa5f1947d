"""The pictures of words of several senses: are they told apart, and where do they lie?"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from matplotlib.figure import Figure

from stages.anatomy.projection import plane_of
from stages.pictures.labels import plain
from stages.pictures.layers import draw_sources, finish
from stages.pictures.style import COLOURS, picture
from stages.representations.inducing import by_word
from stages.words.probe_sets import Sense

MARKERS = "osD^vP*"


def draw_senses(path: Path, decided: Mapping[str, Any], induced: Mapping[str, Any]) -> None:
    """Draws how well each layer tells senses apart: by a threshold for two texts, and by clustering several.

    Args:
        path: the PNG file.
        decided: of `stages.representations.deciding`; empty for a language without WordNet.
        induced: of `stages.representations.inducing`; empty for a language without a probe set.
    """
    with picture(path, columns=max(1, bool(decided) + bool(induced)), width=4.8, height=4.6) as panels:
        if decided:
            draw_sources(panels[0], decided["ways"], "test", "cosine of the word in both texts")
            finish(panels[0], f"One sense or two? {decided['pairs']['test']} pairs", "accuracy on new words")
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
