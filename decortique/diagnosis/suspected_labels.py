"""Labels that a model which has not seen them doubts (confident learning).

Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70, 2021, section 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from decortique.core.measures import measure, most_probable
from decortique.diagnosis.contrasts import contrasts, share
from decortique.diagnosis.near_duplicates import Home
from decortique.evaluation.bootstrap import resampled
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable


@dataclass(frozen=True, slots=True)
class Confident:
    """What probabilities make of labels."""

    thresholds: np.ndarray  # (classes,): from which probability on a text counts for a class; infinite without a text
    joint: np.ndarray  # (classes, classes) int, label × class that a text counts for: equation 1
    estimated: np.ndarray  # (classes, classes) float, the same scaled to all texts of each label: equation 3, × texts
    suggested: np.ndarray  # (texts,) class that a text counts for; -1 for none
    suspected: np.ndarray  # (texts,) bool: it counts for another class than its label says


def confident(labels: np.ndarray, probability: np.ndarray) -> Confident:
    """Holds labels against probabilities of a model that has not learnt from them.

    A text counts for the class whose probability is as high as it is on average where the label says so (of several,
    the most probable); so a class that the model is hardly ever sure of asks for less.

    Args:
        labels: (texts,) class numbers.
        probability: (texts, classes).
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
    # Of a label none of whose texts counts for any class, nothing is known: it is taken at its word.
    shares = np.where(total[:, None] > 0, joint / np.maximum(total, 1)[:, None], np.eye(classes))
    return Confident(thresholds, joint, shares * counts[:, None], suggested, counted & (suggested != labels))


OURS = "bag-of-words"  # the approach that doubts out of fold: no witness of itself
ASKED = ("validation", "test")  # the splits that nobody has learnt from


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """The predictions of approaches, held against the labels of all texts of a task."""

    predicted: Mapping[str, np.ndarray]  # approach → (texts,) class number; -1 where it learnt from the text
    given: Mapping[str, np.ndarray]  # approach → (texts,) probability of the label; NaN where it learnt from the text
    witness: str | None  # the approach whose word counts most; None where a bag of words is the only one

    @classmethod
    def of(cls, home: Home, predictions: Mapping[str, Mapping[str, PredictionTable]]) -> "SecondOpinion":
        """Gathers what was predicted.

        The witness is the approach other than the bag of words that has the highest macro-F1 on validation, where
        nobody is scored; of equals, the first.

        Args:
            home: all texts.
            predictions: approach → split, each of `ASKED` → what it predicted the rows of the split, in their order.
        """
        predicted = {name: np.full(len(home.rows), -1) for name in predictions}
        given = {name: np.full(len(home.rows), np.nan) for name in predictions}
        merits: dict[str, float] = {}
        for name, found in predictions.items():
            for split in ASKED:
                inside = home.splits == split
                labels = home.labels[inside]
                predicted[name][inside] = found[split].prediction
                given[name][inside] = found[split].probability[np.arange(len(labels)), labels]
            if name != OURS:
                validation = home.labels[home.splits == ASKED[0]]
                merits[name] = measure(validation, found[ASKED[0]].probability)["macro_f1"]
        return cls(predicted, given, max(merits, key=merits.__getitem__, default=None))

    def at(self, inside: np.ndarray) -> "SecondOpinion":
        """Gives what was said of a part of the texts, told by (texts,) bool."""
        predicted, given = (
            {name: values[inside] for name, values in kind.items()} for kind in (self.predicted, self.given)
        )
        return SecondOpinion(predicted, given, self.witness)


TURNED = 0.05  # of the labels: a twentieth changes little for those that learn from the others


def turned(labels: np.ndarray, classes: int, seed: int) -> np.ndarray:
    """Gives (texts,) class numbers of which a share, chosen by lot, is turned to another class, by lot too."""
    random = np.random.default_rng(seed)
    chosen = random.choice(len(labels), size=max(1, round(TURNED * len(labels))), replace=False)
    changed = labels.copy()
    changed[chosen] = (labels[chosen] + random.integers(1, classes, size=len(chosen))) % classes
    return changed


def found_again(
    labels: np.ndarray,
    changed: np.ndarray,
    probability: np.ndarray,
    settings: Evaluate,
    groups: np.ndarray | None = None,
) -> dict[str, Any]:
    """Gives the share of the labels that were turned which is suspected, beside that of the others.

    Args:
        labels: (texts,) class numbers as they are.
        changed: (texts,) class numbers as `turned` left them.
        probability: (texts, classes) of who learnt from the changed ones of other texts; NaN for who was not judged.
        settings: of the intervals.
        groups: (texts,) numbers of their groups; None where each text stands alone.
    """
    judged = np.isfinite(probability).all(axis=1)
    wrong = (labels != changed)[judged]
    suspected = confident(changed[judged], probability[judged]).suspected.astype(float)
    together = None if groups is None else np.unique(groups[judged], return_inverse=True)[1]
    sides = {"turned": wrong, "others": ~wrong}
    return {"turned": int(wrong.sum()), **contrasts({"suspected": suspected}, sides, settings, together)}


DIGITS = 6  # of probabilities: people read them
PARTS = 5  # of the texts, by the strength of their grades


@dataclass(frozen=True, slots=True)
class Doubts:
    """Labels held against probabilities of who has not learnt from them."""

    home: Home
    probability: np.ndarray  # (texts, classes) by the bag of words, out of fold
    found: Confident
    asked: SecondOpinion

    @classmethod
    def of(cls, home: Home, probability: np.ndarray, asked: SecondOpinion) -> "Doubts":
        """Doubts the labels of the texts that were judged, those without NaN in their probabilities."""
        judged = np.isfinite(probability).all(axis=1)
        home, probability = home.at(judged), probability[judged]
        return cls(home, probability, confident(home.labels, probability), asked.at(judged))

    def summary(self, settings: Evaluate) -> dict[str, Any]:
        """Gives the counts, and what the suspected labels have in common, with intervals."""
        names, labels, suspected = self.home.names, self.home.labels, self.found.suspected
        joint = {"confident_joint": self.found.joint.tolist(), "estimated_joint": self.found.estimated.tolist()}
        right = most_probable(self.probability) == labels
        return {
            "accuracy": share(right, settings, self.home.together),
            "thresholds": {
                name: float(least) for name, least in zip(names, self.found.thresholds, strict=True) if least < np.inf
            },
            **{
                kind: {name: dict(zip(names, row, strict=True)) for name, row in zip(names, rows, strict=True)}
                for kind, rows in joint.items()
            },
            "estimated_errors": self._estimated_errors(settings),
            "suspected": {
                "count": int(suspected.sum()),
                "share": share(suspected, settings, self.home.together),
                "by_label": self._counts({name: labels == number for number, name in enumerate(names)}),
                "by_split": self._counts({name: self.home.splits == name for name in np.unique(self.home.splits)}),
            },
            **self._beside_grades(settings),
            "second_opinion": {"witness": self.asked.witness, **self._doubted_too(settings)},
        }

    def _estimated_errors(self, settings: Evaluate) -> dict[str, float]:
        """Gives the share of all labels that would be mistaken by the estimated joint, the thresholds as they are."""
        counted = self.found.suggested >= 0
        kinds = (np.ones(len(counted), bool), counted, self.found.suspected)

        def measured(weights: np.ndarray) -> dict[str, np.ndarray]:
            errors = np.zeros(len(weights))
            for number in range(len(self.home.names)):
                own = self.home.labels == number
                texts, judged, doubted = (weights @ (kind & own).astype(float) for kind in kinds)
                errors += texts * doubted / np.maximum(judged, 1)
            return {"share": errors / weights.sum(axis=1)}

        found = resampled(
            measured, len(counted), resamples=settings.resamples, seed=settings.seed, groups=self.home.together
        )
        return found["share"].interval(settings.confidence)

    def _counts(self, parts: Mapping[str, np.ndarray]) -> dict[str, Any]:
        return {
            str(name): {"texts": int(part.sum()), "suspected": int(self.found.suspected[part].sum())}
            for name, part in parts.items()
        }

    def _beside_grades(self, settings: Evaluate) -> dict[str, Any]:
        """Gives how strong the grades of the suspected texts are, beside the others', and how many of each strength."""
        strength = self.home.strength()
        known = np.isfinite(strength)
        if not known.any():
            return {}
        part, strength = self.home.at(known), strength[known]
        suspected = self.found.suspected[known]
        sides = {"suspected": suspected, "others": ~suspected}
        edges = np.unique(np.quantile(strength, np.linspace(0, 1, PARTS + 1)))
        places = np.clip(np.searchsorted(edges, strength, side="right") - 1, 0, max(len(edges) - 2, 0))
        parts = []
        for number in np.unique(places):
            inside = part.at(places == number)
            parts.append(
                {
                    "from": float(strength[places == number].min()),
                    "to": float(strength[places == number].max()),
                    "texts": len(inside.rows),
                    "suspected": share(suspected[places == number], settings, inside.together),
                }
            )
        found = contrasts({"absolute_grade": strength}, sides, settings, part.together)
        return {**found, "by_absolute_grade": parts}

    def _doubted_too(self, settings: Evaluate) -> dict[str, Any]:
        """Gives how often approaches predict against a label that is suspected, and against one that is not."""
        known = np.isin(self.home.splits, ASKED)
        suspected, part = self.found.suspected[known], self.home.at(known)
        against = {
            name: (predicted[known] != part.labels).astype(float) for name, predicted in self.asked.predicted.items()
        }
        sides = {"suspected": suspected, "others": ~suspected}
        counts = {name: int(side.sum()) for name, side in sides.items()}
        return {"texts": counts, "predicts_against": contrasts(against, sides, settings, part.together)}

    def order(self) -> list[int]:
        """Gives the places of the suspected texts, the most suspicious first.

        First those that the witness predicts against too, by the mean of the two probabilities of the label; then those
        that it cannot judge, as it learnt from them, by that of the bag of words; last those where it confirms the
        label, by the mean again.
        """
        own, witness = self._own(), self.asked.witness
        turns, doubt = np.zeros(len(own)), own
        if witness is not None:
            predicted = self.asked.predicted[witness]
            turns = np.select([predicted < 0, predicted != self.home.labels], [1, 0], 2)
            doubt = np.where(predicted < 0, own, (own + self.asked.given[witness]) / 2)
        order = np.lexsort((doubt, turns))  # stable: equals stay in the order of the corpus
        return [int(place) for place in order if self.found.suspected[place]]

    def lines(self) -> list[dict[str, Any]]:
        """Gives the line of each suspected label that the stage `validity` writes, in their order."""
        return [self._line(place) for place in self.order()]

    def _line(self, place: int) -> dict[str, Any]:
        row, label = self.home.rows[place], self.home.labels[place]
        judged = [name for name, predicted in self.asked.predicted.items() if predicted[place] >= 0]
        return {
            "id": row.id,
            "split": str(self.home.splits[place]),
            "text": row.text,
            "label": row.label,
            "suggested": self.home.names[self.found.suggested[place]],
            "probability": round(float(self._own()[place]), DIGITS),
            "score": row.score,
            "approaches": {name: round(float(self.asked.given[name][place]), DIGITS) for name in judged},
            "predicted_against": [name for name in judged if self.asked.predicted[name][place] != label],
        }

    def _own(self) -> np.ndarray:
        return self.probability[np.arange(len(self.home.labels)), self.home.labels]
