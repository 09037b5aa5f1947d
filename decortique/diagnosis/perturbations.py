"""Perturbations of a text by rule: typing errors, punctuation, contractions, synonyms by WordNet, and all by name."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from snowballstemmer import stemmer

from decortique.data.lexicon import Synset, content_words, read_synsets
from decortique.data.settings import WORDNET_FILES
from decortique.data.text import forms, split_words
from decortique.diagnosis.negation import capitalize, negate_english, negate_french

VERBS = ["is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "could", "would", "should", "must"]
PEOPLE = ["I", "you", "he", "she", "it", "we", "they", "there"]
THIRD = ["he", "she", "it", "there", "that", "who", "what", "here", "where"]
PARTICIPLES = ["been", "got", "become", "gone", "come", "done", "had"]  # after which "'s" is short for "has"
SHORT = {"am": "'m", "are": "'re", "will": "'ll"}
MODALS = {"ca": "can", "wo": "will"}  # before "n't"
OTHERS = {"I": ["am", "will"], "you": ["are", "will"], "we": ["are", "will"], "they": ["are", "will"]}


def _contractions() -> Iterator[tuple[str, str]]:
    """Yield contractions, each with what it is short for."""
    yield from (("can't", "cannot"), ("won't", "will not"), ("shan't", "shall not"))
    yield from ((f"{verb}n't", f"{verb} not") for verb in VERBS)
    # A question has "not" behind its subject.
    yield from ((f"{verb}n't {who}", f"{verb} {who} not") for verb, who in product(VERBS, PEOPLE))
    yield from ((f"{verb}n't {who}", f"{full} {who} not") for verb, full in MODALS.items() for who in PEOPLE)
    yield from ((f"{who}'s {what}", f"{who} has {what}") for who, what in product(THIRD, PARTICIPLES))
    yield from ((f"{who}'s", f"{who} is") for who in THIRD)
    yield from ((f"{who}{SHORT[verb]}", f"{who} {verb}") for who, verbs in OTHERS.items() for verb in verbs)


# Not back: "you have a point" is no "you've a point", and "let us in" no "let's in".
ONE_WAY = {"let's": "let us", **{f"{who.lower()}'ve": f"{who} have" for who in ("I", "you", "we", "they")}}
SWAPPED = {
    **{short.lower(): full for short, full in _contractions()},
    **{full.lower(): short for short, full in _contractions()},
    "can not": "can't",
    **ONE_WAY,
}


def _pattern(key: str) -> str:
    escaped = re.escape(key).replace(r"\ ", r"\s+").replace("'", "['’]")
    # What ends a clause is not contracted: "that is what it is".
    return rf"{escaped}(?=\s+\w)" if re.search(r" (is|am|are|will)$", key) else rf"{escaped}\b"


# The longest first: "isn't it" before "isn't".
CONTRACTION = re.compile(
    rf"(?<![\w'’])(?:{'|'.join(_pattern(key) for key in sorted(SWAPPED, key=len, reverse=True))})", re.IGNORECASE
)


def swap_contractions(text: str) -> str:
    """Write English contractions out, and contract what is written out.

    "'d" stays, which is short for "had" or "would". "'s" is taken for "is", but before a few participles for "has":
    "it's made a star of her" becomes "it is made …", which is wrong, and rare.
    """

    def swapped(match: re.Match[str]) -> str:
        other = SWAPPED[" ".join(match[0].lower().replace("’", "'").split())]
        if match[0].isupper() and len(match[0]) > 1:
            return other.upper()
        return capitalize(other) if match[0][:1].isupper() else other

    return CONTRACTION.sub(swapped, text)


READ_ALOUD = "%&@#"
# First what belongs to a word or a number: it is matched, and stays.
MARK = re.compile(r"(?<=\w)['’](?=\w)|(?<=\d)[.,:/](?=\d)|([^\w\s]|_)")


def strip_punctuation(text: str) -> str:
    """Remove the punctuation; words that a hyphen joined become two.

    Apostrophes inside words stay, as do marks inside numbers, and what is read aloud: `%`, `&`, `$`.
    """

    def stripped(match: re.Match[str]) -> str:
        mark = match[1]
        return " " if mark and mark not in READ_ALOUD and unicodedata.category(mark).startswith("P") else match[0]

    bare = MARK.sub(stripped, text)
    return text if bare == text else " ".join(bare.split())


SHORTEST = 4  # letters of a word that gets a typing error: of a shorter one, too little would be left

# How far each row of keys stands to the right of the one above, in keys, as on most keyboards.
OFFSETS = (0.0, 0.25, 0.75)
ROWS = {"qwerty": ("qwertyuiop", "asdfghjkl", "zxcvbnm"), "azerty": ("azertyuiop", "qsdfghjklm", "wxcvbn")}


def keyboard_neighbours(layout: str) -> dict[str, str]:
    """Return, for each letter of a keyboard layout of `ROWS`, the letters whose keys touch its own."""
    keys = {
        letter: (column + offset, row)
        for row, (letters, offset) in enumerate(zip(ROWS[layout], OFFSETS, strict=True))
        for column, letter in enumerate(letters)
    }

    def touch(one: tuple[float, int], other: tuple[float, int]) -> bool:
        across, down = abs(one[0] - other[0]), abs(one[1] - other[1])
        return across <= 1 if down == 0 else down == 1 and across < 1

    return {one: "".join(other for other in keys if other != one and touch(keys[one], keys[other])) for one in keys}


def add_typos(text: str, random: np.random.Generator, rate: float, near: Mapping[str, str]) -> str:
    """Mistype a share of the words of four letters and more, at least one if there is any; see `mistype`."""
    words = [word for word in split_words(text) if len(word.spelling) >= SHORTEST and word.spelling.isalpha()]
    if not words:
        return text
    chosen = random.choice(len(words), size=max(1, round(rate * len(words))), replace=False)
    # From the end, so that the offsets of the words before stay right.
    for word in (words[index] for index in sorted(chosen, reverse=True)):
        text = text[: word.start] + mistype(word.spelling, random, near) + text[word.end :]
    return text


def mistype(word: str, random: np.random.Generator, near: Mapping[str, str]) -> str:
    """Return a word with two inner letters swapped, or a letter dropped, doubled, or replaced by a key near it.

    Each kind that the word allows is as likely. The first letter stays: people seldom mistype it.
    """
    inner = range(1, len(word))
    kinds = [
        [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in inner[:-2] if word[at] != word[at + 1]],
        [word[:at] + word[at + 1 :] for at in inner],
        [word[:at] + word[at] + word[at:] for at in inner],
        [
            word[:at] + (other.upper() if word[at].isupper() else other) + word[at + 1 :]
            for at in inner
            for other in near.get(word[at].lower(), "")
        ],
    ]
    possible = [kind for kind in kinds if kind]
    chosen = possible[random.integers(len(possible))]
    return chosen[random.integers(len(chosen))]


MAX_REPLACED = 2  # words of a text that get a synonym
MAX_SENSES = 3  # of a synonym: a word of more makes one think of another sense first
VERB, NOUN = "v", "n"

ARTICLE = re.compile(r"\b(a)n?(\s+)$", re.IGNORECASE)
VOWEL_SOUND = re.compile(r"(?!uni|use|eu|one)[aeiou]|honest|honou?r|hour|heir")


def wordnet_synonyms(folder: Path, language: str) -> dict[str, str]:
    """Return a synonym for each word whose sense is beyond doubt by the WordNet of a folder.

    These are adjectives, adverbs and nouns of a single sense, in their base form and no form of a verb; no function
    words. Of the other words of that sense, none of many senses, the one is taken that is in use most often: how often
    WordNet's examples of other senses have it, spread evenly over its senses. One that they never have is too rare.

    It does not know which words go together ("a huge fan" becomes "a vast fan") nor how strong a word is ("wonderful"
    becomes "tremendous"). Four of five outputs read well. Raises StageError if a file is missing or damaged.
    """
    synsets = list(read_synsets(folder))
    senses: dict[str, list[Synset]] = defaultdict(list)
    for synset in synsets:
        for lemma in dict.fromkeys(synset.lemmas):
            senses[lemma].append(synset)
    used = Counter(form for synset in synsets for text in synset.examples for form in set(forms(text)))
    content, stem = set(content_words(senses, language)), stemmer("english").stemWord
    verbs = {stem(lemma) for lemma, listed in senses.items() if any(one.kind == VERB for one in listed)}

    def inflected(word: str, kind: str) -> bool:
        """Test for plurals and forms of verbs, such as `minutes` and `moved`: WordNet lists some of them."""
        plural = kind == NOUN and word.endswith("s") and not word.endswith("ss")
        return plural or (word.endswith(("ing", "ed", "en")) and stem(word) in verbs)

    synonyms: dict[str, str] = {}
    for word, (synset, *others) in senses.items():
        if others or synset.kind == VERB:
            continue
        lemmas = [one for one in synset.lemmas if one in content and not inflected(one, synset.kind)]
        shares = {
            one: (used[one] - sum(one in forms(text) for text in synset.examples)) / len(senses[one])
            for one in lemmas
            if one != word and len(senses[one]) <= MAX_SENSES
        }
        if word in lemmas and max(shares.values(), default=0) > 0:
            synonyms[word] = max(shares, key=shares.__getitem__)
    return synonyms


def replace_with_synonyms(text: str, random: np.random.Generator, synonyms: Mapping[str, str]) -> str:
    """Replace up to two words of a text, sampled from those that have a synonym, and mend "a" or "an" before them.

    Words with a capital, which may be names, parts of a compound and measures behind a number stay.
    """
    words = split_words(text)
    able = [
        index
        for index, word in enumerate(words)
        if word.spelling in synonyms
        and not re.search(r"[-'’/]$|\d\s*$", text[: word.start])
        and not re.match(r"[-/]", text[word.end :])
    ]
    if not able:
        return text
    chosen = random.choice(able, size=min(MAX_REPLACED, len(able)), replace=False)
    # From the end, so that the offsets of the words before stay right.
    for word in (words[index] for index in sorted(chosen, reverse=True)):
        synonym = synonyms[word.form]
        article = rf"\g<1>{'n' if VOWEL_SOUND.match(synonym) else ''}\2"
        text = ARTICLE.sub(article, text[: word.start]) + synonym + text[word.end :]
    return text


Rule = Callable[[str, np.random.Generator], str]  # a text and its own random numbers → the text rewritten

# Rules that leave nothing to chance, by language; those of "" are of any.
PLAIN_RULES: Mapping[str, Mapping[str, Callable[[str], str]]] = {
    "lower_case": {"": str.lower},
    "upper_case": {"": str.upper},
    "no_punctuation": {"": strip_punctuation},
    "contractions": {"en": swap_contractions},
    "negation": {"en": negate_english, "fr": negate_french},
}
KEYBOARDS = {"fr": "azerty"}  # others are taken for QWERTY


def rules_of(
    names: Sequence[str], language: str, typo_rate: float, wordnet: Path
) -> tuple[dict[str, Rule], dict[str, str]]:
    """Return the rules that a language has, and the reason for each one that it lacks.

    Raises StageError if only some of the files of WordNet are in its folder, or one is damaged.
    """
    rules: dict[str, Rule] = {}
    left_out: dict[str, str] = {}
    for name in names:
        if name == "typos":
            near = keyboard_neighbours(KEYBOARDS.get(language, "qwerty"))
            rules[name] = partial(add_typos, rate=typo_rate, near=near)
        elif name == "synonyms":
            if any((wordnet / file).exists() for file in WORDNET_FILES):
                rules[name] = partial(replace_with_synonyms, synonyms=wordnet_synonyms(wordnet, language))
            else:
                left_out[name] = f"{wordnet} holds no WordNet: a part of the task's source may bring it"
        elif rule := PLAIN_RULES[name].get("") or PLAIN_RULES[name].get(language):
            rules[name] = partial(_without_chance, rule)
        else:
            left_out[name] = f"there are rules for {', '.join(PLAIN_RULES[name])}, none for {language}"
    return rules, left_out


def _without_chance(change: Callable[[str], str], text: str, _: np.random.Generator) -> str:
    return change(text)
