"""Teachers and students: who taught whom, what each generation keeps, and where it drifts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import entr

from decortique.core.errors import StageError
from decortique.core.measures import SMALLEST
from decortique.evaluation.bootstrap import Resampled, resampled
from decortique.evaluation.scores import Examples, Point, Predicted, reliability
from decortique.evaluation.settings import Evaluate


@dataclass(frozen=True, slots=True)
class Member:
    """An approach that was taught, or that teaches."""

    line: tuple[str, ...]  # from its ancestor, whom nobody taught, down to itself

    @property
    def ancestor(self) -> str:
        """The first of its line; an ancestor's own is itself."""
        return self.line[0]

    @property
    def teacher(self) -> str | None:
        """The one before it; None where nobody taught it."""
        return self.line[-2] if self.generation else None

    @property
    def generation(self) -> int:
        """How many were taught on the way: 0 for an ancestor."""
        return len(self.line) - 1


def families(teachers: Mapping[str, str | None]) -> dict[str, Member]:
    """Gives all who were taught and all who teach, each after its teacher.

    Args:
        teachers: of each approach; None where nobody taught it.

    Raises:
        StageError: a teacher is not among the approaches, or a line of teachers comes back to where it began.
    """
    lines = sorted(_line(name, teachers) for name in teachers)
    related = {name for line in lines if len(line) > 1 for name in line}
    return {line[-1]: Member(line) for line in lines if line[-1] in related}


def lineages(family: Mapping[str, Member]) -> list[tuple[str, ...]]:
    """Gives the line of each member who teaches nobody."""
    teaching = {member.teacher for member in family.values()}
    return [member.line for name, member in family.items() if name not in teaching]


def _line(name: str, teachers: Mapping[str, str | None]) -> tuple[str, ...]:
    line = [name]
    while teacher := teachers[line[0]]:
        if teacher not in teachers:
            raise StageError(
                f"{line[0]} was taught by {teacher}, whose predictions are missing: run `dvc repro` with {teacher} among "
                f"the `approaches` or `rounds`, or remove the predictions of {line[0]}"
            )
        if teacher in line:
            circle = [*reversed(line[: line.index(teacher) + 1]), teacher]
            raise StageError(
                f"{' taught by '.join(circle)}: in a circle nobody was first; give one of them another teacher and run "
                "`dvc repro`"
            )
        line.insert(0, teacher)
    return tuple(line)


DRIFTING = ("accuracy", "log_loss", "entropy", "overconfidence")  # what is compared with ancestor and teacher


def told_by_text(truth: np.ndarray, line: list[Predicted]) -> dict[str, np.ndarray]:
    """Gives, text by text, what the measures of a member are the means of.

    Args:
        truth: (examples,) class numbers.
        line: what was predicted from its ancestor down to itself.

    Returns:
        (examples,) numbers: `accuracy`; `log_loss`; `entropy`, how undecided the probabilities are (Shannon, 1948), in
        nats; `overconfidence`, the probability of what was predicted less 1 where that was right; whether the same was
        predicted as by the ancestor, `agreement_with_ancestor`, and `agreement_with_teacher` unless nobody taught it.
    """
    prediction, probability, every = line[-1].prediction, line[-1].probability, np.arange(len(truth))
    told = {
        "accuracy": prediction == truth,
        "log_loss": -np.log(np.maximum(probability[every, truth], SMALLEST)),
        "entropy": entr(probability).sum(axis=1),
        "overconfidence": probability[every, prediction] - (prediction == truth),
        "agreement_with_ancestor": prediction == line[0].prediction,
    }
    return told if len(line) == 1 else {**told, "agreement_with_teacher": prediction == line[-2].prediction}


@dataclass(frozen=True, slots=True)
class Generations:
    """What families of teachers and students predicted one set of labelled examples."""

    family: Mapping[str, Member]
    resampled: Mapping[str, Mapping[str, Resampled]]  # member → measure → value and resamples
    calibration_error: Mapping[str, float]  # by member
    confidence: float

    @classmethod
    def of(
        cls, examples: Examples, predicted: Mapping[str, Predicted], family: Mapping[str, Member], settings: Evaluate
    ) -> "Generations":
        """Measures every member on the same resamples, so that their differences are paired."""
        truth = examples.truth
        told = {name: told_by_text(truth, [predicted[one] for one in member.line]) for name, member in family.items()}
        columns = [f"{name}/{measure}" for name, measures in told.items() for measure in measures]
        values = np.array([values for measures in told.values() for values in measures.values()], float)
        values = values.reshape(len(columns), len(truth))

        def means(weights: np.ndarray) -> dict[str, np.ndarray]:
            found = weights @ values.T / weights.sum(axis=1, keepdims=True)
            return dict(zip(columns, found.T, strict=True))

        found = resampled(means, len(truth), resamples=settings.resamples, seed=settings.seed, groups=examples.groups)
        last, bins = len(examples.labels) - 1, settings.calibration_bins
        errors = {
            name: reliability(truth == last, predicted[name].probability[:, last], bins).expected_error
            for name in family
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
