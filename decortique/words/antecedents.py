"""Is a pronoun nearer to what it refers to? Pairs of sentences in which one word predicts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gensim.models import KeyedVectors
from scipy.stats import binomtest

from decortique.evaluation.paired_tests import holm
from decortique.evaluation.settings import Evaluate
from decortique.words.geometry import cosines, means
from decortique.words.probe_sets import Reference, decider
from decortique.words.states import Reader

LEAST = 10  # pairs whose words have vectors; fewer tell nothing
ROUNDING = 1e-5  # of differences of cosines of float32 states


def antecedents(
    reader: Reader, references: Sequence[Reference], static: Mapping[str, KeyedVectors], bootstrap: Evaluate
) -> dict[str, Any]:
    """Measures, layer by layer, how often the pronoun is nearer to its antecedent than to the other noun.

    Two figures. `sentences`: of each sentence alone; half of them for vectors that do not change with the context, as
    what is right in one sentence of a pair is wrong in the other. `pairs`: whether the pronoun leans more towards each
    noun in the sentence where that one is meant; static vectors cannot lean.

    A word that goes with one of the nouns can give it away without any reference being understood. What that alone
    yields is in `association`: the noun whose static vector is nearer to that of the word that predicts.

    Args:
        reader: the encoder.
        references: the two sentences of a pair one after the other; none of a language without such pairs.
        static: vectors by name.
        bootstrap: of the intervals, over pairs.
    """
    if not references:
        return {"pairs": 0, "layers": {}, "association": {}}
    places = [
        (one.text, one.place(word)) for one in references for word in (one.pronoun, one.antecedent, one.distractor)
    ]
    states = reader.read(places).states
    pronoun, antecedent, distractor = np.moveaxis(states.reshape(len(states), len(references), 3, -1), 2, 0)
    margins = cosines(pronoun, antecedent) - cosines(pronoun, distractor)  # (layers, sentences)
    sentences = means((margins > 0).reshape(len(margins), -1, 2).mean(axis=2).T, bootstrap)
    leaning = _leaning(margins[:, ::2] + margins[:, 1::2])  # (layers, pairs)
    p_values = [_binomial(found) for found in leaning]
    return {
        "pairs": leaning.shape[1],
        "layers": {
            str(layer): {
                "sentences": sentence.interval(bootstrap.confidence),
                "pairs": pair.interval(bootstrap.confidence),
                "binomial_p": p_values[layer],
                "holm_p": corrected,
            }
            for layer, (sentence, pair, corrected) in enumerate(
                zip(sentences, means(leaning.T, bootstrap), holm(p_values), strict=True)
            )
        },
        "association": {name: _association(references, vectors, bootstrap) for name, vectors in static.items()},
    }


def _leaning(differences: np.ndarray) -> np.ndarray:
    """Gives 1 where a pronoun leans to what is meant, 0 to the other, and a half where it leans to neither.

    Before the first block, where the word that predicts changes nothing but itself (and, if it is cut into another
    number of pieces, the positions behind it), differences are rounding errors.
    """
    return np.where(np.abs(differences) < ROUNDING, 0.5, differences > 0)


def _binomial(leaning: np.ndarray) -> float:
    """Gives the p-value of the sign test: those that lean to neither say nothing."""
    told = leaning[leaning != 0.5]
    return float(binomtest(int(told.sum()), len(told)).pvalue) if len(told) else 1.0


def _association(references: Sequence[Reference], vectors: KeyedVectors, bootstrap: Evaluate) -> dict[str, Any]:
    """Measures what the likeness of a noun and the deciding word tells, in the pairs whose words all have vectors."""
    right = []
    for one, other in zip(references[::2], references[1::2], strict=True):
        margins = []
        for here, there in ((one, other), (other, one)):
            word = decider(here, there)
            if word and all(form in vectors for form in (word, here.antecedent, here.distractor)):
                margins.append(vectors.similarity(word, here.antecedent) - vectors.similarity(word, here.distractor))
        if len(margins) == 2:
            right.append(_leaning(np.sum(margins)))
    if len(right) < LEAST:
        return {"pairs": len(right)}
    found = means(np.array(right)[:, None], bootstrap)[0]
    return {"pairs": len(right), "right": found.interval(bootstrap.confidence)}
