"""What was measured, as tables: of each word, and of each curve."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from stages.words.studied import Studied

Point = dict[str, str | float | int]


def word_points(words: list[str], values: Mapping[str, np.ndarray], studied: Studied) -> Iterator[Point]:
    """Yields what was measured of each word at each layer, raw."""
    kinds = {word: group for group, members in studied.groups.items() for word in members}
    for place, word in enumerate(words):
        for layer in range(len(next(iter(values.values()))[place])):
            yield {
                "word": word,
                "kind": kinds[word],
                "spelled": studied.spelled[word],
                "count": studied.counts[word],
                "compared_with": studied.matched.get(word, ""),
                "layer": layer,
                **{measure: float(found[place, layer]) for measure, found in values.items()},
            }


def curve_points(report: Mapping[str, Any]) -> Iterator[Point]:
    """Yields the corrected measures by kind of word and layer."""
    for measure, groups in report["measures"].items():
        for group, layers in groups.items():
            for layer, found in layers.items():
                yield {"measure": measure, "words": group, "layer": int(layer), **found["corrected"]}
