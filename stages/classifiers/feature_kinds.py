"""What kinds of words a bag of words relies on: names, numbers, function words, punctuation, or content."""

from collections import Counter
from collections.abc import Iterable

from stop_words import get_stop_words

from stages.classifiers.bag_of_words import LANGUAGES
from stages.corpora.masking import Names

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
    function_words = set(get_stop_words(LANGUAGES[language])) if language in LANGUAGES else set()
    counts: dict[str, Counter[str]] = {}
    for label, feature, _ in features:
        kinds = {_kind(word, function_words, names) for word in feature.split()}
        counts.setdefault(label, Counter())[min(kinds, key=KINDS.index)] += 1
    return {label: {kind: found[kind] / found.total() for kind in KINDS} for label, found in counts.items()}


def _kind(word: str, function_words: set[str], names: Names) -> str:
    lower = word.lower()
    if any(character.isdecimal() for character in word):
        return "numbers"
    if not any(character.isalpha() for character in word):
        return "punctuation"
    if lower in function_words or lower.split("'")[0].split("’")[0] in function_words:
        return "function_words"
    return "names" if lower.split("'")[0].split("’")[0] in names.words else "content_words"
