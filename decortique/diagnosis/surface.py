"""Rewriting the surface of a text: typing errors, case, punctuation, contractions."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np

from decortique.data.text import split_words


def like(pattern: str, words: str) -> str:
    """Gives words with the capitals of those whose place they take: all, the first, or those they have."""
    if len(pattern) > 1 and pattern.isupper():
        return words.upper()
    return capital(words) if pattern[:1].isupper() else words


def capital(words: str) -> str:
    """Gives words with a capital first."""
    return words[:1].upper() + words[1:]


VERBS = ["is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "could", "would", "should", "must"]
PEOPLE = ["I", "you", "he", "she", "it", "we", "they", "there"]
THIRD = ["he", "she", "it", "there", "that", "who", "what", "here", "where"]
PARTICIPLES = ["been", "got", "become", "gone", "come", "done", "had"]  # after which "'s" is short for "has"
SHORT = {"am": "'m", "are": "'re", "will": "'ll"}
MODALS = {"ca": "can", "wo": "will"}  # before "n't"
OTHERS = {"I": ["am", "will"], "you": ["are", "will"], "we": ["are", "will"], "they": ["are", "will"]}


def _pairs() -> Iterator[tuple[str, str]]:
    """Yields what is contracted, and what is written out."""
    yield from (("can't", "cannot"), ("won't", "will not"), ("shan't", "shall not"))
    yield from ((f"{verb}n't", f"{verb} not") for verb in VERBS)
    # A question puts "not" behind whom it asks about.
    yield from ((f"{verb}n't {who}", f"{verb} {who} not") for verb, who in product(VERBS, PEOPLE))
    yield from ((f"{verb}n't {who}", f"{full} {who} not") for verb, full in MODALS.items() for who in PEOPLE)
    yield from ((f"{who}'s {what}", f"{who} has {what}") for who, what in product(THIRD, PARTICIPLES))
    yield from ((f"{who}'s", f"{who} is") for who in THIRD)
    yield from ((f"{who}{SHORT[verb]}", f"{who} {verb}") for who, verbs in OTHERS.items() for verb in verbs)


# Not back: "you have a point" is no "you've a point", and "let us in" no "let's in".
ONE_WAY = {"let's": "let us", **{f"{who.lower()}'ve": f"{who} have" for who in ("I", "you", "we", "they")}}
OTHER_WAY = {
    **{short.lower(): full for short, full in _pairs()},
    **{full.lower(): short for short, full in _pairs()},
    "can not": "can't",
    **ONE_WAY,
}


def _pattern(key: str) -> str:
    found = re.escape(key).replace(r"\ ", r"\s+").replace("'", "['’]")
    # What ends a clause is not contracted: "that is what it is".
    return rf"{found}(?=\s+\w)" if re.search(r" (is|am|are|will)$", key) else rf"{found}\b"


# The longest first: "isn't it" before "isn't".
PLACES = re.compile(
    rf"(?<![\w'’])(?:{'|'.join(_pattern(key) for key in sorted(OTHER_WAY, key=len, reverse=True))})", re.IGNORECASE
)


def swap_contractions(text: str) -> str:
    """Writes English contractions out, and contracts what is written out.

    "'d" stays, which is short for "had" or "would". "'s" is taken for "is", but before a few participles for "has":
    "it's made a star of her" becomes "it is made …", which is wrong, and rare.
    """
    return PLACES.sub(_other_way, text)


def _other_way(found: re.Match[str]) -> str:
    key = " ".join(found[0].lower().replace("’", "'").split())
    return like(found[0], OTHER_WAY[key])


READ_ALOUD = "%&@#"
# First what belongs to a word or a number: it is found, and stays.
MARK = re.compile(r"(?<=\w)['’](?=\w)|(?<=\d)[.,:/](?=\d)|([^\w\s]|_)")


def without_marks(text: str) -> str:
    """Takes the punctuation out; words that a hyphen joined become two.

    Apostrophes inside words stay, as do marks inside numbers, and what is read aloud: `%`, `&`, `$`.
    """
    bare = MARK.sub(lambda found: " " if _goes(found[1]) else found[0], text)
    return text if bare == text else " ".join(bare.split())


def _goes(mark: str | None) -> bool:
    return mark is not None and mark not in READ_ALOUD and unicodedata.category(mark).startswith("P")


SHORTEST = 4  # letters of a word that gets one: of a shorter one, too little would be left

# How far each row of keys stands to the right of the one above, in keys, as on most keyboards.
OFFSETS = (0.0, 0.25, 0.75)
ROWS = {"qwerty": ("qwertyuiop", "asdfghjkl", "zxcvbnm"), "azerty": ("azertyuiop", "qsdfghjklm", "wxcvbn")}
LAYOUTS = {"fr": "azerty"}  # others are taken for QWERTY


def neighbours(layout: str) -> dict[str, str]:
    """Gives, of each letter of a keyboard, those whose keys touch its own."""
    keys = {
        letter: (column + offset, row)
        for row, (letters, offset) in enumerate(zip(ROWS[layout], OFFSETS, strict=True))
        for column, letter in enumerate(letters)
    }
    return {
        letter: "".join(other for other, place in keys.items() if other != letter and _touch(keys[letter], place))
        for letter in keys
    }


def _touch(one: tuple[float, int], other: tuple[float, int]) -> bool:
    across, down = abs(one[0] - other[0]), abs(one[1] - other[1])
    return across <= 1 if down == 0 else down == 1 and across < 1


def with_typos(text: str, random: np.random.Generator, *, rate: float, near: Mapping[str, str]) -> str:
    """Mistypes a share of the words of four letters and more, at least one if there is any.

    In each, two inner letters are swapped, or a letter is dropped, doubled, or replaced by a neighbour on the keyboard.
    The first letter stays: that is where people seldom err, and what they recognise a word by.

    Args:
        text: any.
        random: which words, and how.
        rate: the share of them.
        near: of each letter, its neighbours (`neighbours`).
    """
    words = [word for word in split_words(text) if len(word.spelling) >= SHORTEST and word.spelling.isalpha()]
    if not words:
        return text
    chosen = random.choice(len(words), size=max(1, round(rate * len(words))), replace=False)
    # From behind, so that the places of those before stay.
    for place in sorted(chosen.tolist(), reverse=True):
        word = words[place]
        text = text[: word.start] + mistyped(word.spelling, random, near) + text[word.end :]
    return text


def mistyped(word: str, random: np.random.Generator, near: Mapping[str, str]) -> str:
    """Gives a word with one typing error; each kind that the word allows is as likely."""
    kinds = [found for found in (list(kind) for kind in (_swaps(word), *_others(word, near))) if found]
    found = kinds[random.integers(len(kinds))]
    return found[random.integers(len(found))]


def _swaps(word: str) -> Iterator[str]:
    for place in range(1, len(word) - 2):
        one, other = word[place], word[place + 1]
        if one != other:
            yield word[:place] + other + one + word[place + 2 :]


def _others(word: str, near: Mapping[str, str]) -> Iterator[Iterator[str]]:
    places = range(1, len(word))
    yield (word[:place] + word[place + 1 :] for place in places)
    yield (word[:place] + word[place] + word[place:] for place in places)
    yield (
        word[:place] + (other.upper() if word[place].isupper() else other) + word[place + 1 :]
        for place in places
        for other in near.get(word[place].lower(), "")
    )
