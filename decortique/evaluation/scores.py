"""Every measure of an evaluation with its bootstrap interval: classes, grades, calibration, ROC curves."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from sklearn.metrics import confusion_matrix, roc_curve

from decortique.core.files import StageError
from decortique.core.measures import centred_ranks, mean_error, measures, most_probable, rank_correlation
from decortique.data.corpus import LabelledSplit
from decortique.evaluation.bootstrap import Resampled, resampled
from decortique.evaluation.paired_tests import error_tests, with_holm
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable, read_predictions

Point = dict[str, str | float | int]


class Predicted(Protocol):
    """What an approach predicts for the examples."""

    @property
    def prediction(self) -> np.ndarray:
        """(examples,) class numbers."""

    @property
    def probability(self) -> np.ndarray:
        """(examples, classes)."""


@dataclass(frozen=True, slots=True)
class Examples:
    """The labelled examples that approaches predict."""

    labels: Sequence[str]
    truth: np.ndarray  # (examples,) class numbers
    groups: np.ndarray | None = None  # (examples,) numbers of their groups; None where each example stands alone


class Reliability(NamedTuple):
    """Examples binned by the probability of the last class; empty bins are left out."""

    predicted: np.ndarray  # (bins,) mean probability of a bin
    observed: np.ndarray  # (bins,) share of the last class in it
    examples: np.ndarray  # (bins,) how many are in it

    @property
    def expected_error(self) -> float:
        """The expected calibration error (Naeini et al., 2015): the mean distance of the two, weighted by examples."""
        return float((np.abs(self.predicted - self.observed) * self.examples).sum() / self.examples.sum())


def reliability(truth: np.ndarray, probability: np.ndarray, bins: int) -> Reliability:
    """Bin (examples,) probabilities of the last class into equal widths; `truth` is bool."""
    number = np.minimum((probability * bins).astype(int), bins - 1)
    count = np.bincount(number, minlength=bins)
    used = count > 0
    sums = (np.bincount(number, weights=values, minlength=bins) for values in (probability, truth))
    predicted, observed = (total[used] / count[used] for total in sums)
    return Reliability(predicted, observed, count[used])


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Predictions of several approaches on the same labelled examples."""

    examples: Examples
    predicted: Mapping[str, Predicted]  # by approach
    resampled: Mapping[str, Mapping[str, Resampled]]  # approach → measure → value and resamples
    settings: Evaluate

    @classmethod
    def of(cls, examples: Examples, predicted: Mapping[str, Predicted], settings: Evaluate) -> "Evaluation":
        """Measure each approach on the same resamples."""
        truth, sampling, scores = examples.truth, {"resamples": settings.resamples, "seed": settings.seed}, {}
        for name, one in predicted.items():
            statistic = partial(measures, truth, one.prediction, one.probability)
            scores[name] = resampled(statistic, len(truth), **sampling, groups=examples.groups)
        return cls(examples, predicted, scores, settings)

    def scores(self) -> dict[str, Any]:
        """Return, for each approach and measure, `value`, `low` and `high`."""
        return {approach: self.scores_of(approach) for approach in self.predicted}

    def scores_of(self, approach: str) -> dict[str, Any]:
        """Return `value`, `low` and `high` of each measure; F1 by label."""
        labels, scores = self.examples.labels, dict[str, Any]()
        for name, values in self.resampled[approach].items():
            if not np.isfinite(values.value):
                continue  # a set without one of the classes has no ROC-AUC
            measure, _, number = name.partition(".")
            place, key = (scores.setdefault(measure, {}), labels[int(number)]) if number else (scores, measure)
            place[key] = values.interval(self.settings.confidence)
        return {**scores, "calibration_error": self.reliability(approach).expected_error}

    def reliability(self, approach: str) -> Reliability:
        """Bin the probabilities that an approach gives to the last class."""
        last, probability = len(self.examples.labels) - 1, self.predicted[approach].probability
        return reliability(self.examples.truth == last, probability[:, last], self.settings.calibration_bins)

    def versus(self, baseline: str) -> dict[str, Any]:
        """Test each approach against the baseline, on the same examples; `holm_p` takes their number into account."""
        others = [approach for approach in self.predicted if approach != baseline]
        return with_holm({approach: self.compared(approach, baseline) for approach in others})

    def compared(self, approach: str, baseline: str) -> dict[str, Any]:
        """Return the `error_tests` of an approach against the baseline, and their differences with intervals."""
        this, other, last = self.predicted[approach], self.predicted[baseline], len(self.examples.labels) - 1
        truth, groups, seed = self.examples.truth, self.examples.groups, self.settings.seed
        tests = error_tests(truth, other.prediction, this.prediction, groups=groups, last=last, seed=seed)
        for name, measure in {"accuracy": "accuracy", "macro_f1": "macro_f1", "f1": f"f1.{last}"}.items():
            difference = self.resampled[approach][measure] - self.resampled[baseline][measure]
            tests[f"{name}_difference"] = difference.interval(self.settings.confidence)
        return tests

    def retained(self, teachers: Mapping[str, str]) -> dict[str, Any]:
        """Return the share of its teacher's accuracy that each student keeps, and how often both predict the same."""
        scores = {}
        for student, teacher in teachers.items():
            own, of_teacher = self.resampled[student]["accuracy"], self.resampled[teacher]["accuracy"]
            same = self.predicted[student].prediction == self.predicted[teacher].prediction
            scores[student] = {"teacher": teacher, "agreement": float(same.mean())}
            if of_teacher.value:  # there is no share of nothing
                scores[student]["accuracy_share"] = (own / of_teacher).interval(self.settings.confidence)
        return scores

    def accuracy_by_group(self, names: Sequence[str]) -> Iterator[Point]:
        """Yield approach, group, number of texts and accuracy; where each example stands alone, of one group `all`."""
        groups = np.array(names if self.examples.groups is not None else ["all"] * len(self.examples.truth))
        for approach, one in self.predicted.items():
            for name in dict.fromkeys(groups.tolist()):
                right = (one.prediction == self.examples.truth)[groups == name]
                yield {"approach": approach, "group": name, "texts": len(right), "accuracy": float(right.mean())}


def roc_points(evaluation: Evaluation) -> Iterator[Point]:
    """Yield the ROC curve of the last class against the rest, for each approach; none where one class is missing."""
    last = len(evaluation.examples.labels) - 1
    truth = evaluation.examples.truth == last
    if len(np.unique(truth)) < 2:
        return
    for approach, one in evaluation.predicted.items():
        false, true, _ = roc_curve(truth, one.probability[:, last])
        for x, y in zip(false.tolist(), true.tolist(), strict=True):
            yield {"approach": approach, "false_positive_rate": x, "true_positive_rate": y}


def calibration_points(evaluation: Evaluation) -> Iterator[Point]:
    """Yield, for each approach and bin, the mean probability of the last class and how often it was right."""
    for approach in evaluation.predicted:
        columns = (column.tolist() for column in evaluation.reliability(approach))
        for predicted, observed, count in zip(*columns, strict=True):
            yield {"approach": approach, "predicted": predicted, "observed": observed, "count": count}


def confusion_cells(evaluation: Evaluation) -> Iterator[Point]:
    """Yield how often each approach predicts each label for each true label."""
    labels, truth = evaluation.examples.labels, evaluation.examples.truth
    for approach, one in evaluation.predicted.items():
        cells = confusion_matrix(truth, one.prediction, labels=range(len(labels)))
        for (row, column), count in np.ndenumerate(cells):
            yield {"approach": approach, "actual": labels[row], "predicted": labels[column], "count": int(count)}


def read_predicted(rows: LabelledSplit, folders: Mapping[str, Path]) -> dict[str, PredictionTable]:
    """Return predictions on labelled rows by name; a further head that predicts classes counts as `<name>/<head>`."""
    predicted: dict[str, PredictionTable] = {}
    for name, folder in folders.items():
        predicted[name] = read_predictions(folder, rows.split, rows.labels, rows.ids)
        for head, output in predicted[name].others.items():
            if output.ndim == 2:
                predicted[f"{name}/{head}"] = PredictionTable(rows.ids, most_probable(output), output)
    return predicted


def evaluate_rows(rows: LabelledSplit, predicted: Mapping[str, Predicted], settings: Evaluate) -> Evaluation:
    """Return the evaluation of predictions on labelled rows."""
    return Evaluation.of(Examples(rows.labels, rows.truth, rows.together), predicted, settings)


def grade_scores(rows: LabelledSplit, predicted: Mapping[str, PredictionTable], settings: Evaluate) -> dict[str, Any]:
    """Compare probabilities of the last label, and heads that predict grades, with the grades that people gave.

    Return by approach, `probability` and each head: `spearman`, and of heads `mae`, each with its interval, and
    `versus_probability`, by how much the head ranks better than the same approach's probability. Under `constant`, the
    `mae` of the median as a constant prediction. Nothing where no row has a grade.
    """
    known = np.isfinite(rows.scores)
    if not known.any():
        return {}
    truth = rows.scores[known]
    groups = None if rows.together is None else np.unique(rows.together[known], return_inverse=True)[1]
    median = np.full_like(truth, np.median(truth))
    heads = {
        name: {head: output[known] for head, output in one.others.items() if output.ndim == 1}
        for name, one in predicted.items()
    }

    def statistic(weights: np.ndarray) -> dict[str, np.ndarray]:
        ranks = centred_ranks(truth, weights)

        def ranked(grades: np.ndarray) -> np.ndarray:
            return rank_correlation(ranks, centred_ranks(grades, weights), weights)

        values = {"constant": mean_error(truth, median, weights)}
        for name, one in predicted.items():
            values[f"{name}/probability"] = ranked(one.probability[known, -1])
            for head, grades in heads[name].items():
                values[f"{name}/{head}/spearman"] = ranked(grades)
                values[f"{name}/{head}/mae"] = mean_error(truth, grades, weights)
        return values

    values = resampled(statistic, len(truth), resamples=settings.resamples, seed=settings.seed, groups=groups)

    def interval(value: Resampled) -> dict[str, float] | None:  # None: a constant prediction has no rank correlation
        return value.interval(settings.confidence) if np.isfinite(value.value) else None

    scores: dict[str, Any] = {"constant": {"mae": interval(values["constant"])}}
    for name in predicted:
        approach, _, further = name.partition("/")
        own, probability = scores.setdefault(approach, {}), values[f"{name}/probability"]
        own = own.setdefault(further, {}) if further else own
        own["probability"] = {"spearman": interval(probability)}
        for head in heads[name]:
            ranked, error = (values[f"{name}/{head}/{measure}"] for measure in ("spearman", "mae"))
            versus = {"spearman_difference": interval(ranked - probability)}
            own[head] = {"spearman": interval(ranked), "mae": interval(error), "versus_probability": versus}
    return scores


def teachers_of(predicted: Mapping[str, PredictionTable]) -> dict[str, str]:
    """Return the teacher of each student, where it is among the approaches."""
    return {name: one.teacher for name, one in predicted.items() if one.teacher and one.teacher in predicted}


def evaluate_streams(
    rows: LabelledSplit, folder: Path, methods: Iterable[str], approaches: Sequence[str], settings: Evaluate
) -> tuple[Evaluation, dict[str, Any]]:
    """Return the evaluation of predictions over streams, and their scores by method; the first is the baseline."""
    names = {method: _decoded_folders(folder / method, approaches) for method in methods}
    of_streams = {f"{name}/{method}": path for method, one in names.items() for name, path in one.items()}
    decoded = evaluate_rows(rows, read_predicted(rows, of_streams), settings)
    return decoded, {method: _decoded_scores(decoded, one, method, approaches[0]) for method, one in names.items()}


def _decoded_folders(folder: Path, approaches: Sequence[str]) -> dict[str, Path]:
    """Return the folders of decoded predictions by name: the approaches in their order, then their combination."""
    folders = {path.name: path for path in sorted(folder.glob("*")) if path.is_dir()}
    if not folders:
        raise StageError(f"{folder} holds no predictions: run `dvc repro` to make them")
    return {name: folders[name] for name in dict.fromkeys([*approaches, *folders]) if name in folders}


def _decoded_scores(decoded: Evaluation, names: Iterable[str], method: str, baseline: str) -> dict[str, Any]:
    """Return the scores of a decoding method by approach, compared with no decoding, and with the baseline decoded."""
    scores: dict[str, Any] = {name: decoded.scores_of(f"{name}/{method}") for name in names}
    comparisons = {
        "versus_none": {name: f"{name}/none" for name in scores if method != "none"},
        "versus_baseline": {name: f"{baseline}/{method}" for name in scores if name != baseline},
    }
    for test, others in comparisons.items():
        results = with_holm({name: decoded.compared(f"{name}/{method}", other) for name, other in others.items()})
        for name, result in results.items():
            scores[name][test] = result
    return scores
