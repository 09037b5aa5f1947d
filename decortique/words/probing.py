"""What linear probes read from a representation.

The probe is a ridge regression on the indicator of each class, divided by the class's share, so that no class is
favoured for being frequent. It is solved exactly: no seed, no stopping, and any number of label columns at once.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

import numpy as np
from gensim.models import KeyedVectors
from sklearn.preprocessing import StandardScaler

from decortique.data.settings import Features
from decortique.evaluation.bootstrap import Resampled
from decortique.evaluation.settings import Evaluate
from decortique.words.corpus import Occurrence, Sentence
from decortique.words.geometry import means
from decortique.words.settings import Pronouns

FEW = 8  # families whose classes are dealt in all ways that there are
DEALS = 199  # ways at most


def predict(train: np.ndarray, columns: np.ndarray, test: np.ndarray, *, classes: int, strength: float) -> np.ndarray:
    """Fits one probe per column of labels, and predicts.

    Args:
        train: (examples, width).
        columns: (examples, columns) class numbers; each column is a labelling of its own.
        test: (tested, width).
        classes: how many.
        strength: of the ridge, on features scaled to variance 1.

    Returns:
        (tested, columns) class numbers.
    """
    scaler = StandardScaler().fit(train.astype(np.float64))
    known, new = scaler.transform(train), scaler.transform(test)  # the mean of each feature of `known` is 0
    indicators = (columns[:, :, None] == np.arange(classes)).astype(float)
    shares = np.maximum(indicators.mean(axis=0), 1e-12)  # (columns, classes)
    wanted = (indicators / shares - 1).reshape(len(train), -1)  # of mean 0, so that no constant is needed
    weights = np.linalg.solve(known.T @ known + strength * np.eye(known.shape[1]), known.T @ wanted)
    scores = (new @ weights).reshape(len(test), -1, classes)
    # Scores that differ by rounding alone are a tie, which goes to the first class wherever it arises.
    return np.argmax(np.round(scores, 9), axis=2)


@dataclass(frozen=True, slots=True)
class Balanced:
    """Occurrences of whose property their kind says nothing: in each fold, half of those of a kind have either class.

    What is the same for all of a kind then predicts right in exactly half of the cases.

    Attributes:
        places: (examples,) which of the occurrences.
        classes: (examples,) 0 or 1.
        folds: (examples,) which fold each is tested in.
        groups: (examples,) numbers of the groups, each in one fold.
        lots: (examples,) the classes dealt anew within kind and fold: a draw of what chance gives.
    """

    places: np.ndarray
    classes: np.ndarray
    folds: np.ndarray
    groups: np.ndarray
    lots: np.ndarray


def balance(kinds: Sequence[str], classes: np.ndarray, groups: Sequence[str], *, folds: int, seed: int) -> Balanced:
    """Keeps, of each kind in each fold, as many occurrences of either class.

    Args:
        kinds: of each occurrence: what must not give the class away.
        classes: (occurrences,) 0, 1, or -1 for those that have none.
        groups: of each occurrence; sentences of one group are not independent, so they share a fold.
        folds: how many.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    known = np.flatnonzero(classes >= 0)
    numbers = np.unique(np.array(groups)[known], return_inverse=True)[1]
    fold = np.full(len(classes), -1)
    fold[known] = random.permutation(np.arange(numbers.max(initial=-1) + 1) % folds)[numbers]
    kind = np.unique(np.array(kinds), return_inverse=True)[1]
    kept, lots = [np.empty(0, int)], [np.empty(0, int)]
    for one, number in product(range(kind.max(initial=-1) + 1), range(folds)):
        both = [np.flatnonzero((kind == one) & (fold == number) & (classes == value)) for value in (0, 1)]
        size = min(map(len, both))
        drawn = np.concatenate([random.permutation(found)[:size] for found in both])
        kept.append(drawn)
        lots.append(random.permutation(classes[drawn]))
    places = np.concatenate(kept)
    together = np.unique(np.array(groups)[places], return_inverse=True)[1]
    return Balanced(places, classes[places], fold[places], together, np.concatenate(lots))


def probe(features: np.ndarray, examples: Balanced, *, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Probes a property by cross-validation.

    Args:
        features: (occurrences, width), of all occurrences that `examples` was made of.
        examples: whom to probe.
        strength: as in `predict`.

    Returns:
        (examples,) bool, whether the probe predicts right; and the same for the probe that learns labels by lot.
    """
    columns = np.stack([examples.classes, examples.lots], axis=1)
    right = np.empty(columns.shape, bool)
    for fold in np.unique(examples.folds):
        tested = examples.folds == fold
        predicted = predict(
            features[examples.places[~tested]],
            columns[~tested],
            features[examples.places[tested]],
            classes=2,
            strength=strength,
        )
        right[tested] = predicted == columns[tested]
    return right[:, 0], right[:, 1]


def probe_across_families(
    features: np.ndarray, families: np.ndarray, classes: np.ndarray, *, strength: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Probes a property of words on families of words that the probe has not seen: `my` does not tell of `me`.

    Each family is left out in turn. Deals of the classes to the families, all that there are or many at random, say
    what families that happen to be alike give.

    Args:
        features: (words, occurrences, width).
        families: (words,) numbers from 0.
        classes: (families,) numbers from 0.
        strength: as in `predict`.
        seed: of the deals.

    Returns:
        (families,) share of the occurrences predicted right, a family's words weighing alike; and (deals,) balanced
        accuracies of the deals, the true one among them.
    """
    columns = _deals(classes, seed)  # (families, deals)
    occurrences = features.shape[1]
    right = np.empty(columns.shape)
    for family in range(len(classes)):
        here = families == family
        predicted = predict(
            features[~here].reshape(-1, features.shape[2]),
            np.repeat(columns[families[~here]], occurrences, axis=0),
            features[here].reshape(-1, features.shape[2]),
            classes=int(classes.max()) + 1,
            strength=strength,
        )
        right[family] = (predicted == columns[family]).mean(axis=0)
    dealt = np.array([balanced_accuracy(right[:, deal], columns[:, deal]) for deal in range(columns.shape[1])])
    return right[:, 0], dealt


def _deals(classes: np.ndarray, seed: int) -> np.ndarray:
    """Gives (families, deals): the classes as they are, then dealt in all other ways, or in `DEALS` of them by lot."""
    random = np.random.default_rng(seed)
    actual = tuple(classes.tolist())
    dealt = (
        permutations(actual)
        if len(classes) <= FEW
        else (tuple(random.permutation(actual).tolist()) for _ in range(DEALS))
    )
    ways = sorted({*dealt} - {actual})
    kept = range(len(ways)) if len(ways) <= DEALS else random.permutation(len(ways))[:DEALS]
    return np.array([actual, *(ways[place] for place in kept)]).T


def balanced_accuracy(right: np.ndarray, classes: np.ndarray) -> float:
    """Gives the mean, over the classes, of the mean share predicted right."""
    return float(np.mean([right[classes == number].mean() for number in np.unique(classes)]))


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
