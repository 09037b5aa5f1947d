"""What a rule makes of texts, and what approaches say before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from stages.classifiers.classifier import Classifier, Done
from stages.rewriting.rules import Rule
from stages.statistics.measures import most_probable


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
    def decided(self) -> tuple[np.ndarray, np.ndarray]:
        """(changed,) class numbers, before and after."""
        return most_probable(self.before), most_probable(self.after)

    @property
    def flipped(self) -> np.ndarray:
        """(changed,) bool: where the decision is another one."""
        before, after = self.decided
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
