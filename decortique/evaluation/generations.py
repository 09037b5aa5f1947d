"""Generations of teachers and students: who taught whom, what each generation keeps, and where it drifts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import entr

from decortique.core import paths
from decortique.core.files import StageError
from decortique.core.measures import SMALLEST
from decortique.core.tables import read_metadata
from decortique.data.corpus import LabelledSplit
from decortique.evaluation.bootstrap import Resampled, resampled
from decortique.evaluation.scores import Examples, Point, Predicted, reliability
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import read_predictions

Line = tuple[str, ...]  # an approach's teachers and itself, from its ancestor, which has no teacher, to itself


def families(teachers: Mapping[str, str | None]) -> dict[str, Line]:
    """Return the line of each student and teacher, the teachers first, given the teacher of each approach, or None.

    Raise a `StageError` where a teacher is not among the approaches, or a line comes back to where it began.
    """
    lines = sorted(_line(name, teachers) for name in teachers)
    related = {name for line in lines if len(line) > 1 for name in line}
    return {line[-1]: line for line in lines if line[-1] in related}


def lineages(family: Mapping[str, Line]) -> list[Line]:
    """Return the lines of those who teach nobody."""
    teaching = {name for line in family.values() for name in line[:-1]}
    return [line for name, line in family.items() if name not in teaching]


def _line(name: str, teachers: Mapping[str, str | None]) -> Line:
    line = [name]
    while teacher := teachers[line[0]]:
        if teacher not in teachers:
            raise StageError(
                f"the teacher of {line[0]} is {teacher}, whose predictions are missing: run `dvc repro` with {teacher} "
                f"among the `approaches` or `rounds`, or remove the predictions of {line[0]}"
            )
        if teacher in line:
            circle = [*reversed(line[: line.index(teacher) + 1]), teacher]
            raise StageError(
                f"{' taught by '.join(circle)}: a circle has no first teacher; give one of them another teacher and "
                "run `dvc repro`"
            )
        line.insert(0, teacher)
    return tuple(line)


DRIFTING = ("accuracy", "log_loss", "entropy", "overconfidence")  # what is compared with ancestor and teacher


def values_by_text(truth: np.ndarray, line: Sequence[Predicted]) -> dict[str, np.ndarray]:
    """Return the (examples,) numbers whose means are the measures of a member, the last of its line.

    `entropy` is that of the probabilities (Shannon, 1948), in nats; `overconfidence`, the probability of the predicted
    class less 1 where it is right; agreement, whether both predict the same.
    """
    prediction, probability, every = line[-1].prediction, line[-1].probability, np.arange(len(truth))
    values = {
        "accuracy": prediction == truth,
        "log_loss": -np.log(np.maximum(probability[every, truth], SMALLEST)),
        "entropy": entr(probability).sum(axis=1),
        "overconfidence": probability[every, prediction] - (prediction == truth),
        "agreement_with_ancestor": prediction == line[0].prediction,
    }
    return values if len(line) == 1 else {**values, "agreement_with_teacher": prediction == line[-2].prediction}


@dataclass(frozen=True, slots=True)
class Generations:
    """What families of teachers and students predict for one set of labelled examples."""

    family: Mapping[str, Line]  # by member
    resampled: Mapping[str, Mapping[str, Resampled]]  # member → measure → value and resamples
    calibration_error: Mapping[str, float]  # by member
    confidence: float

    @classmethod
    def of(
        cls, examples: Examples, predicted: Mapping[str, Predicted], family: Mapping[str, Line], settings: Evaluate
    ) -> "Generations":
        """Measure every member on the same resamples, so that their differences are paired."""
        truth, last = examples.truth, len(examples.labels) - 1
        by_text = {name: values_by_text(truth, [predicted[one] for one in line]) for name, line in family.items()}
        columns = {f"{name}/{measure}": one for name, values in by_text.items() for measure, one in values.items()}
        values = np.array(list(columns.values()), float).reshape(len(columns), len(truth))

        def means(weights: np.ndarray) -> dict[str, np.ndarray]:
            averages = weights @ values.T / weights.sum(axis=1, keepdims=True)
            return dict(zip(columns, averages.T, strict=True))

        flat = resampled(means, len(truth), resamples=settings.resamples, seed=settings.seed, groups=examples.groups)
        by_member = {name: {measure: flat[f"{name}/{measure}"] for measure in one} for name, one in by_text.items()}
        positive, bins = {name: predicted[name].probability[:, last] for name in family}, settings.calibration_bins
        errors = {name: reliability(truth == last, one, bins).expected_error for name, one in positive.items()}
        return cls(family, by_member, errors, settings.confidence)

    def scores_of(self, name: str) -> dict[str, Any]:
        """Return `value`, `low` and `high` of each measure of a member, and of its differences from its predecessors.

        The calibration error has no interval: each resample adds chance to the distance of every bin, and distances
        never cancel out, so that most resamples would lie above the value. `overconfidence`, which is a mean, has one.
        """
        line, this = self.family[name], self.resampled[name]
        scores: dict[str, Any] = {measure: value.interval(self.confidence) for measure, value in this.items()}
        scores["calibration_error"] = self.calibration_error[name]
        others = {"versus_ancestor": line[0], "versus_teacher": line[-2]} if len(line) > 1 else {}
        for key, other in others.items():
            differences = {f"{one}_difference": this[one] - self.resampled[other][one] for one in DRIFTING}
            scores[key] = {measure: value.interval(self.confidence) for measure, value in differences.items()}
        return scores


def hidden(test: Generations, transfer: Generations, name: str) -> dict[str, Any]:
    """Return what a member lost on a transfer set more than on the test set: above 0, the test set hides it.

    The two sets are independent, so each is resampled on its own (Efron & Tibshirani, 1993, chapter 8).
    """
    results, ancestor = {}, test.family[name][0]
    for key, measure in {"accuracy": "accuracy", "agreement": "agreement_with_ancestor"}.items():
        in_domain, out_of_domain = (
            one.resampled[ancestor][measure] - one.resampled[name][measure] for one in (test, transfer)
        )
        results[key] = out_of_domain.independent_difference(in_domain).interval(test.confidence)
    return results


def traced(sets: Mapping[str, Generations]) -> dict[str, Any]:
    """Return each member's teacher, ancestor, generation, scores by set, and what the set `test` hides."""
    test, members = sets["test"], dict[str, Any]()
    for name, line in test.family.items():
        teacher = line[-2] if len(line) > 1 else None
        members[name] = {"teacher": teacher, "ancestor": line[0], "generation": len(line) - 1}
        members[name]["sets"] = {source: one.scores_of(name) for source, one in sets.items()}
        if teacher:
            transfer = {source: one for source, one in sets.items() if one is not test}
            members[name]["hidden"] = {source: hidden(test, one, name) for source, one in transfer.items()}
    return members


def generation_points(sets: Mapping[str, Generations]) -> Iterator[Point]:
    """Yield each measure with its interval, by set and member."""
    for source, one in sets.items():
        for name, line in one.family.items():
            member: Point = {
                "member": name,
                "teacher": "".join(line[-2:-1]),
                "generation": len(line) - 1,
                "set": source,
            }
            for measure, value in one.resampled[name].items():
                yield {**member, "measure": measure, **value.interval(one.confidence)}


def trace_families(
    task: str, names: Iterable[str], sets: Mapping[str, LabelledSplit], settings: Evaluate
) -> tuple[dict[str, Line], dict[str, Generations]]:
    """Return the families among the approaches of a task by member, and what they predicted by set."""
    tables = {name: paths.predictions(task, name) for name in names}
    family = families({name: read_metadata(path / "test.parquet").get("teacher") for name, path in tables.items()})
    generations = {}
    for source, rows in sets.items():
        predicted = {name: read_predictions(tables[name], rows.split, rows.labels, rows.ids) for name in family}
        examples = Examples(rows.labels, rows.truth, rows.together)
        generations[source] = Generations.of(examples, predicted, family, settings)
    return family, generations
