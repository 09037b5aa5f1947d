"""What words are: function words, from lists of well-kept libraries; senses and their examples, from WordNet."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from snowballstemmer import stemmer
from stop_words import LANGUAGE_MAPPING, get_stop_words

from decortique.core.files import StageError
from decortique.data.settings import WORDNET_FILES
from decortique.data.text import split_words

SHORTEST = 3  # letters of a content word


def content_words(words: Iterable[str], language: str) -> list[str]:
    """Return the words of letters alone that no list has as stop words, in their order."""
    listed = listed_words(language)
    return [word for word in words if word.isalpha() and len(word) >= SHORTEST and word not in listed]


@cache
def listed_words(language: str) -> frozenset[str]:
    """Return all words that some list has as stop words; the others are content words."""
    listed = frozenset(get_stop_words(language)) if language in LANGUAGE_MAPPING else frozenset()
    return listed | ENGLISH_STOP_WORDS if language == "en" else listed


def function_words(language: str) -> frozenset[str]:
    """Return the stop words of a language, by its two-letter code; none where there is no list."""
    # The English list of stop_words has four times as many, and "world", "great" and "million" among them.
    return ENGLISH_STOP_WORDS if language == "en" else listed_words(language)


# What the Romance languages elide before a vowel: "l'Europe" is about Europe, "d'Obama" about Obama.
ELIDED = re.compile(r"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|dell|nell|sull|all|dall|un)['’](?=\w{2})")
ENDING = re.compile(r"['’]\w*$")  # "Trump's", "isn't"


def listed_forms(word: str) -> tuple[str, str, str]:
    """Return forms of a word to look up, itself first: in lower case, without an elision, without an ending too."""
    lower = word.lower()
    within = ELIDED.sub("", lower)
    return lower, within, ENDING.sub("", within)


EXAMPLE = re.compile(r'"([^"]+)"')
KINDS = {"s": "a"}  # a satellite of a head adjective is an adjective too
NEAR = ("@", "@i", "&", "+", "^", "!", "~", "~i", "*", ">", "$", "=", "\\")  # pointers between senses that are alike


class Synset(NamedTuple):
    """A sense: the words that share it, and how it is used."""

    name: str  # unique: part of speech and offset in its file
    kind: str  # n, v, a or r
    field: str  # number of its lexicographer file, such as 06 for artifacts: WordNet's coarsest division of senses
    lemmas: tuple[str, ...]  # in lower case, single words only
    near: frozenset[str]  # names of senses that it is directly linked to
    examples: tuple[str, ...]  # of its gloss


def read_synsets(folder: Path) -> Iterator[Synset]:
    """Yield the senses of a folder with WordNet's `data.*` files (format: wndb(5WN)), in the order of the files."""
    for file in WORDNET_FILES:
        path = folder / file
        if not path.exists():
            raise StageError(f"{path} is missing: run `dvc repro` to make it")
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.startswith("  "):  # the licence
                    continue
                try:
                    yield _synset(line)
                except (ValueError, IndexError) as error:
                    raise StageError(f"{path} line {number} is no sense of WordNet ({error}): fetch it anew") from None


def _synset(line: str) -> Synset:
    # offset field type count (word id)… pointers (symbol offset type source/target)… … | gloss
    data, _, gloss = line.partition("|")
    parts = data.split()
    kind = KINDS.get(parts[2], parts[2])
    count = int(parts[3], 16)
    words = parts[4 : 4 + 2 * count : 2]
    pointers = parts[5 + 2 * count : 5 + 2 * count + 4 * int(parts[4 + 2 * count])]
    linked = zip(pointers[::4], pointers[1::4], pointers[2::4], strict=True)
    return Synset(
        f"{kind}{int(parts[0])}",
        kind,
        parts[1],
        lemmas=tuple(word.lower() for word in (re.sub(r"\(.*\)$", "", word) for word in words) if word.isalpha()),
        near=frozenset(f"{KINDS.get(to, to)}{int(offset)}" for symbol, offset, to in linked if symbol in NEAR),
        examples=tuple(EXAMPLE.findall(gloss)),
    )


class Use(NamedTuple):
    """A lemma in an example of one of its senses."""

    lemma: str
    synset: Synset
    text: str
    place: int  # which word of the text
    spelling: str  # as it is written there
    stem: str  # of the lemma: words of one stem are of one family


def uses(synsets: Iterator[Synset], min_words: int) -> Iterator[Use]:
    """Yield each lemma that occurs exactly once in an example of `min_words` words or more, as it is or inflected.

    An inflected form is one of the same stem (Snowball); irregular ones, such as `went`, are missed.
    """
    stem = cache(stemmer("english").stemWord)
    for synset in synsets:
        for text in synset.examples:
            words = split_words(text)
            stems = [stem(word.form) for word in words]
            for lemma in synset.lemmas if len(words) >= min_words else ():
                if stems.count(stem(lemma)) == 1:
                    index = stems.index(stem(lemma))
                    yield Use(lemma, synset, text, index, words[index].spelling, stem(lemma))
