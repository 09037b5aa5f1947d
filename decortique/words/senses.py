"""Which sense a word has, layer by layer."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gensim.models import KeyedVectors
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, v_measure_score

from decortique.data.text import forms
from decortique.evaluation.paired_tests import holm, swap_test
from decortique.evaluation.settings import Evaluate
from decortique.words.geometry import cosines, means, unit
from decortique.words.pairs import Pair
from decortique.words.probe_sets import Sense
from decortique.words.states import Reader


def best_threshold(values: np.ndarray, same: np.ndarray) -> float:
    """Gives the threshold that predicts most pairs right; of several, the one in the middle.

    Args:
        values: (pairs,) of which those at or above the threshold are taken for one sense.
        same: (pairs,) bool.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    edges = np.concatenate([[-np.inf], (ordered[1:] + ordered[:-1]) / 2, [np.inf]])
    below = np.concatenate([[0], np.cumsum(~same[order])])  # of two senses, and below the edge
    above = same.sum() - np.concatenate([[0], np.cumsum(same[order])])
    # Between equal values there is no edge.
    right = np.where(np.concatenate([[True], np.diff(ordered) > 0, [True]]), below + above, -1)
    best = np.flatnonzero(right == right.max())
    return float(edges[best[len(best) // 2]])


def overlap(first: Sequence[str], second: Sequence[str]) -> float:
    """Gives the share of words that two texts have in common (Jaccard's index)."""
    one, other = set(first), set(second)
    return len(one & other) / len(one | other) if one | other else 0.0


def induced(states: np.ndarray, senses: Sequence[str], *, seed: int) -> tuple[float, float]:
    """Gives how well as many clusters as there are senses agree with them: adjusted Rand index and V-measure.

    Args:
        states: (occurrences, width) of one word; k-means sees their directions.
        senses: of each occurrence.
        seed: of k-means.
    """
    method = KMeans(n_clusters=len(set(senses)), n_init=10, random_state=seed)
    with warnings.catch_warnings():  # of fewer clusters, where a layer has the same vector in all contexts
        warnings.simplefilter("ignore", ConvergenceWarning)
        clusters = method.fit_predict(unit(states).astype(np.float64))
    return float(adjusted_rand_score(senses, clusters)), float(v_measure_score(senses, clusters))


def nearest(vector: np.ndarray, candidates: np.ndarray, names: Sequence[str], count: int) -> list[str]:
    """Gives the names of the nearest candidates by cosine, the nearest first."""
    near = unit(candidates) @ unit(vector)
    return [names[place] for place in np.argsort(-near, kind="stable")[:count]]


OVERLAP, PLACES, LENGTHS = "words in common", "place in the text alike", "length of the text alike"


def predicted_pairs(
    reader: Reader, pairs: Mapping[str, Sequence[Pair]], static: Mapping[str, KeyedVectors], bootstrap: Evaluate
) -> dict[str, Any]:
    """Measures how well the likeness of a word in two texts tells whether it has one sense there.

    The threshold of each is learnt on `train`, the layer is chosen on `validation`, and all are measured on `test`.

    Args:
        reader: the encoder.
        pairs: by split; none of a language without WordNet.
        static: vectors by name. Those of one word form are alike in any two texts, so that they must predict as a coin
            does; what they know of the texts is in the likeness of the means of all their words.
        bootstrap: of the intervals, over whole lemmas.

    Returns:
        `pairs`, `chosen` (the layer), and for each way to predict its `threshold`, `validation` and `test` accuracy, and
        the test of the chosen layer against it, which swaps the predictions on whole lemmas, corrected for their number.
    """
    if not pairs["test"]:
        return {}
    values = {split: {**_layers(reader, found), **_without(found, static)} for split, found in pairs.items()}
    same = {split: np.array([pair.same for pair in found]) for split, found in pairs.items()}
    thresholds = {name: best_threshold(found, same["train"]) for name, found in values["train"].items()}
    predicted = {
        split: {name: found >= thresholds[name] for name, found in values[split].items()}
        for split in ("validation", "test")
    }
    right = {split: {name: found == same[split] for name, found in ways.items()} for split, ways in predicted.items()}
    validation = {name: float(found.mean()) for name, found in right["validation"].items()}
    layers = [name for name in validation if name.startswith("layer ")]
    chosen = max(layers, key=lambda name: validation[name])
    others = [name for name in validation if name not in layers]
    lemmas = np.unique([pair.lemma for pair in pairs["test"]], return_inverse=True)[1]
    truth, best = same["test"].astype(int), predicted["test"][chosen].astype(int)
    tests = {
        name: swap_test(truth, predicted["test"][name].astype(int), best, groups=lemmas, last=1, seed=bootstrap.seed)[
            "accuracy_p"
        ]
        for name in others
    }
    corrected = dict(zip(tests, holm(list(tests.values())), strict=True))
    columns = np.stack(list(right["test"].values()), axis=1).astype(float)
    found = means(columns, bootstrap, groups=lemmas)
    measured = dict(zip(right["test"], found, strict=True))
    return {
        "pairs": {split: len(found) for split, found in pairs.items()},
        "chosen": chosen,
        "ways": {
            name: {
                "threshold": thresholds[name] if np.isfinite(thresholds[name]) else None,
                "validation": validation[name],
                "test": value.interval(bootstrap.confidence),
                **(
                    {
                        "chosen_minus_this": (measured[chosen] - value).interval(bootstrap.confidence),
                        "swap_p": tests[name],
                        "holm_p": corrected[name],
                    }
                    if name in tests
                    else {}
                ),
            }
            for name, value in measured.items()
        },
    }


def _layers(reader: Reader, pairs: Sequence[Pair]) -> dict[str, np.ndarray]:
    states = reader.read(
        [(pair.first, pair.first_place) for pair in pairs] + [(pair.second, pair.second_place) for pair in pairs]
    ).states
    first, second = states[:, : len(pairs)], states[:, len(pairs) :]
    return {f"layer {layer}": values for layer, values in enumerate(cosines(first, second))}


def _without(pairs: Sequence[Pair], static: Mapping[str, KeyedVectors]) -> dict[str, np.ndarray]:
    """Gives what can be told without a transformer."""
    found = {name: np.array([_alike(vectors, *pair.words) for pair in pairs]) for name, vectors in static.items()}
    for name, vectors in static.items():
        found[f"{name}, mean of the text"] = np.array(
            [cosines(mean_vector(vectors, pair.first), mean_vector(vectors, pair.second)) for pair in pairs]
        )
    words = [(forms(pair.first), forms(pair.second)) for pair in pairs]
    found[OVERLAP] = np.array([overlap(*both) for both in words])
    # Examples of one sense are often built alike, and an encoder knows where a word stands.
    places = np.array([(pair.first_place, pair.second_place) for pair in pairs])
    lengths = np.array([tuple(map(len, both)) for both in words])
    found[PLACES] = -np.abs(np.diff(places / lengths, axis=1)[:, 0])
    found[LENGTHS] = -np.abs(np.diff(lengths, axis=1)[:, 0]).astype(float)
    return found


def _alike(vectors: KeyedVectors, first: str, second: str) -> float:
    """Gives the cosine of two words, 1 for one word, 0 where one has no vector."""
    if first == second:
        return 1.0
    return float(vectors.similarity(first, second)) if first in vectors and second in vectors else 0.0


def mean_vector(vectors: KeyedVectors, text: str, without: str = "") -> np.ndarray:
    """Gives the mean of the vectors of a text's words; zeros where none has one.

    Args:
        vectors: static ones.
        text: the text.
        without: a word that is left out.
    """
    known = [vectors[form] for form in forms(text) if form in vectors and form != without]
    return np.mean(known, axis=0) if known else np.zeros(vectors.vector_size, np.float32)


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
