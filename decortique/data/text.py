"""Text → words, the same for word2vec, for the encoder and for the lists; text → sentences."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sentencex import segment

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


PARAGRAPH = re.compile(r"\n\s*\n")
SAID = re.compile(r"[^\W_]")


def cut(text: str, language: str) -> Iterator[str]:
    """Yields the sentences of a text that hold a letter or a digit (sentencex), without line breaks.

    An empty line ends a sentence; a single line break does not, as lines of plain text are broken anywhere.

    Args:
        text: of any length.
        language: two-letter code.
    """
    for paragraph in PARAGRAPH.split(text):
        for sentence in segment(language, " ".join(paragraph.split())):
            if SAID.search(sentence):
                yield sentence.strip()
