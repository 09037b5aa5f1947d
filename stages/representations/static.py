"""All static vectors of a language: those trained here, and those that others trained."""

from collections.abc import Iterable, Mapping

from gensim.models import KeyedVectors

from stages.settings.languages import TRAINED
from stages.words.lists import content_words
from stages.words.vectors import load_vectors, vectors_file


def static_vectors(code: str, pretrained: Iterable[str]) -> dict[str, KeyedVectors]:
    """Gives vectors by name, those trained on the corpora first, then the `pretrained` ones."""
    return {name: load_vectors(vectors_file(name, code)) for name in (TRAINED, *pretrained)}


def frequent_words(code: str, static: Mapping[str, KeyedVectors], count: int) -> list[str]:
    """Gives the most frequent content words of the largest vocabulary there is, the most frequent first.

    Args:
        code: of the language.
        static: vectors by name, their words in order of frequency.
        count: how many.
    """
    largest = max(static.values(), key=len)
    return content_words(largest.index_to_key, code)[:count]
