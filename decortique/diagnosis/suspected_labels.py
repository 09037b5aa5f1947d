"""Suspected labels (confident learning): labels that a model trained on other texts doubts.

Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70, 2021, section 3.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from decortique.core.files import StageError, progress
from decortique.core.measures import measure, most_probable
from decortique.diagnosis.near_duplicates import Pair, Predicted, TaskTexts, compare_means
from decortique.diagnosis.settings import Audit
from decortique.evaluation.bootstrap import resampled, resampled_means
from decortique.evaluation.settings import Evaluate
from decortique.models.bag_of_words import fit
from decortique.models.folder import Done
from decortique.models.settings import STACKED, Candidate


class Confident(NamedTuple):
    """What the probabilities of a model say of labels."""

    thresholds: np.ndarray  # (classes,): from which probability on a text counts for a class; infinite without a text
    joint: np.ndarray  # (classes, classes) int, label × class that a text counts for: equation 1
    estimated: np.ndarray  # (classes, classes) float, the same scaled to all texts of each label: equation 3, × texts
    suggested: np.ndarray  # (texts,) class that a text counts for; -1 for none
    suspected: np.ndarray  # (texts,) bool: it counts for another class than its label


def confident_learning(labels: np.ndarray, probability: np.ndarray) -> Confident:
    """Compare (texts,) labels with the (texts, classes) probabilities of a model that was not trained on them.

    A text counts for the class whose probability is as high as its mean over the texts of that label (of several
    classes, the most probable); so a class of which the model is hardly ever sure has a lower threshold.
    """
    classes = probability.shape[1]
    counts = np.bincount(labels, minlength=classes)
    own = np.bincount(labels, probability[np.arange(len(labels)), labels], minlength=classes)
    thresholds = np.where(counts > 0, own / np.maximum(counts, 1), np.inf)
    reached = np.where(probability >= thresholds, probability, -1.0)
    suggested = np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), -1)
    counted = suggested >= 0
    joint = np.zeros((classes, classes), int)
    np.add.at(joint, (labels[counted], suggested[counted]), 1)
    total = joint.sum(axis=1)
    # Nothing is known of a label none of whose texts counts for any class: it is taken to be right.
    shares = np.where(total[:, None] > 0, joint / np.maximum(total, 1)[:, None], np.eye(classes))
    return Confident(thresholds, joint, shares * counts[:, None], suggested, counted & (suggested != labels))


def linked_groups(texts: TaskTexts, pairs: Iterable[Pair]) -> np.ndarray:
    """Return (texts,) numbers, the same for texts that must be in one fold.

    They are the task's groups, where it keeps them (a "Thank you." in all of them would link them into one); elsewhere,
    near duplicates, linked directly or by way of others.
    """
    if texts.groups is not None:
        return texts.groups
    index = {row.id: number for number, row in enumerate(texts.rows)}
    both = [[index[row.id] for row in pair.rows] for pair in pairs if all(row.id in index for row in pair.rows)]
    ends = np.array(both, int).reshape(-1, 2)
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(index), len(index)))
    return connected_components(links, directed=False)[1]


def split_folds(labels: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> list[np.ndarray]:
    """Split texts into folds of whole groups and, as far as these allow, the same share of each label.

    Of fewer groups than `folds`, each is a fold. A fold is the indices of its texts. Raises StageError if too few.
    """
    possible = min(folds, len(np.unique(groups)))
    try:
        splitter = StratifiedGroupKFold(n_splits=possible, shuffle=True, random_state=seed)
        parts = [indices for _, indices in splitter.split(labels, labels, groups)]
    except ValueError as error:  # scikit-learn's word for too few texts
        raise StageError(
            f"{len(labels)} labelled texts cannot be split into {possible} folds ({error}): lower audit.folds in "
            "params.yaml, or bring more texts"
        ) from None
    return [indices for indices in parts if len(indices)]


def out_of_fold_probability(
    texts: TaskTexts, labels: np.ndarray, folds: Sequence[np.ndarray], candidate: Candidate, language: str, done: Done
) -> np.ndarray:
    """Return (texts, classes) probabilities by bags of words, each fitted to `labels` on the folds without the text.

    NaN in a fold without which a label has no text: a model that never saw a label cannot doubt it; StageError if that
    is so in every fold. `candidate` has one strength of regularization.
    """
    classes = len(texts.names)
    probability = np.full((len(labels), classes), np.nan)
    for fold in folds:
        inside = np.zeros(len(labels), bool)
        inside[fold] = True
        # Of one strength, there is nothing to select: only an SVM needs texts apart, for its calibration.
        apart = ~inside & (texts.splits == "validation") if candidate.classifier == "linear_svm" else inside
        trained = ~inside & ~apart
        if len(np.unique(labels[trained])) == classes:
            train, validation = ((texts.texts(chosen), labels[chosen]) for chosen in (trained, apart))
            fitted = fit(candidate, language, train, validation, "log_loss", lambda _: None)
            probability[inside] = fitted.classifier.predict(texts.texts(inside), lambda _: None).probability
        done(1)
    if np.isnan(probability).all():
        raise StageError(
            "no label can be doubted, as each fold holds all texts of one: give audit.folds or audit.seed in "
            "params.yaml another value, or bring more texts of each label"
        )
    return probability


FLIPPED = 0.05  # of the labels: a twentieth changes little for a model that is trained on the others


def flip_labels(labels: np.ndarray, classes: int, seed: int) -> np.ndarray:
    """Return (texts,) class numbers of which a random share is changed, each to a random other class."""
    random = np.random.default_rng(seed)
    chosen = random.choice(len(labels), size=max(1, round(FLIPPED * len(labels))), replace=False)
    changed = labels.copy()
    changed[chosen] = (labels[chosen] + random.integers(1, classes, size=len(chosen))) % classes
    return changed


def detect_flipped(
    labels: np.ndarray, changed: np.ndarray, probability: np.ndarray, settings: Evaluate, groups: np.ndarray | None
) -> dict[str, Any]:
    """Return how many labels were flipped (`changed`), and the share of them and of the others that is suspected.

    `probability`, (texts, classes), is of models trained on changed labels of other texts, NaN for a text not judged.
    """
    judged = np.isfinite(probability).all(axis=1)
    wrong = (labels != changed)[judged]
    suspected = confident_learning(changed[judged], probability[judged]).suspected.astype(float)
    groups = None if groups is None else np.unique(groups[judged], return_inverse=True)[1]
    sides = {"flipped": wrong, "others": ~wrong}
    return {"flipped": int(wrong.sum()), **compare_means({"suspected": suspected}, sides, settings, groups)}


OURS = "bag-of-words"  # the approach whose out-of-fold models doubt: its word is no second opinion
PARTIAL = {OURS, STACKED}  # nor is that of a stack, which holds it and was fitted on validation
ASKED = ("validation", "test")  # the splits that no model was trained on
DIGITS = 6  # of probabilities that people read
PARTS = 5  # of the texts, by the strength of their grades


@dataclass(frozen=True, slots=True)
class SuspectedLabels:
    """Labels compared with out-of-fold probabilities, and the second opinion of the approaches of the run."""

    texts: TaskTexts
    own: np.ndarray  # (texts,) probability of the label by the bag of words, out of fold
    right: np.ndarray  # (texts,) bool: it predicts the label
    confident: Confident
    predicted: Mapping[str, np.ndarray]  # approach → (texts,) class number, -1 for a text it may have been trained on
    given: Mapping[str, np.ndarray]  # approach → (texts,) probability of the label, NaN for such a text
    best: str | None  # the approach whose opinion counts most; None where a bag of words is the only one

    @classmethod
    def of(cls, texts: TaskTexts, probability: np.ndarray, predictions: Predicted) -> "SuspectedLabels":
        """Suspect labels of the texts that were judged, those without NaN in their (texts, classes) probabilities.

        The best second opinion is that of the approach other than the bag of words with the highest macro-F1 on
        validation, as test scores should choose nothing. `predictions` are by approach and split of `ASKED`.
        """
        judged = np.isfinite(probability).all(axis=1)
        predicted, given, scores = {}, {}, {}
        for name, tables in predictions.items():
            numbers, probabilities = np.full(len(texts.rows), -1), np.full(len(texts.rows), np.nan)
            for split in ASKED:
                inside = texts.splits == split
                labels, table = texts.labels[inside], tables[split]
                numbers[inside] = table.prediction
                probabilities[inside] = table.probability[np.arange(len(labels)), labels]
                if split == "validation" and name not in PARTIAL:
                    scores[name] = measure(labels, table.probability)["macro_f1"]
            predicted[name], given[name] = numbers[judged], probabilities[judged]
        texts, probability = texts.at(judged), probability[judged]
        own = probability[np.arange(len(texts.labels)), texts.labels]
        right, confident = most_probable(probability) == texts.labels, confident_learning(texts.labels, probability)
        return cls(texts, own, right, confident, predicted, given, max(scores, key=scores.__getitem__, default=None))

    def summary(self, settings: Evaluate) -> dict[str, Any]:
        """Return the counts, and what the suspected labels have in common, with intervals."""
        names, labels, splits = self.texts.names, self.texts.labels, self.texts.splits
        suspected, groups = self.confident.suspected, self.texts.groups
        joints = {"confident_joint": self.confident.joint, "estimated_joint": self.confident.estimated}
        parts = {
            "by_label": {name: labels == number for number, name in enumerate(names)},
            "by_split": {str(name): splits == name for name in np.unique(splits)},
        }
        counts = {
            kind: {
                name: {"texts": int(part.sum()), "suspected": int(suspected[part].sum())} for name, part in by.items()
            }
            for kind, by in parts.items()
        }
        return {
            "accuracy": share(self.right, settings, groups),
            "thresholds": {
                name: float(low) for name, low in zip(names, self.confident.thresholds, strict=True) if low < np.inf
            },
            **{
                kind: {name: dict(zip(names, row, strict=True)) for name, row in zip(names, rows.tolist(), strict=True)}
                for kind, rows in joints.items()
            },
            "estimated_errors": self._estimated_errors(settings),
            "suspected": {"count": int(suspected.sum()), "share": share(suspected, settings, groups), **counts},
            **self._by_grade(settings),
            "second_opinion": {"best": self.best, **self._predicted_against(settings)},
        }

    def _estimated_errors(self, settings: Evaluate) -> dict[str, float]:
        """Return the share of all labels that are wrong by the estimated joint, the thresholds as they are."""
        counted, suspected = self.confident.suggested >= 0, self.confident.suspected

        def statistic(weights: np.ndarray) -> dict[str, np.ndarray]:
            errors = np.zeros(len(weights))
            for number in range(len(self.texts.names)):
                own = self.texts.labels == number
                texts, judged, doubted = (weights @ one.astype(float) for one in (own, counted & own, suspected & own))
                errors += texts * doubted / np.maximum(judged, 1)
            return {"share": errors / weights.sum(axis=1)}

        sizes = {"resamples": settings.resamples, "seed": settings.seed}
        errors = resampled(statistic, len(counted), **sizes, groups=self.texts.groups)["share"]
        return errors.interval(settings.confidence)

    def _by_grade(self, settings: Evaluate) -> dict[str, Any]:
        """Return the mean absolute grade of the suspected texts and of the others, and the share suspected by grade."""
        strength = self.texts.grade_strength()
        known = np.isfinite(strength)
        if not known.any():
            return {}
        graded, strength, suspected = self.texts.at(known), strength[known], self.confident.suspected[known]
        sides = {"suspected": suspected, "others": ~suspected}
        edges = np.unique(np.quantile(strength, np.linspace(0, 1, PARTS + 1)))
        bins = np.clip(np.searchsorted(edges, strength, side="right") - 1, 0, max(len(edges) - 2, 0))
        parts = [
            {
                "from": float(strength[inside].min()),
                "to": float(strength[inside].max()),
                "texts": int(inside.sum()),
                "suspected": share(suspected[inside], settings, graded.at(inside).groups),
            }
            for inside in (bins == number for number in np.unique(bins))
        ]
        means = compare_means({"absolute_grade": strength}, sides, settings, graded.groups)
        return {**means, "by_absolute_grade": parts}

    def _predicted_against(self, settings: Evaluate) -> dict[str, Any]:
        """Return how often approaches predict against a label that is suspected, and against one that is not."""
        asked = np.isin(self.texts.splits, ASKED)
        suspected, texts = self.confident.suspected[asked], self.texts.at(asked)
        against = {name: (numbers[asked] != texts.labels).astype(float) for name, numbers in self.predicted.items()}
        sides = {"suspected": suspected, "others": ~suspected}
        counts = {name: int(side.sum()) for name, side in sides.items()}
        return {"texts": counts, "predicts_against": compare_means(against, sides, settings, texts.groups)}

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield rows of the suspected labels, the most suspicious first.

        First those that the best second opinion predicts against too, by the mean of the two probabilities of the
        label; then those on which it has none, by the bag of words; last those that it confirms, by the mean again.
        """
        turns, doubt = np.zeros(len(self.own)), self.own
        if self.best is not None:
            predicted = self.predicted[self.best]
            turns = np.select([predicted < 0, predicted != self.texts.labels], [1, 0], 2)
            doubt = np.where(predicted < 0, self.own, (self.own + self.given[self.best]) / 2)
        order = np.lexsort((doubt, turns))  # stable: equals stay in the order of the corpus
        for index in order[self.confident.suspected[order]].tolist():
            row, label = self.texts.rows[index], self.texts.labels[index]
            judges = [name for name, predicted in self.predicted.items() if predicted[index] >= 0]
            yield {"id": row.id, "split": str(self.texts.splits[index]), "text": row.text, "label": row.label} | {
                "suggested": self.texts.names[self.confident.suggested[index]],
                "probability": round(float(self.own[index]), DIGITS),
                "score": row.score,
                "approaches": {name: round(float(self.given[name][index]), DIGITS) for name in judges},
                "predicted_against": [name for name in judges if self.predicted[name][index] != label],
            }


def share(mask: np.ndarray, settings: Evaluate, groups: np.ndarray | None) -> dict[str, float]:
    """Return the share of the texts in a (texts,) bool mask: `value`, `low` and `high`."""
    return resampled_means({"share": mask.astype(float)}, settings, groups)["share"].interval(settings.confidence)


def audit_labels(
    texts: TaskTexts,
    pairs: Sequence[Pair],
    predictions: Predicted,
    candidate: Candidate,
    language: str,
    settings: Audit,
    evaluate: Evaluate,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what is measured of labels that a bag of words doubts, and a row for each.

    A suspicion is no proof: do other approaches share it, did people disagree, are labels flipped on purpose suspected?
    """
    folds = split_folds(texts.labels, linked_groups(texts, pairs), settings.folds, settings.seed)
    flipped = flip_labels(texts.labels, len(texts.names), settings.seed)
    with progress("audit", 2 * len(folds), "fit") as bar:
        probability, control = (
            out_of_fold_probability(texts, labels, folds, candidate, language, bar.update)
            for labels in (texts.labels, flipped)
        )
    suspected = SuspectedLabels.of(texts, probability, predictions)
    results = {
        "folds": len(folds),
        "not_judged": len(texts.rows) - len(suspected.texts.rows),
        **suspected.summary(evaluate),
        "control": detect_flipped(texts.labels, flipped, control, evaluate, texts.groups),
    }
    return results, list(suspected.lines())
