"""The senses of the probe set: found by clustering, and told apart by their neighbours."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gensim.models import KeyedVectors

from stages.representations.deciding import mean_vector
from stages.representations.geometry import means, unit
from stages.representations.senses import induced, nearest
from stages.settings.evaluate import Evaluate
from stages.words.probe_sets import Sense

MEASURES = ("adjusted_rand", "v_measure")


def by_word(senses: Sequence[Sense]) -> dict[str, list[int]]:
    """Gives which sentences are about each word."""
    found: dict[str, list[int]] = {}
    for place, sense in enumerate(senses):
        found.setdefault(sense.word, []).append(place)
    return found


def induced_senses(
    states: np.ndarray, senses: Sequence[Sense], static: Mapping[str, KeyedVectors], bootstrap: Evaluate, *, seed: int
) -> dict[str, Any]:
    """Clusters the occurrences of each word, and measures how well the clusters agree with its senses.

    A static vector of the word is the same in all of them, and leaves nothing to cluster; the mean of the static
    vectors of the other words is what the text gives away without a transformer.

    Args:
        states: (layers, sentences, width) of the words.
        senses: of the sentences; none of a language without such a set.
        static: vectors by name.
        bootstrap: of the intervals, over words.
        seed: of the clustering.
    """
    if not senses:
        return {}
    vectors = {f"layer {layer}": values for layer, values in enumerate(states)}
    for name, found in static.items():
        vectors[f"{name}, mean of the text"] = np.stack([mean_vector(found, one.text, one.word) for one in senses])
    words = by_word(senses)
    report: dict[str, Any] = {"words": len(words), "sentences": len(senses), "vectors": {}}
    for name, values in vectors.items():
        scores = np.array(
            [induced(values[places], [senses[place].sense for place in places], seed=seed) for places in words.values()]
        )
        found = means(scores, bootstrap)
        report["vectors"][name] = {
            measure: value.interval(bootstrap.confidence) for measure, value in zip(MEASURES, found, strict=True)
        }
    return report


def neighbour_table(
    states: np.ndarray,
    senses: Sequence[Sense],
    candidates: Sequence[str],
    bare: np.ndarray,
    static: Mapping[str, KeyedVectors],
    count: int,
) -> dict[str, Any]:
    """Gives the neighbours of each word: as a static vector, in each of its senses, and of what sets a sense apart.

    In context a word stays nearest to itself and its like, whatever its sense. What changes is seen in the difference
    between a sense and the mean of all senses of the word, and in candidates from which their mean is taken.

    Args:
        states: (sentences, width) of the words, of one layer.
        senses: of the sentences.
        candidates: words whose vectors could be near.
        bare: (candidates, width): each alone, of the same layer.
        static: vectors by name.
        count: of neighbours.
    """
    centred = unit(bare) - unit(bare).mean(axis=0)
    table: dict[str, Any] = {}
    for word, places in by_word(senses).items():
        named = {
            sense: [p for p in places if senses[p].sense == sense] for sense in {senses[p].sense: 0 for p in places}
        }
        vectors = {sense: unit(states[found]).mean(axis=0) for sense, found in named.items()}
        middle = np.mean(list(vectors.values()), axis=0)
        others = [place for place, candidate in enumerate(candidates) if candidate != word]
        names = [candidates[place] for place in others]
        table[word] = {
            "static": {name: _static(found, word, names, count) for name, found in static.items()},
            "senses": {
                sense: {
                    "nearest": nearest(vector, bare[others], names, count),
                    "sets_apart": nearest(vector - middle, centred[others], names, count),
                }
                for sense, vector in vectors.items()
            },
        }
    return table


def _static(vectors: KeyedVectors, word: str, names: Sequence[str], count: int) -> list[str]:
    known = [name for name in names if name in vectors]
    if word not in vectors or not known:
        return []
    return nearest(vectors[word], np.stack([vectors[name] for name in known]), known, count)
