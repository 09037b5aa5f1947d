"""How many decisions flip when texts are rewritten, and what that does to accuracy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.artifacts.labelled import Labelled
from stages.rewriting.rewritten import Answers, Rewritten
from stages.settings.evaluate import Evaluate
from stages.statistics.bootstrap import Resampled, resampled
from stages.statistics.comparison import mcnemar, swap_test
from stages.statistics.multiple import holm

STAY, TURN = "stay", "turn"
TURNING = ("negation",)  # of what a text says; the other rules leave that as it is


def should(rewrite: str, scores: np.ndarray) -> str:
    """Tells what a decision should do: turn where the claim is turned and labels are the two sides of a scale.

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
        """Gives the share of decisions that flip, and what becomes of the probability of the label first decided.

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
    before, after = said.decided
    at = np.arange(len(before))
    return {
        "flips": before != after,
        "probability_change": said.after[at, before] - said.before[at, before],
        "accuracy_before": before == truth,
        "accuracy_after": after == truth,
    }


def report(measured: Mapping[str, Measured], texts: int) -> dict[str, Any]:
    """Gives, by rewrite, what decisions should do, and what those of each approach did, tested against the baseline.

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
