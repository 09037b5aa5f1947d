"""Negation of a sentence by rule, in English and in French."""

import re


def capitalize(words: str) -> str:
    """Return words with a capital first and the rest as it is."""
    return words[:1].upper() + words[1:]


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

NEGATED_FRENCH = re.compile(rf"\b(?:ne\s+|n['’])(?P<verb>(?:{CLITIC})?\w+)\s+(?:{NO})\b", re.IGNORECASE)
# « j'ai » and « c'est » lose their elision; other pronouns before a verb are its objects, with `ne` before them.
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


def negate_french(text: str) -> str:
    """Negate a French text, or remove its negation, at one place: the first where either can be done.

    Simple forms only: `ne … pas` around a verb such as « est », « a », « peut », with one pronoun before it at most, or
    its removal. Questions by inversion stay, and « il a un doute » becomes « il n'a pas un doute ».
    """
    matches = [match for match in (NEGATED_FRENCH.search(text), PLAIN.search(text)) if match]
    if not matches:
        return text
    match = min(matches, key=lambda one: one.start())
    before, verb, after = text[: match.start()], match["verb"], text[match.end() :]
    if match.re is NEGATED_FRENCH:
        # What stood before its « ne » elides again: « je n'ai » was « j'ai ».
        if VOWEL.match(verb) and (elides := re.search(r"\b(j|c)e\s+$", before, re.IGNORECASE)):
            return f"{before[: elides.end(1)]}'{verb}{after}"
        return before + (verb if before.strip() else capitalize(verb)) + after
    ne = "n'" if VOWEL.match(verb) else "ne "
    if verb[0].isupper() and not match["elided"]:
        ne = capitalize(ne)
    pronoun = f"{match['elided']}e " if match["elided"] else ""
    return f"{before}{pronoun}{ne}{verb[0].lower()}{verb[1:]} pas{after}"


PERSONS = "i|you|he|she|it|we|they|there"
FINITE = "is|are|was|were|am|will|would|can|could|should|may|might|must"
# "have", "has" and "had" are auxiliaries only where a participle follows.
PERFECT = r"(?:has|have|had)(?=\s+(?:been|become|made|done|gone|found|given|taken|\w+ed)\b)"
NEGATIVE = "not|no|never|nothing|none|nobody|nowhere|neither|hardly|barely|scarcely"
NEGATED = "is|are|was|were|do|does|did|has|have|had|would|could|should|must"
WITH_NOT = r"at\s+all|even"  # removed with it
IRREGULAR = {"can't": "can", "won't": "will", "shan't": "shall", "cannot": "can"}

# A verb that is negated, or could be. "The will" and "a can" are no verbs, and a question claims nothing.
VERB = re.compile(
    rf"""
    (?P<short>\b(?:{NEGATED}|ca|wo|sha)n['’]t\b | \bcannot\b)(?:\s+(?:{WITH_NOT})\b)?
    | (?P<long>\b(?:{NEGATED}|am|will|can|may|might|shall)\b)
      \s+(?:not|never)\b(?:\s+(?:{WITH_NOT})\b)?(?!\s+(?:only|just|to)\b)
    | (?<!\bthe\s)(?<!\ba\s)(?<!\bof\s)(?P<plain>\b(?:{FINITE})\b | \b{PERFECT} | \b(?:it|that|there|he|she)['’]s\b
       | \b(?:they|you|we)['’]re\b | \bi['’]m\b)
      (?!\s+(?:{PERSONS}|only)\b)(?!\s+(?:\w+\s+)?(?:{NEGATIVE})\b)(?![^.!?]*\?)
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Where no verb can be negated, a "not" or "never" that stands alone.
ALONE = re.compile(
    r"(?<!\bif\s)(?<!\bor\s)(?<!\bwhy\s)\b(?:not|never)\s+(?!only\b|just\b|merely\b|simply\b|even\b|to\b|so\s+much\b)",
    re.IGNORECASE,
)
# What begins a subordinate clause.
SUBORDINATE = re.compile(
    r"\b(?:that|which|who|whose|what|if|when|while|although|though|because|since|where|how|whether|why|than|before|"
    r"after|until|unless|as)\b[^,;:.!?()–—]*$",
    re.IGNORECASE,
)


def negate_english(text: str) -> str:
    """Negate an English text, or remove its negation, at one place.

    The place is the first verb of a main clause that is a form of "be", a modal or an auxiliary; of any clause if no
    main clause has one; else a "not" or "never" that stands alone. A text without either stays as it is.

    It knows no grammar: of a text of several claims one is negated, perhaps the lesser one; "any" is not made "some"
    where a negation goes ("does have any"); and the opinion need not rest on the claim that is negated.
    """
    verbs = list(VERB.finditer(text))
    main = [verb for verb in verbs if not SUBORDINATE.search(text[: verb.start()])]
    if chosen := [*main, *verbs][:1]:
        verb = chosen[0]
        return text[: verb.start()] + _negate_verb(verb) + text[verb.end() :]
    if alone := ALONE.search(text):
        rest = text[alone.end() :]
        return text[: alone.start()] + (capitalize(rest) if alone[0][0].isupper() else rest)
    return text


def _negate_verb(verb: re.Match[str]) -> str:
    if verb["long"]:
        return verb["long"]
    form = verb["short"] or verb["plain"]
    upper = len(form) > 1 and form.isupper()
    if verb["plain"]:
        return form + ("" if form.lower() == "can" else " ") + ("NOT" if upper else "not")
    written = form.replace("’", "'")
    bare = IRREGULAR.get(written.lower(), written[:-3].lower())
    return bare.upper() if upper else capitalize(bare) if form[0].isupper() else bare
