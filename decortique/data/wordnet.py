"""WordNet's senses and their examples, read from its `data.*` files (format: wndb(5WN))."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from snowballstemmer import stemmer

from decortique.core.errors import StageError
from decortique.data.settings import WORDNET_FILES
from decortique.data.text import split_words

EXAMPLE = re.compile(r'"([^"]+)"')
SATELLITE = "s"  # an adjective that stands beside a head adjective: an adjective too
NEAR = ("@", "@i", "&", "+", "^", "!", "~", "~i", "*", ">", "$", "=", "\\")  # pointers between senses that are alike


@dataclass(frozen=True, slots=True)
class Synset:
    """A sense: the words that share it, and how it is used.

    Attributes:
        name: unique: part of speech and place in its file.
        kind: n, v, a or r.
        field: number of its lexicographer file, such as 06 for artifacts: WordNet's coarsest division of senses.
        lemmas: in lower case, single words only.
        near: names of senses that it is directly linked to.
        examples: texts that show it, as its gloss has them.
    """

    name: str
    kind: str
    field: str
    lemmas: tuple[str, ...]
    near: frozenset[str]
    examples: tuple[str, ...]


def read_synsets(folder: Path) -> Iterator[Synset]:
    """Yields the senses of a folder with WordNet's `data.*` files, in the order of the files.

    Raises:
        StageError: a file is missing, or not in the format.
    """
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
    """Reads `offset field type count (word id)… pointers (symbol offset type source/target)… … | gloss`."""
    data, _, gloss = line.partition("|")
    parts = data.split()
    kind = _kind(parts[2])
    count = int(parts[3], 16)
    words = parts[4 : 4 + 2 * count : 2]
    pointers = parts[5 + 2 * count : 5 + 2 * count + 4 * int(parts[4 + 2 * count])]
    linked = zip(pointers[::4], pointers[1::4], pointers[2::4], strict=True)
    return Synset(
        name=f"{kind}{int(parts[0])}",
        kind=kind,
        field=parts[1],
        lemmas=tuple(word.lower() for word in (re.sub(r"\(.*\)$", "", word) for word in words) if word.isalpha()),
        near=frozenset(f"{_kind(to)}{int(offset)}" for symbol, offset, to in linked if symbol in NEAR),
        examples=tuple(EXAMPLE.findall(gloss)),
    )


def _kind(mark: str) -> str:
    return "a" if mark == SATELLITE else mark


@dataclass(frozen=True, slots=True)
class Use:
    """A lemma in an example of one of its senses."""

    lemma: str
    synset: Synset
    text: str
    place: int  # which word of the text
    spelling: str  # as it is written there
    stem: str  # of the lemma: words of one stem are of one family


def uses(synsets: Iterator[Synset], shortest: int) -> Iterator[Use]:
    """Yields where a lemma of a sense occurs in an example of it, exactly once, as it is or inflected.

    An inflected form is one of the same stem (Snowball): irregular ones, such as `went`, are not found.

    Args:
        synsets: the senses.
        shortest: examples of fewer words say too little.
    """
    stem = cache(stemmer("english").stemWord)
    for synset in synsets:
        for text in synset.examples:
            words = split_words(text)
            if len(words) < shortest:
                continue
            stems = [stem(word.form) for word in words]
            for lemma in synset.lemmas:
                if stems.count(stem(lemma)) == 1:
                    place = stems.index(stem(lemma))
                    yield Use(lemma, synset, text, place, words[place].spelling, stem(lemma))
