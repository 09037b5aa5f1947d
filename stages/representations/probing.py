"""What can be read from vectors by a linear probe (Alain & Bengio, 2017), beside what chance and labels by lot give.

The probe is a ridge regression on the indicator of each class, divided by the class's share, so that no class is
favoured for being frequent. It is solved exactly: no seed, no stopping, and any number of label columns at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
from sklearn.preprocessing import StandardScaler

FEW = 8  # families whose classes are dealt in all ways that there are
DEALS = 199  # ways at most


def decide(train: np.ndarray, columns: np.ndarray, test: np.ndarray, *, classes: int, strength: float) -> np.ndarray:
    """Fits one probe per column of labels, and decides.

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

    What is the same for all of a kind then decides right in exactly half of the cases.

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
        strength: as in `decide`.

    Returns:
        (examples,) bool, whether the probe decides right; and the same for the probe that learns labels by lot.
    """
    columns = np.stack([examples.classes, examples.lots], axis=1)
    right = np.empty(columns.shape, bool)
    for fold in np.unique(examples.folds):
        tested = examples.folds == fold
        decided = decide(
            features[examples.places[~tested]],
            columns[~tested],
            features[examples.places[tested]],
            classes=2,
            strength=strength,
        )
        right[tested] = decided == columns[tested]
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
        strength: as in `decide`.
        seed: of the deals.

    Returns:
        (families,) share of the occurrences decided right, a family's words weighing alike; and (deals,) balanced
        accuracies of the deals, the true one among them.
    """
    columns = _deals(classes, seed)  # (families, deals)
    occurrences = features.shape[1]
    right = np.empty(columns.shape)
    for family in range(len(classes)):
        here = families == family
        decided = decide(
            features[~here].reshape(-1, features.shape[2]),
            np.repeat(columns[families[~here]], occurrences, axis=0),
            features[here].reshape(-1, features.shape[2]),
            classes=int(classes.max()) + 1,
            strength=strength,
        )
        right[family] = (decided == columns[family]).mean(axis=0)
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
    """Gives the mean, over the classes, of the mean share decided right."""
    return float(np.mean([right[classes == number].mean() for number in np.unique(classes)]))
