"""What was said, out of what was written down: no stage directions, and one sentence after the other."""

import re

from sentencex import segment

from stages.corpora.row import Removed

# Nobody says these. In capitals, seven letters tell a direction, (APPLAUSE) or (END VIDEO CLIP), from an abbreviation
# such as (NATO), which belongs to the text; the shorter ones, and those in small letters, are listed.
LISTED = "crosstalk|applause|cheers|cheering|laughs|laughing|laughter|inaudible|unintelligible|unknown|pause|ph|sic"
DIRECTION = re.compile(rf"\s?[(\[](?:(?i:{LISTED})|(?=(?:[^A-Z)\]]*[A-Z]){{7}})[A-Z][A-Z ,.'/-]*)[)\]]")
# What an editor put in so that a sentence can be understood: "we need [people who] work".
ADDED = re.compile(r"\[([^\[\]]*)\]")
# Where a source lost its line breaks: "right.I am", "NATO.I think", "don't.Now", 'league."Third'. An abbreviation has
# one letter before its point, or a capital and a small one, so that "U.S.", "I.C.E." and "Ph.D." stay.
GLUED = re.compile(r"((?:(?:[a-zß-öø-ÿ0-9]{2}|[A-ZÀ-ÖØ-Þ]{2}|['’][a-z])\.|\w[?!])[\"”]?)(?=[A-ZÀ-ÖØ-Þ])")
SPOKEN = re.compile(r"[^\W_]")


def sentences(text: str, language: str) -> tuple[list[str], list[Removed]]:
    """Cuts what one person said into sentences, with the rules of `language` (sentencex).

    Returns:
        The sentences that hold a letter or a digit ("..." is none), and the stage directions that were taken out.
    """
    removed = [Removed(found[0].strip()) for found in DIRECTION.finditer(text)]
    spoken = ADDED.sub(r"\1", DIRECTION.sub("", text))
    lines = GLUED.sub(r"\1 ", spoken).splitlines()
    cut = [part.strip() for line in lines for part in segment(language, line)]
    return [sentence for sentence in cut if SPOKEN.search(sentence)], removed
