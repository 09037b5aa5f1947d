"""Texts rewritten by a rule."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zlib import crc32

import numpy as np

from decortique.core.measures import most_probable
from decortique.data.settings import WORDNET_FILES
from decortique.diagnosis.negation import negate_english, negate_french
from decortique.diagnosis.surface import LAYOUTS, neighbours, swap_contractions, with_typos, without_marks
from decortique.diagnosis.synonyms import learn_synonyms, with_synonyms
from decortique.models.folder import Classifier, Done

Rule = Callable[[str, np.random.Generator], str]  # a text, and its own draws → what is made of it

NEGATIONS = {"en": negate_english, "fr": negate_french}
CONTRACTIONS = {"en": swap_contractions}


def rules_of(
    names: Sequence[str], language: str, typo_rate: float, wordnet: Path
) -> tuple[dict[str, Rule], dict[str, str]]:
    """Gives those of some rules that a language has, and why it has not the others.

    Args:
        names: of rules.
        language: two-letter code.
        typo_rate: share of the words of some length that are mistyped.
        wordnet: folder where the files of WordNet are, if the task's source brings them.

    Raises:
        StageError: some of WordNet's files are missing, or one is damaged.
    """
    rules: dict[str, Rule] = {}
    left_out: dict[str, str] = {}
    for name in names:
        match name:
            case "typos":
                rules[name] = partial(with_typos, rate=typo_rate, near=neighbours(LAYOUTS.get(language, "qwerty")))
            case "lower_case":
                rules[name] = _sure(str.lower)
            case "upper_case":
                rules[name] = _sure(str.upper)
            case "no_punctuation":
                rules[name] = _sure(without_marks)
            case "synonyms":
                if any((wordnet / file).exists() for file in WORDNET_FILES):
                    rules[name] = partial(with_synonyms, synonyms=learn_synonyms(wordnet, language))
                else:
                    left_out[name] = f"{wordnet} holds no WordNet: a part of the task's source may bring it"
            case "contractions" | "negation":
                known = CONTRACTIONS if name == "contractions" else NEGATIONS
                if language in known:
                    rules[name] = _sure(known[language])
                else:
                    left_out[name] = f"there are rules for {', '.join(known)}, none for {language}"
    return rules, left_out


def _sure(change: Callable[[str], str]) -> Rule:
    """Gives the rule that leaves nothing to chance."""
    return lambda text, _: change(text)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The texts that a rule changes."""

    places: np.ndarray  # (changed,) which texts
    before: list[str]
    after: list[str]


def rewritten(
    name: str, rule: Rule, ids: Sequence[str], texts: Sequence[str], chosen: Sequence[int], seed: int
) -> Rewritten:
    """Applies a rule to some of the texts.

    What it makes of a text hangs on the text's id and the seed, not on the other texts. A text of which nothing would
    be left counts as one that the rule does not change.
    """
    found: list[tuple[int, str]] = []
    for place in chosen:
        random = np.random.default_rng([seed, crc32(f"{name} {ids[place]}".encode())])
        made = rule(texts[place], random)
        if made != texts[place] and made.strip():
            found.append((place, made))
    places = np.array([place for place, _ in found], int)
    return Rewritten(places, [texts[place] for place in places], [made for _, made in found])


def drawn(texts: int, wanted: int | None, seed: int) -> list[int]:
    """Draws the places of some of the texts, in their order; of all where none are wanted in particular."""
    return sorted(np.random.default_rng(seed).permutation(texts)[:wanted].tolist())


@dataclass(frozen=True, slots=True)
class Answers:
    """What an approach says of the texts that a rule changes."""

    before: np.ndarray  # (changed, classes) probabilities
    after: np.ndarray  # likewise

    @property
    def predicted(self) -> tuple[np.ndarray, np.ndarray]:
        """(changed,) class numbers, before and after."""
        return most_probable(self.before), most_probable(self.after)

    @property
    def flipped(self) -> np.ndarray:
        """(changed,) bool: where the prediction is another one."""
        before, after = self.predicted
        return before != after


def distinct(found: Mapping[str, Rewritten]) -> list[str]:
    """Gives all texts that approaches are asked about, each once."""
    return list(dict.fromkeys(text for one in found.values() for text in (*one.before, *one.after)))


def answers(found: Mapping[str, Rewritten], classifier: Classifier, done: Done) -> dict[str, Answers]:
    """Asks an approach about the texts of all rewrites at once, and about equal ones once."""
    texts = distinct(found)
    places = {text: place for place, text in enumerate(texts)}
    said = classifier.predict(texts, done).probability
    return {
        name: Answers(*(said[[places[text] for text in told]] for told in (one.before, one.after)))
        for name, one in found.items()
    }
