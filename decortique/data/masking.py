"""Hides names and numbers, to see what a classifier knows of a style without them: by rule, without a model."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Words that no language has: "name" and "number", in whatever case, are words of the texts themselves ("my name is"),
# and would be counted with them once a bag of words has put all in lower case. Letters only, so that tokenizers which
# split at punctuation, and stemmers, leave one word, as they would not of [NAME].
NAME, NUMBER = "xxname", "xxnumber"

# An abbreviation (U.S.), a number with its separators, unit, ending or sign (1,000.5; 10 000; 1990s; 50 %), or a word.
# An apostrophe ends a word: "Trump's" and "l'Afrique" hold a name and something else.
WORD = re.compile(
    r"(?P<abbreviation>\b(?:[^\W\d_]\.){2,}(?!\w))"
    r"|(?P<number>\b\d+(?:[.,:/-]\d+|[ \u00a0\u202f]\d{3}\b)*\w*(?:\s?%)?)"
    r"|(?P<word>[^\W\d_]\w*)"
)
# What stands between two words where the second one begins a sentence, a quotation or what stands in brackets.
BEGINNING = re.compile(r"[.?!…]['\"’”»)\]]*\s|[\s(\[—–-][\"'(\[]\s*$|[“‘«]\s*$|<<\s*$|\n")
# What may stand between the words of one name: "Hillary Clinton", "Jean-Pierre", "O'Connor".
WITHIN = re.compile(r"[ \u00a0\u202f]+|-|['’]")
INITIAL = re.compile(r"\.[ \u00a0\u202f]*")  # after a single letter: "Donald J. Trump"
PRONOUN = "I"


@dataclass(frozen=True, slots=True)
class Names:
    """The words that are names where a sentence begins with them, in lower case."""

    words: frozenset[str]


def learn_names(texts: Iterable[str]) -> Names:
    """Learns which words stand capitalised within sentences more often than in lower case.

    Where a sentence begins, each word is capitalised, so that only the rest of the texts can tell which is a name.
    """
    balance: Counter[str] = Counter()
    for text in texts:
        for word, begins in _words(text):
            if not word[0][0].isupper():
                balance[word[0].lower()] -= 1
            elif not begins and word[0] != PRONOUN:
                balance[word[0].lower()] += 1
    return Names(frozenset(word for word, more in balance.items() if more > 0))


def mask(text: str, names: Names) -> str:
    """Replaces each name, of one or more words, by `NAME`, and each number by `NUMBER`.

    A name is a word with a capital within a sentence, or one of `names` that begins a sentence or a quotation. "I",
    and what is left of it in "I'm", is none.
    """
    hidden: list[str] = []
    end, name = 0, ""  # where the word before ends, and that word if it was a name
    for word, begins in _words(text):
        between = text[end : word.start()]
        kind = _kind(word, names, begins=begins)
        if not (kind == NAME and name and _joins(name, between)):
            hidden += [between, kind or word[0]]
        end, name = word.end(), word[0] if kind == NAME else ""
    return "".join(hidden) + text[end:]


def _words(text: str) -> Iterator[tuple[re.Match[str], bool]]:
    """Yields each word or number, and whether a sentence or a quotation begins with it.

    One that follows an abbreviation may do so ("in the U.S. We"), as the point has two meanings there; one that
    follows an initial ("J. Trump", "M. Mitterrand") does not.
    """
    before: re.Match[str] | None = None
    for word in WORD.finditer(text):
        yield word, before is None or _begins(before, text[before.end() : word.start()])
        before = word


def _begins(before: re.Match[str], between: str) -> bool:
    if _is_initial(before[0]) and INITIAL.fullmatch(between):
        return False
    return before["abbreviation"] is not None or BEGINNING.search(between) is not None


def _is_initial(word: str) -> bool:
    return len(word) == 1 and word.isupper() and word != PRONOUN


def _kind(word: re.Match[str], names: Names, *, begins: bool) -> str | None:
    """Gives what hides a word, or None where it stays."""
    if word["number"] is None and word[0][0].isupper() and word[0] != PRONOUN:
        known = not begins or word[0].lower() in names.words
        return NAME if known else None
    return NUMBER if any(character.isdecimal() for character in word[0]) else None


def _joins(name: str, between: str) -> bool:
    return bool(WITHIN.fullmatch(between) or (_is_initial(name) and INITIAL.fullmatch(between)))
