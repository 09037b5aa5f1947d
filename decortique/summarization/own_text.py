"""A person's own text: read, cut into sentences, and looked at before it is summarised."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from decortique.core.errors import StageError
from decortique.data.function_words import function_words
from decortique.data.text import SAID, cut, forms
from decortique.summarization.choosing import Summary
from decortique.summarization.clustering import distinctive_terms

log = logging.getLogger(__name__)

# Of running English or French, four to six words of ten are function words; of another language, hardly one.
FEWEST = 0.15
JUDGED = 2_000  # words that are looked at
TERMS = 3  # that name a cluster


def told(texts: Sequence[str], summary: Summary, language: str) -> str:
    """Gives a summary as lines: each sentence, and how many of all it speaks for, with what names its cluster."""
    terms = distinctive_terms(texts, summary.clusters, TERMS, language)
    return "".join(
        f"{texts[one.place]}  [{one.size} of {len(texts)}{': ' if terms[one.cluster] else ''}"
        f"{', '.join(terms[one.cluster])}]\n"
        for one in summary.chosen
    )


def read_text(file: Path | None) -> str:
    """Reads a file, or standard input where there is none.

    Raises:
        StageError: it cannot be read, or is no UTF-8 text.
    """
    if file is None and sys.stdin.isatty():
        log.info("reading standard input: end it with Ctrl-D (or name a file with --file)")
    try:
        content = sys.stdin.buffer.read() if file is None else file.read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StageError(f"{file or 'standard input'} is not UTF-8 text ({error}): save it as UTF-8") from None
    except OSError as error:
        raise StageError(f"{file} cannot be read: {error.strerror}") from None


def read_sentences(file: Path | None, language: str, *, by_line: bool) -> list[str]:
    """Gives the sentences of a text, or its lines where each holds one.

    Warns where the text hardly seems to be in that language: its sentences would be cut by rules of another one, and
    read by an encoder that may not know it.
    """
    text = read_text(file)
    found = [line.strip() for line in text.splitlines() if SAID.search(line)] if by_line else list(cut(text, language))
    words = forms(text[: 20 * JUDGED])[:JUDGED]
    listed = function_words(language)
    if listed and words and sum(word in listed for word in words) < FEWEST * len(words):
        log.warning("few function words of %r here: if the text is in another language, say so by --language", language)
    return found
