"""English claims turned round: "is" becomes "is not", and "is not" becomes "is"."""

import re

from stages.rewriting.spelling import capital

PERSONS = "i|you|he|she|it|we|they|there"
FINITE = "is|are|was|were|am|will|would|can|could|should|may|might|must"
# "have", "has" and "had" are auxiliaries only where a participle follows.
PERFECT = r"(?:has|have|had)(?=\s+(?:been|become|made|done|gone|found|given|taken|\w+ed)\b)"
DENYING = "not|no|never|nothing|none|nobody|nowhere|neither|hardly|barely|scarcely"
NEGATED = "is|are|was|were|do|does|did|has|have|had|would|could|should|must"
WITH_NOT = r"at\s+all|even"  # goes with it
IRREGULAR = {"can't": "can", "won't": "will", "shan't": "shall", "cannot": "can"}

# A verb that is negated, or could be. "The will" and "a can" are none, and what is asked is not claimed.
VERB = re.compile(
    rf"""
    (?P<short>\b(?:{NEGATED}|ca|wo|sha)n['’]t\b | \bcannot\b)(?:\s+(?:{WITH_NOT})\b)?
    | (?P<long>\b(?:{NEGATED}|am|will|can|may|might|shall)\b)
      \s+(?:not|never)\b(?:\s+(?:{WITH_NOT})\b)?(?!\s+(?:only|just|to)\b)
    | (?<!\bthe\s)(?<!\ba\s)(?<!\bof\s)(?P<plain>\b(?:{FINITE})\b | \b{PERFECT} | \b(?:it|that|there|he|she)['’]s\b
       | \b(?:they|you|we)['’]re\b | \bi['’]m\b)
      (?!\s+(?:{PERSONS}|only)\b)(?!\s+(?:\w+\s+)?(?:{DENYING})\b)(?![^.!?]*\?)
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Where no verb can be negated, a "not" or "never" that stands alone.
ALONE = re.compile(
    r"(?<!\bif\s)(?<!\bor\s)(?<!\bwhy\s)\b(?:not|never)\s+(?!only\b|just\b|merely\b|simply\b|even\b|to\b|so\s+much\b)",
    re.IGNORECASE,
)
# What begins a clause that says something beside the claim.
BESIDE = re.compile(
    r"\b(?:that|which|who|whose|what|if|when|while|although|though|because|since|where|how|whether|why|than|before|"
    r"after|until|unless|as)\b[^,;:.!?()–—]*$",
    re.IGNORECASE,
)


def turned(text: str) -> str:
    """Negates an English text, or takes its negation away, at one place.

    The place is the first verb of a main clause that is a form of "be", a modal or an auxiliary; of any clause if no
    main clause has one; else a "not" or "never" that stands alone. A text without either stays as it is.

    It knows no grammar: of a text of several claims one is turned, perhaps the lesser one; "any" is not made "some"
    where a negation goes ("does have any"); and what is negated need not be what the opinion rests on.
    """
    verbs = list(VERB.finditer(text))
    main = [verb for verb in verbs if not BESIDE.search(text[: verb.start()])]
    if chosen := [*main, *verbs][:1]:
        verb = chosen[0]
        return text[: verb.start()] + _other(verb) + text[verb.end() :]
    if alone := ALONE.search(text):
        rest = text[alone.end() :]
        return text[: alone.start()] + (capital(rest) if alone[0][0].isupper() else rest)
    return text


def _other(verb: re.Match[str]) -> str:
    if verb["long"]:
        return verb["long"]
    found = verb["short"] or verb["plain"]
    loud = len(found) > 1 and found.isupper()
    if verb["plain"]:
        return found + ("" if found.lower() == "can" else " ") + ("NOT" if loud else "not")
    written = found.replace("’", "'")
    bare = IRREGULAR.get(written.lower(), written[:-3].lower())
    return bare.upper() if loud else capital(bare) if found[0].isupper() else bare
