"""What pronouns carry: what a linear probe reads from them in context, layer by layer, beside controls."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gensim.models import KeyedVectors

from stages.representations.geometry import means
from stages.representations.probing import Balanced, balance, balanced_accuracy, probe, probe_across_families
from stages.settings.evaluate import Evaluate
from stages.settings.languages import Features
from stages.settings.pronouns import Pronouns
from stages.statistics.bootstrap import Resampled
from stages.words.corpus import Sentence
from stages.words.occurrences import Occurrence

LEAST = 100  # balanced occurrences; fewer tell nothing


def of_contexts(
    states: np.ndarray,
    occurrences: Sequence[Occurrence],
    static: Mapping[str, KeyedVectors],
    settings: Pronouns,
    bootstrap: Evaluate,
) -> dict[str, Any]:
    """Probes what pronouns say of their text: its label in each task, and whether they stand in its second half.

    Occurrences are balanced within each form and each source of texts (tweets are kinder than editorials), so that
    neither tells anything: a static vector of the pronoun must be right in half of the cases. The mean of the static
    vectors of all words of the text is what can be known of it without a transformer.

    Args:
        states: (layers, occurrences, width).
        occurrences: of pronouns.
        static: vectors by name.
        settings: of the probe.
        bootstrap: of the intervals, over whole groups of texts.
    """
    if not occurrences:  # of texts without labels
        return {}
    vectors = {
        **{f"layer {layer}": values for layer, values in enumerate(states)},
        **{name: np.stack([_vector(found, one.form) for one in occurrences]) for name, found in static.items()},
        **{
            f"{name}, mean of the text": np.stack([_mean(found, one.sentence) for one in occurrences])
            for name, found in static.items()
        },
    }
    report = {}
    for name, classes in _properties(occurrences).items():
        examples = balance(
            [f"{one.form} {one.sentence.source}" for one in occurrences],
            classes,
            [one.sentence.group for one in occurrences],
            folds=settings.folds,
            seed=settings.seed,
        )
        if len(examples.places) >= LEAST and len(np.unique(examples.folds)) > 1:
            report[name] = _probed(vectors, examples, settings, bootstrap, next(iter(static)))
    return report


def _properties(occurrences: Sequence[Occurrence]) -> dict[str, np.ndarray]:
    """Gives classes 0 and 1 by property, -1 where an occurrence has none."""
    half = [int(2 * one.place >= len(one.sentence.words)) for one in occurrences]
    found = {"position": np.array(half)}
    for task in sorted({one.sentence.task for one in occurrences}):
        labels = sorted({one.sentence.label for one in occurrences if one.sentence.task == task and one.sentence.label})
        if len(labels) == 2:
            found[f"label of {task}"] = np.array(
                [
                    labels.index(one.sentence.label) if one.sentence.task == task and one.sentence.label else -1
                    for one in occurrences
                ]
            )
    return found


def _probed(
    vectors: Mapping[str, np.ndarray], examples: Balanced, settings: Pronouns, bootstrap: Evaluate, control: str
) -> dict[str, Any]:
    """Probes one property in each of the `vectors`; what they are compared with is the static one."""
    right, lots = {}, {}
    for name, features in vectors.items():
        right[name], lots[name] = probe(features, examples, strength=settings.ridge)
    columns = np.stack([*right.values(), *lots.values()], axis=1).astype(float)
    found = means(columns, bootstrap, groups=examples.groups)
    real = dict(zip(vectors, found[: len(vectors)], strict=True))
    by_lot = dict(zip(vectors, found[len(vectors) :], strict=True))
    return {
        "examples": len(examples.places),
        "groups": int(examples.groups.max()) + 1,
        "vectors": {
            name: {
                "accuracy": value.interval(bootstrap.confidence),
                "labels_by_lot": by_lot[name].interval(bootstrap.confidence),
                f"versus_{control}": (value - real[control]).interval(bootstrap.confidence),
            }
            for name, value in real.items()
        },
    }


def of_forms(
    states: np.ndarray,
    words: Sequence[str],
    described: Mapping[str, Features],
    static: Mapping[str, KeyedVectors],
    settings: Pronouns,
    bootstrap: Evaluate,
) -> dict[str, Any]:
    """Probes what a pronoun's form says, number and person, on pronouns that the probe has seen in no form.

    Here a static vector may know: these are properties of the word, not of its context. A class of one pronoun (in
    English, the second person) cannot be asked about.

    Args:
        states: (words, layers, occurrences, width).
        words: forms of pronouns.
        described: what each says, and of which pronoun it is a form.
        static: vectors by name.
        settings: of the probe.
        bootstrap: of the intervals, over pronouns.
    """
    vectors = {f"layer {layer}": states[:, layer] for layer in range(states.shape[1])}
    for name, found in static.items():
        vectors[name] = np.stack([_vector(found, word) for word in words])[:, None] if words else np.empty((0, 1, 1))
    report: dict[str, Any] = {}
    for name in ("number", "person"):
        said = {described[word].lemma: str(getattr(described[word], name)) for word in words}
        counts = Counter(value for value in said.values() if value != "None")
        asked = sorted(value for value, count in counts.items() if count > 1)
        lemmas = sorted(lemma for lemma, value in said.items() if value in asked)
        kept = [place for place, word in enumerate(words) if described[word].lemma in lemmas]
        if len(asked) < 2:
            continue
        families = np.array([lemmas.index(described[words[place]].lemma) for place in kept])
        classes = np.array([asked.index(said[lemma]) for lemma in lemmas])
        report[name] = {
            "forms": len(kept),
            "pronouns": len(lemmas),
            "classes": asked,
            "chance": 1 / len(asked),
            "vectors": {
                source: _across(features[kept], families, classes, settings, bootstrap)
                for source, features in vectors.items()
            },
        }
    return report


def _across(
    features: np.ndarray, families: np.ndarray, classes: np.ndarray, settings: Pronouns, bootstrap: Evaluate
) -> dict[str, Any]:
    right, dealt = probe_across_families(features, families, classes, strength=settings.ridge, seed=settings.seed)
    by_class = [
        means(right[classes == number, None], bootstrap, salt=number)[0].resamples
        for number in range(int(classes.max()) + 1)
    ]
    value = balanced_accuracy(right, classes)
    return {
        "balanced_accuracy": Resampled(value, np.mean(by_class, axis=0)).interval(bootstrap.confidence),
        "classes_by_lot": float(dealt.mean()),
        "deals": len(dealt),
        "permutation_p": float((dealt >= value - 1e-9).mean()),
    }


def _vector(vectors: KeyedVectors, word: str) -> np.ndarray:
    return vectors[word] if word in vectors else np.zeros(vectors.vector_size, np.float32)


def _mean(vectors: KeyedVectors, sentence: Sentence) -> np.ndarray:
    known = [vectors[word.form] for word in sentence.words if word.form in vectors]
    return np.mean(known, axis=0) if known else np.zeros(vectors.vector_size, np.float32)
