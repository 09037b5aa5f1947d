"""What kinds of words a bag of words relies on: names, numbers, function words, punctuation, or content."""

import re
from collections import Counter
from collections.abc import Iterable

from stages.corpora.masking import Names
from stages.words.lists import function_words

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
