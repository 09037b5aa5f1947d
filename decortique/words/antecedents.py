"""Is a pronoun nearer to its antecedent? Pairs of sentences in which a single word decides what the pronoun means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gensim.models import KeyedVectors
from scipy.stats import binomtest

from decortique.core.files import StageError
from decortique.data.text import forms
from decortique.evaluation.paired_tests import holm
from decortique.evaluation.settings import Evaluate
from decortique.words.corpus import probe_set_file, read_probe_set
from decortique.words.similarity import cosines, mean_intervals
from decortique.words.states import Reader

MIN_PAIRS = 10  # whose words have static vectors, for a result
ROUNDING = 1e-5  # of differences of cosines of float32 states


@dataclass(frozen=True, slots=True)
class Reference:
    """A sentence in which a pronoun refers to one of two nouns."""

    pair: str  # shared by two sentences that differ in one word, which decides between the nouns
    text: str
    pronoun: str
    antecedent: str
    distractor: str

    def index(self, word: str) -> int:
        """Return the index of one of the three words in the text."""
        return forms(self.text).index(word)


def read_references(language: str) -> list[Reference]:
    """Read `probes/<language>/antecedents.tsv`, the two sentences of a pair one after the other; none without it."""
    path = probe_set_file(language, "antecedents")
    three = ("pronoun", "antecedent", "distractor")
    rows = read_probe_set(path, ("pair", "text", *three), once=three)
    references = [Reference(**row | {name: row[name].lower() for name in three}) for row in rows]
    for one, other in zip(references[::2], references[1::2], strict=False):
        same = (one.pair, one.pronoun, one.antecedent, one.distractor)
        if same != (other.pair, other.pronoun, other.distractor, other.antecedent) or not deciding_word(one, other):
            fault = "are no pair: two lines that differ in one word, and swap their nouns"
            raise StageError(f"{path}: {one.text!r} and {other.text!r} {fault}")
    if len(references) % 2:
        raise StageError(f"{path}: the last sentence has no other of its pair")
    return references


def deciding_word(one: Reference, other: Reference) -> str | None:
    """Return the word of a sentence that the other of its pair does not have; None if that is not a single one."""
    words, others = forms(one.text), forms(other.text)
    changed = [word for word, there in zip(words, others, strict=False) if word != there]
    return changed[0] if len(words) == len(others) and len(changed) == 1 else None


def antecedents(
    reader: Reader, references: Sequence[Reference], static: Mapping[str, KeyedVectors], bootstrap: Evaluate
) -> dict[str, Any]:
    """Measure, layer by layer, how often the pronoun is nearer to its antecedent than to the other noun.

    `sentences`: of each sentence alone; half of them for static vectors, as what is right in one sentence of a pair is
    wrong in the other. `pairs`: whether the pronoun leans more towards each noun in the sentence where that one is
    meant. `association`: the share that each of the `static` vectors gets right by the noun that is nearer to the
    deciding word, which can reveal the antecedent without any reference being understood.
    """
    if not references:
        return {"pairs": 0, "layers": {}, "association": {}}
    words = [(one, word) for one in references for word in (one.pronoun, one.antecedent, one.distractor)]
    states = reader.read([(one.text, one.index(word)) for one, word in words]).states
    pronoun, antecedent, distractor = np.moveaxis(states.reshape(len(states), len(references), 3, -1), 2, 0)
    margins = cosines(pronoun, antecedent) - cosines(pronoun, distractor)  # (layers, sentences)
    leaning = _leaning(margins[:, ::2] + margins[:, 1::2])  # (layers, pairs)
    decided = [layer[layer != 0.5] for layer in leaning]
    p_values = [float(binomtest(int(one.sum()), len(one)).pvalue) if len(one) else 1.0 for one in decided]
    columns: dict[str, list[Any]] = {
        "sentences": mean_intervals((margins > 0).reshape(len(margins), -1, 2).mean(axis=2).T, bootstrap),
        "pairs": mean_intervals(leaning.T, bootstrap),
        "binomial_p": p_values,
        "holm_p": holm(p_values),
    }
    return {
        "pairs": leaning.shape[1],
        "layers": {str(n): {name: values[n] for name, values in columns.items()} for n in range(len(leaning))},
        "association": {name: _association(references, vectors, bootstrap) for name, vectors in static.items()},
    }


def _leaning(differences: np.ndarray) -> np.ndarray:
    """Return 1 where a pronoun leans to its antecedent, 0 to the other noun, and a half where it leans to neither.

    Before the first block, where the deciding word changes nothing but itself (and, if it is split into another number
    of tokens, the positions behind it), differences are rounding errors.
    """
    return np.where(np.abs(differences) < ROUNDING, 0.5, differences > 0)


def _association(references: Sequence[Reference], vectors: KeyedVectors, bootstrap: Evaluate) -> dict[str, Any]:
    """Measure how often the deciding word is nearer to the antecedent, in the pairs whose words all have vectors."""
    right = []
    for one, other in zip(references[::2], references[1::2], strict=True):
        margins = []
        for here, there in ((one, other), (other, one)):
            word = deciding_word(here, there)
            if word and all(form in vectors for form in (word, here.antecedent, here.distractor)):
                margins.append(vectors.similarity(word, here.antecedent) - vectors.similarity(word, here.distractor))
        if len(margins) == 2:
            right.append(_leaning(np.sum(margins)))
    share = {"right": mean_intervals(np.array(right)[:, None], bootstrap)[0]} if len(right) >= MIN_PAIRS else {}
    return {"pairs": len(right), **share}
