"""Which words of a language are studied: its pronouns, other stop words, and content words as frequent as they are."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from stages.words.lists import content_words, function_words

LARGEST_RATIO = 1.25  # between the frequencies of two words that are taken for equally frequent

PRONOUNS, STOP_WORDS, CONTENT_WORDS = "pronouns", "stop words", "content words"


@dataclass(frozen=True, slots=True)
class Studied:
    """The words by group, each group in order of frequency, and who is compared with whom.

    Attributes:
        groups: words by group.
        matched: pronoun or stop word → the content word that is as frequent; without those that have none.
        spelled: how each is written most often.
        counts: how often each occurs, however it is written.
    """

    groups: Mapping[str, list[str]]
    matched: Mapping[str, str]
    spelled: Mapping[str, str]
    counts: Mapping[str, int]


def choose_words(
    spellings: Mapping[str, Counter[str]],
    pronouns: Collection[str],
    language: str,
    *,
    least: int,
    stop_words: int,
    seed: int,
) -> Studied:
    """Chooses the words to study.

    Args:
        spellings: how often each word occurs, by how it is written.
        pronouns: of the language.
        language: two-letter code.
        least: rarer words are left out.
        stop_words: how many, drawn at random of those on the list that are no pronouns.
        seed: of the draw.
    """
    counts = {word: found.total() for word, found in spellings.items()}
    frequent = sorted((word for word in counts if counts[word] >= least), key=lambda word: (-counts[word], word))
    found = [word for word in frequent if word in pronouns]
    listed = [word for word in frequent if word in function_words(language) and word not in pronouns]
    drawn = np.random.default_rng(seed).permutation(len(listed))[:stop_words]
    chosen = [listed[place] for place in sorted(drawn)]
    content = [word for word in content_words(frequent, language) if word not in pronouns]
    matched = match_by_frequency([*found, *chosen], content, counts)
    groups = {PRONOUNS: found, STOP_WORDS: chosen, CONTENT_WORDS: list(matched.values())}
    words = [word for group in groups.values() for word in group]
    spelled = {word: max(sorted(spellings[word]), key=spellings[word].__getitem__) for word in words}
    return Studied(groups, matched, spelled, {word: counts[word] for word in words})


def match_by_frequency(
    words: Collection[str], candidates: Collection[str], counts: Mapping[str, int]
) -> dict[str, str]:
    """Gives each word the candidate of the nearest frequency, none to two words, the most frequent words first.

    Few content words are as frequent as the most frequent function words: a word without a candidate within
    `LARGEST_RATIO` is left out.
    """
    free = sorted(candidates)
    matched: dict[str, str] = {}
    for word in sorted(words, key=lambda word: (-counts[word], word)):
        if not free:
            break
        ratios = [max(counts[word], counts[other]) / min(counts[word], counts[other]) for other in free]
        if min(ratios) <= LARGEST_RATIO:
            matched[word] = free.pop(ratios.index(min(ratios)))
    return matched
