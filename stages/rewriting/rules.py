"""The rules by name, and what a language lacks for some of them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from stages.rewriting import contractions, negation, negation_french
from stages.rewriting.surface import without_marks
from stages.rewriting.synonyms import learn_synonyms, with_synonyms
from stages.rewriting.typos import LAYOUTS, neighbours, with_typos
from stages.settings.languages import WORDNET_FILES

Rule = Callable[[str, np.random.Generator], str]  # a text, and its own draws → what is made of it

NEGATIONS = {"en": negation.turned, "fr": negation_french.turned}
CONTRACTIONS = {"en": contractions.swapped}


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
