"""English contractions: "don't" for "do not", "it's" for "it is", and back."""

import re
from collections.abc import Iterator
from itertools import product

from stages.rewriting.spelling import like

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


def swapped(text: str) -> str:
    """Writes English contractions out, and contracts what is written out.

    "'d" stays, which is short for "had" or "would". "'s" is taken for "is", but before a few participles for "has":
    "it's made a star of her" becomes "it is made …", which is wrong, and rare.
    """
    return PLACES.sub(_other_way, text)


def _other_way(found: re.Match[str]) -> str:
    key = " ".join(found[0].lower().replace("’", "'").split())
    return like(found[0], OTHER_WAY[key])
