"""Texts dealt to folds, so that each is judged by a bag of words that has not learnt from it, or nearly from it."""

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from decortique.core.errors import StageError
from decortique.diagnosis.near_duplicates import Home, Pair
from decortique.models.bag_of_words import fit
from decortique.models.folder import Done
from decortique.models.settings import Candidate


def kept_together(home: Home, pairs: Iterable[Pair]) -> np.ndarray:
    """Gives (texts,) numbers, the same for texts that must not be parted.

    They are those of a group, where the task keeps groups: its "Thank you." stands in all of them, and would tie them
    into one. Elsewhere, they are those that near duplicates link, directly or by way of others.
    """
    if home.together is not None:
        return home.together
    places = {row.id: place for place, row in enumerate(home.rows)}
    both = [[places[row.id] for row in pair.rows] for pair in pairs if all(row.id in places for row in pair.rows)]
    ends = np.array(both, int).reshape(-1, 2)
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(places), len(places)))
    return connected_components(links, directed=False)[1]


def dealt(labels: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> list[np.ndarray]:
    """Deals texts to folds of whole groups and, as far as these allow, the same share of each label.

    Args:
        labels: (texts,) class numbers.
        groups: (texts,) numbers of their groups.
        folds: how many; of fewer groups, there are as many folds as groups.
        seed: of the deal.

    Returns:
        The places of each fold.

    Raises:
        StageError: there are too few texts or groups for it.
    """
    possible = min(folds, len(np.unique(groups)))
    try:
        dealer = StratifiedGroupKFold(n_splits=possible, shuffle=True, random_state=seed)
        parts = [places for _, places in dealer.split(labels, labels, groups)]
    except ValueError as error:  # scikit-learn's word for too few texts
        raise StageError(
            f"{len(labels)} labelled texts cannot be dealt to {possible} folds ({error}): lower audit.folds in "
            "params.yaml, or bring more texts"
        ) from None
    return [places for places in parts if len(places)]


def out_of_fold(
    home: Home, labels: np.ndarray, folds: Sequence[np.ndarray], candidate: Candidate, language: str, done: Done
) -> np.ndarray:
    """Gives (texts, classes) probabilities by bags of words, each fitted on the folds that do not hold the text.

    NaN in a fold without which a label is not met: who never saw it cannot say that it does not fit.

    Args:
        home: the texts.
        labels: (texts,) class numbers to learn from: theirs, or others.
        folds: the places of each.
        candidate: a bag of words of one strength of regularization.
        language: two-letter code.
        done: told after each fold.

    Raises:
        StageError: that is so in every fold.
    """
    classes = len(home.names)
    probability = np.full((len(labels), classes), np.nan)
    for fold in folds:
        inside = np.zeros(len(labels), bool)
        inside[fold] = True
        # Of one strength, there is nothing to select: only an SVM, to be calibrated, looks at what it does not learn.
        apart = ~inside & (home.splits == "validation") if candidate.classifier == "linear_svm" else inside
        learnt = ~inside & ~apart
        if len(np.unique(labels[learnt])) == classes:
            train, validation = ((home.texts(chosen), labels[chosen]) for chosen in (learnt, apart))
            fitted = fit(candidate, language, train, validation, "log_loss", lambda _: None)
            probability[inside] = fitted.classifier.predict(home.texts(inside), lambda _: None).probability
        done(1)
    if np.isnan(probability).all():
        raise StageError(
            "no label can be doubted, as each fold holds all texts of one: give audit.folds or audit.seed in "
            "params.yaml another value, or bring more texts of each label"
        )
    return probability
