"""Controls of a task's bag of words: a random split, masked names and numbers, the kinds of words that it relies on."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from decortique.core.files import progress
from decortique.core.measures import measures, most_probable
from decortique.data.lexicon import function_words, listed_forms
from decortique.data.text import collect_names, mask
from decortique.diagnosis.near_duplicates import SPLITS, TaskTexts
from decortique.diagnosis.settings import Validity
from decortique.evaluation.bootstrap import resampled
from decortique.evaluation.settings import Evaluate
from decortique.models.bag_of_words import fit, strongest_features
from decortique.models.settings import Candidate

KINDS = ("names", "numbers", "content_words", "function_words", "punctuation")


def measure_controls(
    texts: TaskTexts, language: str, candidate: Candidate, settings: Validity, evaluate: Evaluate
) -> dict[str, Any]:
    """Fit a bag of words on two splits and two readings of the texts, and return its scores on the test sets.

    Splits: the task's own, and a random one of single texts, which claims what neighbours of the same group give away.
    Readings: as they are, and with proper names and numbers masked. Scores are by split and reading; `relies_on` has
    the `shares_by_kind` of the strongest features.
    """
    labels, strings = texts.labels, [row.text for row in texts.rows]
    own = {name: np.flatnonzero(texts.splits == name) for name in SPLITS}
    names = collect_names(strings)
    splits = {"own_split": own, "random_split": random_split(own, labels, settings.seed)}
    readings = {"as_it_is": strings, "masked": [mask(string, names) for string in strings]}
    reported = {"accuracy": "accuracy", "f1": f"f1.{len(texts.names) - 1}", "average_precision": "average_precision"}
    sampling = {"resamples": evaluate.resamples, "seed": evaluate.seed}
    results: dict[str, Any] = {}
    with progress("validity", len(splits) * len(readings), "fit") as bar:
        for (kind, split), (reading, read) in product(splits.items(), readings.items()):
            train, validation, test = (([read[at] for at in indices], labels[indices]) for indices in split.values())
            # Of one strength, there is nothing to select.
            fitted = fit(candidate, language, train, validation, "log_loss", lambda _: None)
            probability = fitted.classifier.predict(test[0], lambda _: None).probability
            # The random split gets the interval that it would have claimed: that of independent texts.
            groups = texts.at(texts.splits == "test").groups if kind == "own_split" else None
            statistic = partial(measures, test[1], most_probable(probability), probability)
            sampled = resampled(statistic, len(test[1]), **sampling, groups=groups)
            scores = {name: sampled[measure].interval(evaluate.confidence) for name, measure in reported.items()}
            results.setdefault(kind, {})[reading] = scores
            if (kind, reading) == ("own_split", "as_it_is"):
                strongest = strongest_features(fitted.classifier, texts.names, settings.features)
                results["relies_on"] = shares_by_kind(strongest, language, names)
            bar.update()
    return results


def random_split(splits: Mapping[str, np.ndarray], labels: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Return the sorted indices of random splits, whatever the groups, with as many texts of each label as before."""
    random = np.random.default_rng(seed)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in splits}
    for number in np.unique(labels):
        indices = random.permutation(np.flatnonzero(labels == number))
        counts = [int((labels[own] == number).sum()) for own in splits.values()]
        for name, part in zip(splits, np.split(indices, np.cumsum(counts)[:-1]), strict=True):
            drawn[name].append(part)
    return {name: np.sort(np.concatenate(parts)) for name, parts in drawn.items()}


def shares_by_kind(
    features: Iterable[tuple[str, str, float]], language: str, names: frozenset[str]
) -> dict[str, dict[str, float]]:
    """Return, for each label, the share of each of `KINDS` among (label, feature, weight).

    A feature of several words is of the first of `KINDS` that one of them is of: a pair with a name counts as a name.
    Where a language has no list of stop words, its function words count as content.
    """
    listed = function_words(language)
    counts: dict[str, Counter[str]] = {}
    for label, feature, _ in features:
        kinds = {_kind(word, listed, names) for word in feature.split()}
        counts.setdefault(label, Counter())[min(kinds, key=KINDS.index)] += 1
    return {label: {kind: count[kind] / count.total() for kind in KINDS} for label, count in counts.items()}


def _kind(word: str, listed: frozenset[str], names: frozenset[str]) -> str:
    if any(character.isdecimal() for character in word):
        return "numbers"
    if not any(character.isalpha() for character in word):
        return "punctuation"
    for form in listed_forms(word):
        if form in listed:
            return "function_words"
        if form in names:
            return "names"
    return "content_words"
