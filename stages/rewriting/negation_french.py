"""French claims turned round: « est » becomes « n'est pas », and « n'est pas » becomes « est »."""

import re

from stages.rewriting.spelling import capital

VERBS = (
    "suis|es|est|sommes|êtes|sont|étais|était|étions|étiez|étaient|serai|seras|sera|serons|serez|seront|serait|seraient|"
    "ai|as|a|avons|avez|ont|avais|avait|avions|aviez|avaient|aura|aurons|aurez|auront|"
    "peux|peut|pouvons|pouvez|peuvent|pouvait|pourra|pourrons|pourrez|pourront|pourrait|"
    "dois|doit|devons|devez|doivent|devait|devra|devrons|devrez|devront|devrait|"
    "veux|veut|voulons|voulez|veulent|faut|faudra|faudrait|vais|va|allons|allez|vont"
)
NO = "pas|plus|jamais|point|guère"
CLITIC = "s['’]|m['’]|t['’]|l['’]|y\\s+"
VOWEL = re.compile(r"[aeiouyàâéèêëîïôûh]", re.IGNORECASE)

NEGATED = re.compile(rf"\b(?:ne\s+|n['’])(?P<verb>(?:{CLITIC})?\w+)\s+(?:{NO})\b", re.IGNORECASE)
# « j'ai » and « c'est » lose their elision; behind other pronouns stands what the verb is done to, and `ne` before it.
PLAIN = re.compile(
    rf"""
    (?:(?P<elided>\b[jc])['’] | (?<![\w'’-]))
    (?<!\b[ldm]es\s)(?<!\bl[ae]\s)(?<!\b[mts]e\s)(?<!\bne\s)(?<!\ben\s)(?<!\by\s)(?<!\blui\s)(?<!\bleur\s)
    (?:(?<!\bnous\s)(?<!\bvous\s)|(?=\w+(?:ons|ez)\b|sommes\b|êtes\b))
    (?P<verb>(?:{CLITIC})?(?:{VERBS}))\b(?![-'’])
    (?!\s+(?:{NO}|rien|personne|aucune?|nulle?)\b)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def turned(text: str) -> str:
    """Negates a French text, or takes its negation away, at one place: the first where either can be.

    Simple forms only: `ne … pas` around a verb such as « est », « a », « peut », with one pronoun before it at most, or
    the end of it. Questions by inversion stay, and « il a un doute » becomes « il n'a pas un doute ».
    """
    places = [found for found in (NEGATED.search(text), PLAIN.search(text)) if found]
    if not places:
        return text
    place = min(places, key=lambda found: found.start())
    before, after = text[: place.start()], text[place.end() :]
    if place.re is NEGATED:
        return _affirmed(before, place["verb"]) + after
    ne = "n'" if VOWEL.match(place["verb"]) else "ne "
    loud = place["verb"][0].isupper() and not place["elided"]
    who = f"{place['elided']}e " if place["elided"] else ""
    verb = place["verb"][0].lower() + place["verb"][1:]
    return f"{before}{who}{capital(ne) if loud else ne}{verb} pas{after}"


def _affirmed(before: str, verb: str) -> str:
    """Joins a verb to what stood before its « ne », which elides again: « je n'ai » was « j'ai »."""
    if VOWEL.match(verb) and (elides := re.search(r"\b(j|c)e\s+$", before, re.IGNORECASE)):
        return f"{before[: elides.end(1)]}'{verb}"
    return before + (capital(verb) if not before.strip() else verb)
