"""Text → words: runs of letters and digits, the same for word2vec, for the encoder and for the lists."""

import re
from typing import NamedTuple

# Addresses and names of accounts are no words of a language; "don't" is one, as "don" would be none.
WORD = re.compile(r"(?:https?:|www\.|@)\S+|([^\W_]+n['’]t\b|[^\W_]+)", re.IGNORECASE)


class Word(NamedTuple):
    """A word where it stands."""

    form: str  # in lower case
    start: int  # its first character
    end: int  # behind its last one
    spelling: str  # as it is written there


def split_words(text: str) -> list[Word]:
    """Gives the words of a text.

    An apostrophe parts them, so that `I'm` and `j'ai` hold the pronouns `i` and `j`; but `don't` is one.
    """
    return [
        Word(found[1].lower().replace("’", "'"), found.start(), found.end(), found[1])
        for found in WORD.finditer(text)
        if found[1]
    ]


def forms(text: str) -> list[str]:
    """Gives the words of a text in lower case."""
    return [word.form for word in split_words(text)]
