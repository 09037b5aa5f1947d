"""Lists of function words, as well-kept libraries have them."""

from collections.abc import Iterable
from functools import cache

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from stop_words import LANGUAGE_MAPPING, get_stop_words

SHORTEST = 3  # letters of a content word


def content_words(words: Iterable[str], language: str) -> list[str]:
    """Keeps the words of letters alone that no list takes for stop words, in their order."""
    listed = listed_words(language)
    return [word for word in words if word.isalpha() and len(word) >= SHORTEST and word not in listed]


@cache
def listed_words(language: str) -> frozenset[str]:
    """Gives all that some list takes for a stop word: what is not among them is a content word."""
    return function_words(language) | _of_the_library(language)


@cache
def function_words(language: str) -> frozenset[str]:
    """Gives the stop words of a language; none where there is no list.

    Args:
        language: two-letter code.
    """
    # The English list of stop_words has four times as many, and "world", "great" and "million" among them.
    return ENGLISH_STOP_WORDS if language == "en" else _of_the_library(language)


def _of_the_library(language: str) -> frozenset[str]:
    return frozenset(get_stop_words(language)) if language in LANGUAGE_MAPPING else frozenset()
