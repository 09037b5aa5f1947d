"""Text → words, the same for word2vec, for the encoder and for word lists; sentences; names and numbers masked."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sentencex import segment

# Addresses and names of accounts are no words of a language; "don't" is one, as "don" would be none.
WORD = re.compile(r"(?:https?:|www\.|@)\S+|([^\W_]+n['’]t\b|[^\W_]+)", re.IGNORECASE)


class Word(NamedTuple):
    """A word of a text."""

    form: str  # in lower case
    start: int  # its first character
    end: int  # behind its last one
    spelling: str  # as it is written there


def split_words(text: str) -> list[Word]:
    """Return the words of a text: an apostrophe separates them (`I'm`, `j'ai` hold `i`, `j`), but not in `don't`."""
    words = (match for match in WORD.finditer(text) if match[1])
    return [Word(word[1].lower().replace("’", "'"), word.start(), word.end(), word[1]) for word in words]


def forms(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return [word.form for word in split_words(text)]


PARAGRAPH = re.compile(r"\n\s*\n")
LETTER_OR_DIGIT = re.compile(r"[^\W_]")


def split_sentences(text: str, language: str) -> Iterator[str]:
    """Yield the sentences of a text that hold a letter or a digit (sentencex), without line breaks.

    An empty line ends a sentence; a single line break does not, as lines of plain text are broken anywhere.
    """
    for paragraph in PARAGRAPH.split(text):
        for sentence in segment(language, " ".join(paragraph.split())):
            if LETTER_OR_DIGIT.search(sentence):
                yield sentence.strip()


# Words that no language has: "name" and "number", in whatever case, are words of the texts themselves ("my name is"),
# and would be counted with them once a bag of words has put all in lower case. Letters only, so that tokenizers which
# split at punctuation, and stemmers, leave one word, as they would not of [NAME].
NAME, NUMBER = "xxname", "xxnumber"

# An abbreviation (U.S.), a number with its separators, unit, ending or sign (1,000.5; 10 000; 1990s; 50 %), or a word.
# An apostrophe ends a word: "Trump's" and "l'Afrique" hold a name and something else.
MASKABLE = re.compile(
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


def collect_names(texts: Iterable[str]) -> frozenset[str]:
    """Return, in lower case, the words capitalised more often than not where no sentence begins."""
    balance: Counter[str] = Counter()
    for text in texts:
        for word, begins in _maskable(text):
            if not word[0][0].isupper():
                balance[word[0].lower()] -= 1
            elif not begins and word[0] != PRONOUN:
                balance[word[0].lower()] += 1
    return frozenset(word for word, more in balance.items() if more > 0)


def mask(text: str, names: frozenset[str]) -> str:
    """Return a text with each name, of one or more words, replaced by `NAME`, and each number by `NUMBER`.

    A name is a word with a capital within a sentence, or one of `names` that begins a sentence or a quotation. "I",
    and what is left of it in "I'm", is none.
    """
    masked: list[str] = []
    end, name = 0, ""  # where the word before ends, and that word if it was a name
    for word, begins in _maskable(text):
        between = text[end : word.start()]
        end = word.end()
        if word["number"] is None and word[0][0].isupper() and word[0] != PRONOUN:
            replacement = NAME if not begins or word[0].lower() in names else None
        else:
            replacement = NUMBER if any(map(str.isdecimal, word[0])) else None
        joins = WITHIN.fullmatch(between) or (_is_initial(name) and INITIAL.fullmatch(between))
        if not (replacement == NAME and name and joins):
            masked += [between, replacement or word[0]]
        name = word[0] if replacement == NAME else ""
    return "".join(masked) + text[end:]


def _maskable(text: str) -> Iterator[tuple[re.Match[str], bool]]:
    """Yield each word or number, and whether a sentence or a quotation begins with it.

    One that follows an abbreviation may do so ("in the U.S. We"), as the point has two meanings there; one that
    follows an initial ("J. Trump", "M. Mitterrand") does not.
    """
    before: re.Match[str] | None = None
    for word in MASKABLE.finditer(text):
        between = text[before.end() : word.start()] if before else ""
        if before is None:
            yield word, True
        elif _is_initial(before[0]) and INITIAL.fullmatch(between):
            yield word, False
        else:
            yield word, before["abbreviation"] is not None or BEGINNING.search(between) is not None
        before = word


def _is_initial(word: str) -> bool:
    return len(word) == 1 and word.isupper() and word != PRONOUN
