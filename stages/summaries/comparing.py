"""All summaries of all groups: each approach with intervals over groups, and the tests of clusters against each."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from stages.settings.evaluate import Evaluate
from stages.statistics.multiple import holm
from stages.statistics.paired import mean_interval, paired, prediction_interval

# Ours; the same with all sentences in one cluster, which tells what clusters bring; those nearest to the centre among
# sentences no longer than ours, which tells what length brings; and by lot.
OURS, ALONE, SHORT, LOT = "clusters", "one cluster", "centroid, as short", "random"
# Tested only where the texts were not seen: of a text that was, each summary repeats sentences, and ours is made to be
# good at the first two.
OF_UNSEEN = ("coverage", "shared_words", "shared_pairs")
TESTED = (*OF_UNSEEN, "redundancy", "opinion_off", "rouge_1_f1", "rouge_2_f1", "rouge_l_f1")

Measures = Mapping[str, float]


class Rated(Protocol):
    """A group whose summaries were rated."""

    @property
    def rated(self) -> Mapping[str, Measures]:
        """Approach → its measures; those of `random` are the mean over its lots."""

    @property
    def lots(self) -> Sequence[Measures]:
        """Of each summary by lot."""


def compared(groups: Sequence[Rated], evaluate: Evaluate, *, unseen: bool) -> dict[str, Any]:
    """Compares approaches.

    Args:
        groups: with a summary by each approach.
        evaluate: confidence of the intervals, seed of the tests.
        unseen: whether they were held against texts that they were not made of.

    Returns:
        `approaches`, each measure with its interval over groups; `lots`, between which values of single summaries by
        lot lie; and `versus`, each approach's difference to clusters on the same groups, p-values corrected for the
        number of approaches.
    """
    measures = list(dict.fromkeys(measure for one in groups for measure in one.rated[OURS]))
    values = {
        approach: {measure: _column([one.rated[approach] for one in groups], measure) for measure in measures}
        for approach in groups[0].rated
    }
    lots = list(zip(*(one.lots for one in groups), strict=True))
    tested = [one for one in TESTED if one in measures and (unseen or one not in OF_UNSEEN)]
    return {
        "groups": len(groups),
        "approaches": {
            approach: {measure: mean_interval(column, evaluate.confidence) for measure, column in columns.items()}
            for approach, columns in values.items()
        },
        "lots": {
            measure: prediction_interval(np.array([_column(lot, measure).mean() for lot in lots]), evaluate.confidence)
            for measure in measures
        },
        "versus": _versus(values, tested, evaluate),
    }


def _column(rated: Sequence[Measures], measure: str) -> np.ndarray:
    """Gives (groups with the measure,) values: not all have references."""
    return np.array([one[measure] for one in rated if measure in one])


def _versus(
    values: Mapping[str, Mapping[str, np.ndarray]], measures: Sequence[str], evaluate: Evaluate
) -> dict[str, Any]:
    report: dict[str, Any] = {approach: {} for approach in values if approach != OURS}
    for measure in measures:
        tests = [
            paired(values[OURS][measure], values[approach][measure], confidence=evaluate.confidence, seed=evaluate.seed)
            for approach in report
        ]
        for approach, test, corrected in zip(report, tests, holm([test["p"] for test in tests]), strict=True):
            report[approach][measure] = {**test, "holm_p": corrected}
    return report
