"""Words replaced by others of the same sense, by WordNet."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np
from snowballstemmer import stemmer

from decortique.data.function_words import content_words
from decortique.data.text import Word, forms, split_words
from decortique.data.wordnet import Synset, read_synsets

MOST = 2  # words of a text that are replaced
SENSES = 3  # of a replacement at most: of a word of more, one thinks of another sense first
VERB, NOUN = "v", "n"

ARTICLE = re.compile(r"\b(a|an)(\s+)$", re.IGNORECASE)
VOWEL_SOUND = re.compile(r"(?!uni|use|eu|one)[aeiou]|honest|honou?r|hour|heir")


def learn_synonyms(folder: Path, language: str) -> dict[str, str]:
    """Gives, of each word that WordNet leaves no doubt of, another one for it.

    These are adjectives, adverbs and nouns of a single sense, in their base form and no form of a verb. Of the others
    of that sense, none of many senses, the one is taken that is in use most often: how often WordNet's examples of
    other senses have it, spread evenly over its senses. One that they never have is too rare.

    What it cannot tell: which words keep company ("a huge fan" becomes "a vast fan"), how strong a word is ("wonderful"
    becomes "tremendous"), and that a word has a sense that WordNet does not list. Four of five outputs read well.

    Args:
        folder: with WordNet's files.
        language: of it; function words are never replaced.

    Raises:
        StageError: a file is missing or damaged.
    """
    synsets = list(read_synsets(folder))
    senses: dict[str, list[Synset]] = defaultdict(list)
    for synset in synsets:
        for lemma in dict.fromkeys(synset.lemmas):
            senses[lemma].append(synset)
    used = Counter(form for synset in synsets for text in synset.examples for form in set(forms(text)))
    content, inflected = set(content_words(senses, language)), _inflected(senses)
    found: dict[str, str] = {}
    for word, (synset, *others) in senses.items():
        if others or synset.kind == VERB:
            continue
        lemmas = [one for one in synset.lemmas if one in content and not inflected(one, synset.kind)]
        shares = {
            one: (used[one] - sum(one in forms(text) for text in synset.examples)) / len(senses[one])
            for one in lemmas
            if one != word and len(senses[one]) <= SENSES
        }
        if word in lemmas and max(shares.values(), default=0) > 0:
            found[word] = max(shares, key=shares.__getitem__)
    return found


def _inflected(senses: Mapping[str, Collection[Synset]]) -> Callable[[str, str], bool]:
    """Gives what tells plurals and forms of verbs, such as `minutes` and `moved`: WordNet lists some of them."""
    stem = stemmer("english").stemWord
    verbs = {stem(lemma) for lemma, found in senses.items() if any(one.kind == VERB for one in found)}

    def inflected(word: str, kind: str) -> bool:
        plural = kind == NOUN and word.endswith("s") and not word.endswith("ss")
        return plural or (word.endswith(("ing", "ed", "en")) and stem(word) in verbs)

    return inflected


def with_synonyms(text: str, random: np.random.Generator, synonyms: Mapping[str, str]) -> str:
    """Replaces up to two words of a text, drawn of those that have a synonym.

    Words with a capital may be names, and parts of a compound belong to it: they stay, as does a measure behind its
    number. "A" and "an" are set right.
    """
    words = split_words(text)
    able = [place for place, word in enumerate(words) if word.spelling in synonyms and _stands_alone(text, word)]
    if not able:
        return text
    chosen = random.choice(able, size=min(MOST, len(able)), replace=False)
    # From behind, so that the places of those before stay.
    for place in sorted(chosen.tolist(), reverse=True):
        word = words[place]
        text = _with_article(text[: word.start], synonyms[word.form]) + text[word.end :]
    return text


def _stands_alone(text: str, word: Word) -> bool:
    before, after = text[: word.start], text[word.end :]
    return not re.search(r"[-'’/]$|\d\s*$", before) and not re.match(r"[-/]", after)


def _with_article(before: str, word: str) -> str:
    """Joins a word to what stands before it, whose last "a" or "an" it predicts."""

    def fitting(found: re.Match[str]) -> str:
        fits = "an" if VOWEL_SOUND.match(word) else "a"
        return (found[1][0] + fits[1:]) + found[2]

    return ARTICLE.sub(fitting, before) + word
