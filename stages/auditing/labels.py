"""Labels that are suspected of a mistake: how many, and what speaks for it besides the bag of words' doubt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.auditing.confident import Confident, confident
from stages.auditing.contrast import contrasts, share
from stages.auditing.corpus import Home
from stages.auditing.second_opinion import ASKED, SecondOpinion
from stages.settings.evaluate import Evaluate
from stages.statistics.bootstrap import resampled
from stages.statistics.measures import most_probable

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
        """Gives how often approaches decide against a label that is suspected, and against one that is not."""
        known = np.isin(self.home.splits, ASKED)
        suspected, part = self.found.suspected[known], self.home.at(known)
        against = {name: (decided[known] != part.labels).astype(float) for name, decided in self.asked.decided.items()}
        sides = {"suspected": suspected, "others": ~suspected}
        counts = {name: int(side.sum()) for name, side in sides.items()}
        return {"texts": counts, "decides_against": contrasts(against, sides, settings, part.together)}

    def order(self) -> list[int]:
        """Gives the places of the suspected texts, the most suspicious first.

        First those that the witness decides against too, by the mean of the two probabilities of the label; then those
        that it cannot judge, as it learnt from them, by that of the bag of words; last those where it confirms the
        label, by the mean again.
        """
        own, witness = self._own(), self.asked.witness
        turns, doubt = np.zeros(len(own)), own
        if witness is not None:
            decided = self.asked.decided[witness]
            turns = np.select([decided < 0, decided != self.home.labels], [1, 0], 2)
            doubt = np.where(decided < 0, own, (own + self.asked.given[witness]) / 2)
        order = np.lexsort((doubt, turns))  # stable: equals stay in the order of the corpus
        return [int(place) for place in order if self.found.suspected[place]]

    def lines(self) -> list[dict[str, Any]]:
        """Gives the line of each suspected label that the stage `validity` writes, in their order."""
        return [self._line(place) for place in self.order()]

    def _line(self, place: int) -> dict[str, Any]:
        row, label = self.home.rows[place], self.home.labels[place]
        judged = [name for name, decided in self.asked.decided.items() if decided[place] >= 0]
        return {
            "id": row.id,
            "split": str(self.home.splits[place]),
            "text": row.text,
            "label": row.label,
            "suggested": self.home.names[self.found.suggested[place]],
            "probability": round(float(self._own()[place]), DIGITS),
            "score": row.score,
            "approaches": {name: round(float(self.asked.given[name][place]), DIGITS) for name in judged},
            "decide_against": [name for name in judged if self.asked.decided[name][place] != label],
        }

    def _own(self) -> np.ndarray:
        return self.probability[np.arange(len(self.home.labels)), self.home.labels]
