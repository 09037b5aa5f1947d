"""Is a word used in the same sense in two texts? Decided by a threshold, for each layer and for what needs none."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gensim.models import KeyedVectors

from stages.representations.geometry import cosines, means
from stages.representations.senses import best_threshold, overlap
from stages.representations.states import Reader
from stages.settings.evaluate import Evaluate
from stages.statistics.comparison import swap_test
from stages.statistics.multiple import holm
from stages.words.pairs import Pair
from stages.words.splitting import forms

OVERLAP, PLACES, LENGTHS = "words in common", "place in the text alike", "length of the text alike"


def decided_pairs(
    reader: Reader, pairs: Mapping[str, Sequence[Pair]], static: Mapping[str, KeyedVectors], bootstrap: Evaluate
) -> dict[str, Any]:
    """Measures how well the likeness of a word in two texts tells whether it has one sense there.

    The threshold of each is learnt on `train`, the layer is chosen on `validation`, and all are measured on `test`.

    Args:
        reader: the encoder.
        pairs: by split; none of a language without WordNet.
        static: vectors by name. Those of one word form are alike in any two texts, so that they must decide as a coin
            does; what they know of the texts is in the likeness of the means of all their words.
        bootstrap: of the intervals, over whole lemmas.

    Returns:
        `pairs`, `chosen` (the layer), and for each way to decide its `threshold`, `validation` and `test` accuracy, and
        the test of the chosen layer against it, which swaps the decisions on whole lemmas, corrected for their number.
    """
    if not pairs["test"]:
        return {}
    values = {split: {**_layers(reader, found), **_without(found, static)} for split, found in pairs.items()}
    same = {split: np.array([pair.same for pair in found]) for split, found in pairs.items()}
    thresholds = {name: best_threshold(found, same["train"]) for name, found in values["train"].items()}
    decided = {
        split: {name: found >= thresholds[name] for name, found in values[split].items()}
        for split in ("validation", "test")
    }
    right = {split: {name: found == same[split] for name, found in ways.items()} for split, ways in decided.items()}
    validation = {name: float(found.mean()) for name, found in right["validation"].items()}
    layers = [name for name in validation if name.startswith("layer ")]
    chosen = max(layers, key=lambda name: validation[name])
    others = [name for name in validation if name not in layers]
    lemmas = np.unique([pair.lemma for pair in pairs["test"]], return_inverse=True)[1]
    truth, best = same["test"].astype(int), decided["test"][chosen].astype(int)
    tests = {
        name: swap_test(truth, decided["test"][name].astype(int), best, groups=lemmas, last=1, seed=bootstrap.seed)[
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
