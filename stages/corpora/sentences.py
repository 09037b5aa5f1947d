"""Running text → its sentences, by the rules of a language."""

import re
from collections.abc import Iterator

from sentencex import segment

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
