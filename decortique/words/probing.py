"""What linear probes read from a representation.

The probe is a ridge regression on the indicator of each class, divided by the class's share, so that no class is
favoured for being frequent. It is solved exactly: no seed, no stopping, and any number of label columns at once.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import permutations, product
from typing import Any, NamedTuple

import numpy as np
from gensim.models import KeyedVectors
from sklearn.preprocessing import StandardScaler

from decortique.data.settings import PronounFeatures
from decortique.evaluation.bootstrap import Resampled
from decortique.evaluation.settings import Evaluate
from decortique.words.corpus import Occurrence
from decortique.words.settings import Pronouns
from decortique.words.similarity import means
from decortique.words.vectors import mean_vector


def predict(train: np.ndarray, columns: np.ndarray, test: np.ndarray, *, classes: int, ridge: float) -> np.ndarray:
    """Fit a probe per column of labels to (examples, width), and return the (tested, columns) classes it predicts.

    Each of the (examples, columns) is a labelling of its own; the ridge is on features scaled to variance 1.
    """
    scaler = StandardScaler().fit(train.astype(np.float64))
    known, new = scaler.transform(train), scaler.transform(test)  # the mean of each feature of `known` is 0
    indicators = (columns[:, :, None] == np.arange(classes)).astype(float)
    shares = np.maximum(indicators.mean(axis=0), 1e-12)  # (columns, classes)
    targets = (indicators / shares - 1).reshape(len(train), -1)  # of mean 0, so that no constant is needed
    weights = np.linalg.solve(known.T @ known + ridge * np.eye(known.shape[1]), known.T @ targets)
    scores = (new @ weights).reshape(len(test), -1, classes)
    # Scores that differ by rounding alone are a tie, which goes to the first class wherever it arises.
    return np.argmax(np.round(scores, 9), axis=2)


class Balanced(NamedTuple):
    """Occurrences whose kind says nothing of their class: in each fold, half of those of a kind have either class.

    What is the same for all of a kind then predicts right in exactly half of the cases. All arrays are (examples,).
    """

    indices: np.ndarray  # among the occurrences
    classes: np.ndarray  # 0 or 1
    folds: np.ndarray  # the fold in which each is tested
    groups: np.ndarray  # numbers of the groups, each in one fold
    shuffled: np.ndarray  # the classes shuffled within kind and fold: a control


def balance(kinds: Sequence[str], classes: np.ndarray, groups: Sequence[str], *, folds: int, seed: int) -> Balanced:
    """Keep, of each kind in each fold, as many random occurrences of either class.

    `classes` are 0, 1, or -1 for occurrences without one. Sentences of one of the `groups` are not independent, so they
    share a fold.
    """
    random = np.random.default_rng(seed)
    known = np.flatnonzero(classes >= 0)
    numbers = np.unique(np.array(groups)[known], return_inverse=True)[1]
    fold = np.full(len(classes), -1)
    fold[known] = random.permutation(np.arange(numbers.max(initial=-1) + 1) % folds)[numbers]
    kind = np.unique(np.array(kinds), return_inverse=True)[1]
    kept, shuffled = [np.empty(0, int)], [np.empty(0, int)]
    for one, number in product(range(kind.max(initial=-1) + 1), range(folds)):
        both = [np.flatnonzero((kind == one) & (fold == number) & (classes == value)) for value in (0, 1)]
        size = min(map(len, both))
        sampled = np.concatenate([random.permutation(several)[:size] for several in both])
        kept.append(sampled)
        shuffled.append(random.permutation(classes[sampled]))
    indices = np.concatenate(kept)
    together = np.unique(np.array(groups)[indices], return_inverse=True)[1]
    return Balanced(indices, classes[indices], fold[indices], together, np.concatenate(shuffled))


def probe(features: np.ndarray, examples: Balanced, *, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """Return (examples,) bool, whether a cross-validated probe predicts right; and likewise one of shuffled labels."""
    columns = np.stack([examples.classes, examples.shuffled], axis=1)
    right = np.empty(columns.shape, bool)
    for fold in np.unique(examples.folds):
        tested = examples.folds == fold
        train, test = features[examples.indices[~tested]], features[examples.indices[tested]]
        right[tested] = predict(train, columns[~tested], test, classes=2, ridge=ridge) == columns[tested]
    return right[:, 0], right[:, 1]


FEW = 8  # families whose classes are permuted in all ways that there are
PERMUTATIONS = 199  # at most


def probe_across_families(
    features: np.ndarray, families: np.ndarray, classes: np.ndarray, *, ridge: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Probe a property of words on families of words that the probe has not seen, as `my` would reveal `me`.

    Each family is left out in turn. A permutation test (all permutations of the classes, or many at random) shows what
    families that happen to be similar give. `features` are (words, occurrences, width), `families` (words,). Return
    (families,) shares of the occurrences predicted right, a family's words with equal weight; and (permutations,)
    balanced accuracies of the permuted classes, the true ones first.
    """
    columns = _permuted(classes, seed)  # (families, permutations)
    occurrences, width = features.shape[1:]
    right = np.empty(columns.shape)
    for family in range(len(classes)):
        here = families == family
        labels = np.repeat(columns[families[~here]], occurrences, axis=0)
        train, test = features[~here].reshape(-1, width), features[here].reshape(-1, width)
        predicted = predict(train, labels, test, classes=int(classes.max()) + 1, ridge=ridge)
        right[family] = (predicted == columns[family]).mean(axis=0)
    return right[:, 0], np.array([balanced_accuracy(*both) for both in zip(right.T, columns.T, strict=True)])


def _permuted(classes: np.ndarray, seed: int) -> np.ndarray:
    """Return (families, permutations): the classes as they are, then permuted."""
    random = np.random.default_rng(seed)
    actual = tuple(classes.tolist())
    if len(classes) <= FEW:
        others = sorted({*permutations(actual)} - {actual})
    else:
        others = sorted({tuple(random.permutation(actual).tolist()) for _ in range(PERMUTATIONS)} - {actual})
    kept = range(len(others)) if len(others) <= PERMUTATIONS else random.permutation(len(others))[:PERMUTATIONS]
    return np.array([actual, *(others[index] for index in kept)]).T


def balanced_accuracy(right: np.ndarray, classes: np.ndarray) -> float:
    """Return the mean, over the classes, of the mean share predicted right."""
    return float(np.mean([right[classes == number].mean() for number in np.unique(classes)]))


MIN_EXAMPLES = 100  # balanced occurrences, for a result


def probe_contexts(
    states: np.ndarray,
    occurrences: Sequence[Occurrence],
    static: Mapping[str, KeyedVectors],
    settings: Pronouns,
    bootstrap: Evaluate,
) -> dict[str, Any]:
    """Probe what pronouns say of their text: its label in each task, and whether they stand in its second half.

    Occurrences are balanced within each form and each source of texts (tweets are kinder than editorials), so that
    neither says anything: a static vector of the pronoun must be right in half of the cases. The mean of the static
    vectors of all words of the text is what can be known of it without a transformer. `states` are (layers,
    occurrences, width); intervals are over whole groups of texts.
    """
    if not occurrences:  # of texts without labels
        return {}
    texts = [[word.form for word in one.sentence.words] for one in occurrences]
    vectors = {f"layer {layer}": values for layer, values in enumerate(states)}
    for suffix, words in (("", [[one.form] for one in occurrences]), (", mean of the text", texts)):
        vectors |= {
            f"{name}{suffix}": np.stack([mean_vector(known, w) for w in words]) for name, known in static.items()
        }
    properties = {"position": np.array([int(2 * one.index >= len(one.sentence.words)) for one in occurrences])}
    for task in sorted({one.sentence.task for one in occurrences}):
        of_task = [one.sentence.label if one.sentence.task == task else None for one in occurrences]
        labels = sorted({label for label in of_task if label})
        if len(labels) == 2:
            properties[f"label of {task}"] = np.array([labels.index(label) if label else -1 for label in of_task])
    kinds = [f"{one.form} {one.sentence.source}" for one in occurrences]
    groups = [one.sentence.group for one in occurrences]
    report = {}
    for name, classes in properties.items():
        examples = balance(kinds, classes, groups, folds=settings.folds, seed=settings.seed)
        if len(examples.indices) >= MIN_EXAMPLES and len(np.unique(examples.folds)) > 1:
            report[name] = _probed(vectors, examples, settings, bootstrap, next(iter(static)))
    return report


def _probed(
    vectors: Mapping[str, np.ndarray], examples: Balanced, settings: Pronouns, bootstrap: Evaluate, control: str
) -> dict[str, Any]:
    """Probe one property in each of the `vectors`; `control` is the static one that they are compared with."""
    both = [probe(features, examples, ridge=settings.ridge) for features in vectors.values()]
    columns = np.stack([right for kind in zip(*both, strict=True) for right in kind], axis=1).astype(float)
    averages = means(columns, bootstrap, groups=examples.groups)
    accuracy, shuffled = averages[: len(vectors)], averages[len(vectors) :]
    baseline = accuracy[list(vectors).index(control)]
    scores = [
        {"accuracy": value, "shuffled_labels": other, f"versus_{control}": value - baseline}
        for value, other in zip(accuracy, shuffled, strict=True)
    ]
    return {
        "examples": len(examples.indices),
        "groups": int(examples.groups.max()) + 1,
        "vectors": {
            name: {measure: value.interval(bootstrap.confidence) for measure, value in one.items()}
            for name, one in zip(vectors, scores, strict=True)
        },
    }


def probe_forms(
    states: np.ndarray,
    words: Sequence[str],
    features: Mapping[str, PronounFeatures],
    static: Mapping[str, KeyedVectors],
    settings: Pronouns,
    bootstrap: Evaluate,
) -> dict[str, Any]:
    """Probe what a pronoun's form says, number and person, on pronouns that the probe has seen in no form.

    Here a static vector may know: these are properties of the word, not of its context. A class of one pronoun (in
    English, the second person) cannot be probed. `states` are (words, layers, occurrences, width) of forms of pronouns,
    `features` say of which pronoun each is a form; intervals are over pronouns.
    """
    vectors = {f"layer {layer}": states[:, layer] for layer in range(states.shape[1])}
    for name, known in static.items():
        vectors[name] = np.stack([mean_vector(known, [word]) for word in words])[:, None] if words else states[:, 0]
    report: dict[str, Any] = {}
    for name in ("number", "person"):
        values = {features[word].lemma: getattr(features[word], name) for word in words}
        values = {lemma: str(value) for lemma, value in values.items() if value is not None}
        classes = sorted(value for value, count in Counter(values.values()).items() if count > 1)
        if len(classes) < 2:
            continue
        lemmas = sorted(lemma for lemma, value in values.items() if value in classes)
        kept = [index for index, word in enumerate(words) if features[word].lemma in lemmas]
        families = np.array([lemmas.index(features[words[index]].lemma) for index in kept])
        numbers = np.array([classes.index(values[lemma]) for lemma in lemmas])
        scores = {name: _across(one[kept], families, numbers, settings, bootstrap) for name, one in vectors.items()}
        about = {"forms": len(kept), "pronouns": len(lemmas), "classes": classes, "chance": 1 / len(classes)}
        report[name] = {**about, "vectors": scores}
    return report


def _across(
    features: np.ndarray, families: np.ndarray, classes: np.ndarray, settings: Pronouns, bootstrap: Evaluate
) -> dict[str, Any]:
    right, permuted = probe_across_families(features, families, classes, ridge=settings.ridge, seed=settings.seed)
    by_class = [right[classes == number, None] for number in np.unique(classes)]
    resamples = [means(one, bootstrap, seed_offset=number)[0].resamples for number, one in enumerate(by_class)]
    value = balanced_accuracy(right, classes)
    return {
        "balanced_accuracy": Resampled(value, np.mean(resamples, axis=0)).interval(bootstrap.confidence),
        "permuted_classes": float(permuted.mean()),
        "permutations": len(permuted),
        "permutation_p": float((permuted >= value - 1e-9).mean()),
    }
