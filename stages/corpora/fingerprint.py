"""When are two texts the same one?"""

import re
import unicodedata


def fingerprint(text: str) -> str:
    """Gives what two texts share when they differ in case, accents' encoding, spaces or punctuation only.

    That is the text itself where it has no word (":)"), as an empty fingerprint would say nothing.
    """
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())) or text
