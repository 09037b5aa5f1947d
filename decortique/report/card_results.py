"""What an approach is worth, out of what a run measured."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.core.files import read_json
from decortique.data.labelled import TRANSFER

TEST = "test"
MEASURES = {"accuracy": "accuracy", "macro_f1": "macro-F1", "roc_auc": "ROC-AUC", "log_loss": "log-loss"}
Scores = Mapping[str, Any]
Verdict = Literal["better", "worse", "no significant difference"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """An approach against another one on the same texts.

    Attributes:
        against: the other one.
        difference: of the accuracies, with an interval.
        p: of no difference.
        test: what gave it, and what it was corrected for.
    """

    against: str
    difference: Mapping[str, float]
    p: float
    test: str

    def verdict(self, alpha: float) -> Verdict:
        """Says which is better, as far as a test at this level can tell."""
        if self.p >= alpha:
            return "no significant difference"
        return "better" if self.difference["value"] > 0 else "worse"


@dataclass(frozen=True, slots=True)
class Results:
    """The scores of one approach.

    Attributes:
        sets: scores by set of texts: the test set, then those of another kind.
        compared: with another approach, by set; empty for the baseline.
        retained: what a student keeps of its teacher; empty for others.
        graded: what else the approach says of the grades of the test texts, by head.
        size: in bytes, and the share of texts that are predicted as before: of an export only.
        flips: the share of predictions that change when texts are rewritten, by rewriting; not of an export.
    """

    sets: Mapping[str, Scores]
    compared: Mapping[str, Comparison] = field(default_factory=dict)
    retained: Mapping[str, Any] = field(default_factory=dict)
    graded: Mapping[str, Scores] = field(default_factory=dict)
    size: Mapping[str, float] = field(default_factory=dict)
    flips: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def home(self) -> Scores:
        """The scores on the test set."""
        return self.sets[TEST]

    @property
    def away(self) -> dict[str, Scores]:
        """The scores on texts of another kind, by set."""
        return {name: scores for name, scores in self.sets.items() if name != TEST}

    @classmethod
    def of_approach(cls, task: str, approach: str, baseline: str) -> "Results":
        """Takes an approach out of the evaluation of its task.

        Raises:
            StageError: the evaluation is missing or of other approaches.
        """
        path = paths.results("evaluate", task, "scores")
        found = read_json(path)
        try:
            reports = {TEST: found, **found["transfer"]}
            return cls(
                {name: report[approach] for name, report in reports.items()},
                {
                    name: _comparison(report["versus"][approach], f"`{baseline}`", len(report["versus"]))
                    for name, report in reports.items()
                    if approach != baseline
                },
                found["retained"].get(approach, {}),
                _heads(found["graded"].get(TEST, {}).get(approach, {})),
                flips=_flips(task, approach),
            )
        except KeyError as error:
            raise StageError(f"{path} has no {error} for {approach}: run `dvc repro evaluate@{task}`") from None

    @classmethod
    def of_export(cls, task: str, approach: str) -> "Results":
        """Takes what was measured of an export, against what the approach was before.

        Raises:
            StageError: it is missing or damaged.
        """
        path = paths.results("export", task, approach)
        found = read_json(path)
        try:
            small, before = found["int8"], found["float"]
            return cls(
                {TEST: small},
                {TEST: _comparison(found["versus"], f"`{approach}` in 32 bits", 1)},
                size={
                    "bytes": small["bytes"],
                    "share": small["bytes"] / before["bytes"],
                    "agreement": found["agreement"],
                },
            )
        except KeyError as error:
            raise StageError(f"{path} has no {error}: run `dvc repro export@{task}`") from None


def measures_of(scores: Scores) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Yields the name and the interval of each measure; F1 label by label, behind macro-F1."""
    for key, name in MEASURES.items():
        if key in scores:
            yield name, scores[key]
        if key == "macro_f1":
            yield from ((f"F1 of `{label}`", found) for label, found in scores.get("f1", {}).items())


def split_of(name: str) -> str:
    """Gives the split of a set: those of another kind are `transfer-<set>`."""
    return name if name == TEST else f"{TRANSFER}{name}"


def _comparison(test: Mapping[str, Any], against: str, tests: int) -> Comparison:
    name = "a swap test of whole groups" if "accuracy_p" in test else "McNemar's exact test"
    if tests == 1:  # there is nothing to correct for
        return Comparison(against, test["accuracy_difference"], test.get("accuracy_p", test["mcnemar_p"]), name)
    corrected = f"{name}, corrected by Holm for {tests} tests"
    return Comparison(against, test["accuracy_difference"], test["holm_p"], corrected)


def _flips(task: str, approach: str) -> dict[str, Mapping[str, float]]:
    found = read_json(paths.results("robustness", task))["rewrites"]
    return {name.replace("_", " "): one["approaches"][approach]["flips"] for name, one in found.items()}


def _heads(graded: Mapping[str, Scores]) -> dict[str, Scores]:
    return {head: scores for head, scores in graded.items() if head != "probability" and "spearman" in scores}
