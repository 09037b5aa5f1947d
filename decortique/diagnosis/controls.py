"""Controls of a baseline: kinds of words that it relies on, a random split."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from decortique.data.function_words import function_words
from decortique.data.masking import Names

# What the Romance languages elide before a vowel: "l'Europe" is about Europe, "d'Obama" about Obama.
ELIDED = re.compile(r"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|dell|nell|sull|all|dall|un)['’](?=\w{2})")
ENDING = re.compile(r"['’]\w*$")  # "Trump's", "isn't"

KINDS = ("names", "numbers", "content_words", "function_words", "punctuation")


def shares(features: Iterable[tuple[str, str, float]], language: str, names: Names) -> dict[str, dict[str, float]]:
    """Gives, for each label, the share of each kind among its strongest features.

    A feature of several words is of the first kind of `KINDS` that one of its words is of: a pair with a name counts as
    a name. Stems and lower case hide some names; where a language has no list of stop words, its function words count
    as content.

    Args:
        features: (label, feature, weight), as `strongest_features` gives them.
        language: two-letter code.
        names: as learnt from the corpus.
    """
    listed = function_words(language)
    counts: dict[str, Counter[str]] = {}
    for label, feature, _ in features:
        kinds = {_kind(word, listed, names) for word in feature.split()}
        counts.setdefault(label, Counter())[min(kinds, key=KINDS.index)] += 1
    return {label: {kind: found[kind] / found.total() for kind in KINDS} for label, found in counts.items()}


def _kind(word: str, listed: frozenset[str], names: Names) -> str:
    lower = word.lower()
    if any(character.isdecimal() for character in word):
        return "numbers"
    if not any(character.isalpha() for character in word):
        return "punctuation"
    # As it stands first: "o'clock" may be listed, and "Will" is a verb more often than a name.
    for form in (lower, word_within := ELIDED.sub("", lower), ENDING.sub("", word_within)):
        if form in listed:
            return "function_words"
        if form in names.words:
            return "names"
    return "content_words"


def dealt_at_random(splits: Mapping[str, np.ndarray], labels: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Deals examples anew to splits of the same sizes and labels, whatever their groups.

    Args:
        splits: (examples of it,) places of each split.
        labels: (examples,) class numbers.
        seed: of the deal.

    Returns:
        The places of each split, in order.
    """
    random = np.random.default_rng(seed)
    dealt: dict[str, list[np.ndarray]] = {name: [] for name in splits}
    for number in np.unique(labels):
        places = random.permutation(np.flatnonzero(labels == number))
        counts = [int((labels[found] == number).sum()) for found in splits.values()]
        for name, part in zip(splits, np.split(places, np.cumsum(counts)[:-1]), strict=True):
            dealt[name].append(part)
    return {name: np.sort(np.concatenate(parts)) for name, parts in dealt.items()}
