"""Predictions that flip when texts are rewritten."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from decortique.data.labelled import Labelled
from decortique.diagnosis.rewriting import Answers, Rewritten
from decortique.evaluation.bootstrap import Resampled, resampled
from decortique.evaluation.paired_tests import holm, mcnemar, swap_test
from decortique.evaluation.settings import Evaluate

STAY, TURN = "stay", "turn"
TURNING = ("negation",)  # of what a text says; the other rules leave that as it is


def should(rewrite: str, scores: np.ndarray) -> str:
    """Tells what a prediction should do: turn where the claim is turned and labels are the two sides of a scale.

    Which they are where texts have grades; who wrote a text, say, does not hang on what it claims. A claim that is
    turned round does not always turn the opinion of the text: that may hang on another part of it.

    Args:
        rewrite: name of the rule.
        scores: (texts,) grades, NaN where there is none.
    """
    return TURN if rewrite in TURNING and np.isfinite(scores).any() else STAY


@dataclass(frozen=True, slots=True)
class Measured:
    """What every approach says of the texts that one rule changes."""

    answers: Mapping[str, Answers]  # by approach, the baseline first
    truth: np.ndarray  # (changed,) class numbers
    groups: np.ndarray | None  # (changed,) numbers of their groups; None where each text stands alone
    should: str
    means: Mapping[str, Resampled]  # by `<approach> <measure>`
    evaluate: Evaluate

    @classmethod
    def of(
        cls, name: str, made: Rewritten, answers: Mapping[str, Answers], rows: Labelled, evaluate: Evaluate
    ) -> "Measured":
        """Measures on the texts that a rule changes, given the rows of all of them."""
        truth, groups = rows.truth[made.places], None
        if rows.together is not None:  # none of the numbers may stand for a group without texts
            groups = np.unique(rows.together[made.places], return_inverse=True)[1]
        columns = {
            f"{approach} {measure}": values
            for approach, said in answers.items()
            for measure, values in _values(said, truth).items()
        }
        table = np.column_stack(list(columns.values())).astype(float)

        def measured(weights: np.ndarray) -> dict[str, np.ndarray]:
            return dict(zip(columns, (weights @ table / weights.sum(axis=1, keepdims=True)).T, strict=True))

        means = resampled(measured, len(table), resamples=evaluate.resamples, seed=evaluate.seed, groups=groups)
        return cls(answers, truth, groups, should(name, rows.scores), means, evaluate)

    def interval(self, approach: str, measure: str) -> dict[str, float]:
        """Gives `value`, `low` and `high` of a measure."""
        return self.means[f"{approach} {measure}"].interval(self.evaluate.confidence)

    def measures(self, approach: str) -> dict[str, Any]:
        """Gives the share of predictions that flip, and what becomes of the probability of the label first predicted.

        Also the accuracy before and after, where the labels still hold.
        """
        found = {name: self.interval(approach, name) for name in ("flips", "probability_change")}
        if self.should == TURN:
            return found
        before, after = (self.means[f"{approach} {name}"] for name in ("accuracy_before", "accuracy_after"))
        return {
            **found,
            "accuracy_before": before.interval(self.evaluate.confidence),
            "accuracy_after": after.interval(self.evaluate.confidence),
            "accuracy_difference": (after - before).interval(self.evaluate.confidence),
        }

    def compared(self, approach: str, baseline: str) -> dict[str, Any]:
        """Tests whether two approaches flip equally often.

        McNemar's test takes the texts for independent. Where they come in groups, `swap_p` does not.
        """
        this, other = (self.answers[name].flipped for name in (approach, baseline))
        exact = mcnemar(other, this)
        found = {
            "mcnemar_p": exact["mcnemar_p"],
            "only_baseline_flips": exact["only_baseline_right"],
            "only_this_flips": exact["only_this_right"],
        }
        if self.groups is not None:
            flipped = np.ones(len(this), int)  # to flip is what counts here, as being right does there
            numbers = (other.astype(int), this.astype(int))
            swaps = swap_test(flipped, *numbers, groups=self.groups, last=1, seed=self.evaluate.seed)
            found["swap_p"] = swaps["accuracy_p"]
        difference = self.means[f"{approach} flips"] - self.means[f"{baseline} flips"]
        return {**found, "flips_difference": difference.interval(self.evaluate.confidence)}


def _values(said: Answers, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Gives, of each text, what measures are the means of."""
    before, after = said.predicted
    at = np.arange(len(before))
    return {
        "flips": before != after,
        "probability_change": said.after[at, before] - said.before[at, before],
        "accuracy_before": before == truth,
        "accuracy_after": after == truth,
    }


def report(measured: Mapping[str, Measured], texts: int) -> dict[str, Any]:
    """Gives, by rewrite, what predictions should do, and what those of each approach did, tested against the baseline.

    `holm_p` takes into account how many tests there are, over all rewrites and approaches.

    Args:
        measured: by rewrite.
        texts: how many there were to rewrite.
    """
    tests = {
        (name, approach): found.compared(approach, baseline)
        for name, found in measured.items()
        for baseline, *others in [list(found.answers)]
        for approach in others
    }
    corrected = dict(zip(tests, holm([test.get("swap_p", test["mcnemar_p"]) for test in tests.values()]), strict=True))
    return {
        name: {
            "should": found.should,
            "changed": len(found.truth),
            "unchanged": texts - len(found.truth),
            "approaches": {approach: found.measures(approach) for approach in found.answers},
            "versus": {
                approach: {**test, "holm_p": corrected[rewrite, approach]}
                for (rewrite, approach), test in tests.items()
                if rewrite == name
            },
        }
        for name, found in measured.items()
    }


def points(measured: Mapping[str, Measured]) -> Iterator[dict[str, str | float]]:
    """Yields the flips of each approach at each rewrite, with their interval."""
    for name, found in measured.items():
        for approach in found.answers:
            flips = found.interval(approach, "flips")
            yield {
                "rewrite": name,
                "approach": approach,
                "should": found.should,
                "flips": flips["value"],
                "low": flips["low"],
                "high": flips["high"],
            }


def examples(
    made: Rewritten, answers: Mapping[str, Answers], rows: Labelled, *, name: str, should: str
) -> Iterator[dict[str, Any]]:
    """Yields a rule's texts on which some approach flipped, in order of `surprise`.

    `surprise` is how sure the one that flipped was, before and after: the lesser of the two probabilities. Of several,
    the surest counts.

    Args:
        made: the texts.
        answers: by approach.
        rows: of all texts, those that the rule leaves as they are among them.
        name: of the rule.
        should: what predictions should do.
    """
    flipped = np.stack([said.flipped for said in answers.values()])
    sure = np.stack([np.minimum(said.before.max(axis=1), said.after.max(axis=1)) for said in answers.values()])
    surprise = (sure * flipped).max(axis=0)
    shown = np.flatnonzero(flipped.any(axis=0))
    for place in shown[np.argsort(-surprise[shown], kind="stable")].tolist():
        row = int(made.places[place])
        yield {
            "rewrite": name,
            "should": should,
            "surprise": round(float(surprise[place]), 4),
            "id": rows.ids[row],
            "label": rows.labels[rows.truth[row]],
            "text": made.before[place],
            "rewritten": made.after[place],
            "approaches": {approach: _said(said, place, rows.labels) for approach, said in answers.items()},
        }


def _said(said: Answers, place: int, labels: Sequence[str]) -> dict[str, Any]:
    """Gives what an approach predicted a text, before and after, each with its probability."""
    return {
        "flipped": bool(said.flipped[place]),
        **{
            when: {"prediction": labels[row.argmax()], "probability": round(float(row.max()), 4)}
            for when, row in (("before", said.before[place]), ("after", said.after[place]))
        },
    }
