"""What can go from a text while every word stays: its punctuation."""

import re
import unicodedata

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
