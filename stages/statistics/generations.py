"""Teachers and students on the same examples: what each generation keeps of the first, and where it drifts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import entr

from stages.settings.evaluate import Evaluate
from stages.statistics.bootstrap import Resampled, resampled
from stages.statistics.calibration import reliability
from stages.statistics.curves import Point
from stages.statistics.evaluation import Decided, Examples
from stages.statistics.family import Member
from stages.statistics.measures import SMALLEST

DRIFTING = ("accuracy", "log_loss", "entropy", "overconfidence")  # what is compared with ancestor and teacher


def told_by_text(truth: np.ndarray, line: list[Decided]) -> dict[str, np.ndarray]:
    """Gives, text by text, what the measures of a member are the means of.

    Args:
        truth: (examples,) class numbers.
        line: what was decided from its ancestor down to itself.

    Returns:
        (examples,) numbers: `accuracy`; `log_loss`; `entropy`, how undecided the probabilities are (Shannon, 1948), in
        nats; `overconfidence`, the probability of what was decided less 1 where that was right; whether the same was
        decided as by the ancestor, `agreement_with_ancestor`, and `agreement_with_teacher` unless nobody taught it.
    """
    decision, probability, every = line[-1].decision, line[-1].probability, np.arange(len(truth))
    told = {
        "accuracy": decision == truth,
        "log_loss": -np.log(np.maximum(probability[every, truth], SMALLEST)),
        "entropy": entr(probability).sum(axis=1),
        "overconfidence": probability[every, decision] - (decision == truth),
        "agreement_with_ancestor": decision == line[0].decision,
    }
    return told if len(line) == 1 else {**told, "agreement_with_teacher": decision == line[-2].decision}


@dataclass(frozen=True, slots=True)
class Generations:
    """What families of teachers and students decided on one set of labelled examples."""

    family: Mapping[str, Member]
    resampled: Mapping[str, Mapping[str, Resampled]]  # member → measure → value and resamples
    calibration_error: Mapping[str, float]  # by member
    confidence: float

    @classmethod
    def of(
        cls, examples: Examples, decided: Mapping[str, Decided], family: Mapping[str, Member], settings: Evaluate
    ) -> "Generations":
        """Measures every member on the same resamples, so that their differences are paired."""
        truth = examples.truth
        told = {name: told_by_text(truth, [decided[one] for one in member.line]) for name, member in family.items()}
        columns = [f"{name}/{measure}" for name, measures in told.items() for measure in measures]
        values = np.array([values for measures in told.values() for values in measures.values()], float)
        values = values.reshape(len(columns), len(truth))

        def means(weights: np.ndarray) -> dict[str, np.ndarray]:
            found = weights @ values.T / weights.sum(axis=1, keepdims=True)
            return dict(zip(columns, found.T, strict=True))

        found = resampled(means, len(truth), resamples=settings.resamples, seed=settings.seed, groups=examples.groups)
        last, bins = len(examples.labels) - 1, settings.calibration_bins
        errors = {
            name: reliability(truth == last, decided[name].probability[:, last], bins).expected_error for name in family
        }
        by_member = {
            name: {measure: found[f"{name}/{measure}"] for measure in measures} for name, measures in told.items()
        }
        return cls(family, by_member, errors, settings.confidence)

    def scores_of(self, name: str) -> dict[str, Any]:
        """Gives `value`, `low` and `high` of each measure of a member, and of its differences from who came before it.

        The calibration error has no interval: each resample adds chance to the distance of every bin, and distances
        never cancel out, so that most resamples would lie above the value. `overconfidence`, which is a mean, has one.
        """
        scores: dict[str, Any] = {
            measure: value.interval(self.confidence) for measure, value in self.resampled[name].items()
        }
        scores["calibration_error"] = self.calibration_error[name]
        member = self.family[name]
        if member.teacher is None:
            return scores
        return {
            **scores,
            "versus_ancestor": self._differences(name, member.ancestor),
            "versus_teacher": self._differences(name, member.teacher),
        }

    def _differences(self, name: str, other: str) -> dict[str, Any]:
        this, before = self.resampled[name], self.resampled[other]
        return {
            f"{measure}_difference": (this[measure] - before[measure]).interval(self.confidence) for measure in DRIFTING
        }

    def lost(self, name: str) -> dict[str, Resampled]:
        """Gives what a member lost of its ancestor: of its `accuracy`, and of the `agreement` with it."""
        first, this = self.resampled[self.family[name].ancestor], self.resampled[name]
        measures = {"accuracy": "accuracy", "agreement": "agreement_with_ancestor"}
        return {lost: first[measure] - this[measure] for lost, measure in measures.items()}


def hidden(home: Generations, far: Generations, name: str) -> dict[str, Any]:
    """Gives what a member lost far from home more than at home: above 0, the test set hides it.

    The two sets are independent, so each is resampled on its own (Efron & Tibshirani, 1993, chapter 8).
    """
    here, there = home.lost(name), far.lost(name)
    return {lost: there[lost].apart(here[lost]).interval(home.confidence) for lost in here}


def traced(sets: Mapping[str, Generations]) -> dict[str, Any]:
    """Gives for each member of the families where it comes from, its scores by set, and what the test set hides.

    Args:
        sets: by name; `test` is home.
    """
    home, members = sets["test"], dict[str, Any]()
    for name, member in home.family.items():
        members[name] = {
            "teacher": member.teacher,
            "ancestor": member.ancestor,
            "generation": member.generation,
            "sets": {where: found.scores_of(name) for where, found in sets.items()},
        }
        if member.generation:
            far = {where: hidden(home, found, name) for where, found in sets.items() if found is not home}
            members[name]["hidden"] = far
    return members


def generation_points(sets: Mapping[str, Generations]) -> Iterator[Point]:
    """Yields each measure with its interval, by set and member."""
    for where, found in sets.items():
        for name, member in found.family.items():
            for measure, value in found.resampled[name].items():
                yield {
                    "member": name,
                    "teacher": member.teacher or "",
                    "generation": member.generation,
                    "set": where,
                    "measure": measure,
                    **value.interval(found.confidence),
                }
