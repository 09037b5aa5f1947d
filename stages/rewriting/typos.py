"""Typing errors, of the kinds that fingers make."""

from collections.abc import Iterator, Mapping

import numpy as np

from stages.words.splitting import split_words

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
