"""Robustness: test texts rewritten by rule, and how many predictions flip."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from decortique.core import paths
from decortique.core.files import StageError
from decortique.core.measures import most_probable
from decortique.core.tables import read_columns
from decortique.data.corpus import LabelledSplit
from decortique.diagnosis.perturbations import Rule, rules_of
from decortique.diagnosis.settings import Robustness
from decortique.evaluation.bootstrap import resampled
from decortique.evaluation.paired_tests import holm, mcnemar, swap_test
from decortique.evaluation.settings import Evaluate
from decortique.models.folder import Classifier, Done

log = logging.getLogger(__name__)

CHANGES_CLAIM = ("negation",)  # what a text says; the other rules keep it


class Rewritten(NamedTuple):
    """The texts that a rule changes."""

    indices: np.ndarray  # (changed,) which texts
    before: list[str]
    after: list[str]


class BeforeAfter(NamedTuple):
    """Probabilities that an approach gives the texts that a rule changes, (changed, classes) each."""

    before: np.ndarray
    after: np.ndarray

    @property
    def flipped(self) -> np.ndarray:
        """(changed,) bool: where the prediction is another one."""
        return most_probable(self.before) != most_probable(self.after)


Outputs = Mapping[str, BeforeAfter]  # by approach, the baseline first


def rewrite_all(
    task: str, language: str, ids: Sequence[str], chosen: Sequence[int], settings: Robustness
) -> tuple[dict[str, Rewritten], dict[str, str]]:
    """Apply the rules to some test texts; return why others are left out; raise StageError if no rule is left."""
    texts = read_columns(paths.corpus(task) / "test.parquet", ["text"])["text"]
    rules, left_out = rules_of(settings.rewrites, language, settings.typo_rate, paths.raw(task))
    rewritten = {name: rewrite(name, rule, ids, texts, chosen, settings.seed) for name, rule in rules.items()}
    left_out |= {name: "it changes none of the texts" for name, one in rewritten.items() if not one.after}
    for name, reason in left_out.items():
        log.warning("%s: %s is left out: %s", task, name, reason)
    if not (rewritten := {name: one for name, one in rewritten.items() if one.after}):
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise StageError(f"robustness.rewrites has nothing for {task} ({reasons}): add `lower_case` or `typos` to it")
    return rewritten, left_out


def sample_texts(texts: int, wanted: int | None, seed: int) -> list[int]:
    """Return the indices of a random sample of so many texts, in their order; of all where `wanted` is None."""
    return sorted(np.random.default_rng(seed).permutation(texts)[:wanted].tolist())


def rewrite(
    name: str, rule: Rule, ids: Sequence[str], texts: Sequence[str], chosen: Sequence[int], seed: int
) -> Rewritten:
    """Apply a rule to the texts of the `chosen` indices.

    What it makes of a text depends on the text's id and the seed, not on the other texts. A text of which nothing would
    be left counts as one that the rule does not change.
    """
    changed: dict[int, str] = {}
    for index in chosen:
        random = np.random.default_rng([seed, crc32(f"{name} {ids[index]}".encode())])
        after = rule(texts[index], random)
        if after != texts[index] and after.strip():
            changed[index] = after
    return Rewritten(np.array([*changed], int), [texts[index] for index in changed], [*changed.values()])


def distinct_texts(rewritten: Mapping[str, Rewritten]) -> list[str]:
    """Return all texts of some rewrites, before and after, each once."""
    return list(dict.fromkeys(text for one in rewritten.values() for text in (*one.before, *one.after)))


def predict_rewritten(rewritten: Mapping[str, Rewritten], classifier: Classifier, done: Done) -> dict[str, BeforeAfter]:
    """Predict the texts of all rewrites at once, equal ones once."""
    texts = distinct_texts(rewritten)
    indices = {text: index for index, text in enumerate(texts)}
    probability = classifier.predict(texts, done).probability
    return {
        name: BeforeAfter(*(probability[[indices[text] for text in side]] for side in (one.before, one.after)))
        for name, one in rewritten.items()
    }


def should_flip(rewrite: str, grades: np.ndarray) -> str:
    """Return `flip` for a rule that changes the claim, where labels are the two sides of a scale; else `stay`.

    They are where texts have (texts,) grades, NaN for none; the author of a text, say, does not depend on its claim.
    """
    return "flip" if rewrite in CHANGES_CLAIM and np.isfinite(grades).any() else "stay"


def measure_flips(
    rewritten: Mapping[str, Rewritten],
    outputs: Mapping[str, Outputs],
    rows: LabelledSplit,
    texts: int,
    evaluate: Evaluate,
) -> dict[str, Any]:
    """Return how many predictions flip, given outputs by rewrite and approach.

    `rows` are all texts of the split, `texts` is how many of them were rewritten. By rewrite: whether predictions
    `should` flip; under `approaches`, the share that flips, the change of the probability of the label first predicted
    and, where the labels still hold, the accuracy before and after; under `versus`, tests of the other approaches
    against the baseline, whose `holm_p` is corrected for all rewrites and approaches.
    """
    results: dict[str, Any] = {}
    for name, one in rewritten.items():
        truth, together, should = rows.truth[one.indices], rows.together, should_flip(name, rows.scores)
        # Renumbered, as each number needs a text.
        groups = None if together is None else np.unique(together[one.indices], return_inverse=True)[1]
        results[name] = {
            "should": should,
            "changed": len(truth),
            "unchanged": texts - len(truth),
            **_compare_approaches(outputs[name], truth, groups, should, evaluate),
        }
    tests = [test for one in results.values() for test in one["versus"].values()]
    for test, corrected in zip(tests, holm([test.get("swap_p", test["mcnemar_p"]) for test in tests]), strict=True):
        test["holm_p"] = corrected
    return results


def _compare_approaches(
    outputs: Outputs, truth: np.ndarray, groups: np.ndarray | None, should: str, evaluate: Evaluate
) -> dict[str, Any]:
    columns: dict[str, np.ndarray] = {}
    for approach, one in outputs.items():
        before, after, every = most_probable(one.before), most_probable(one.after), np.arange(len(truth))
        columns[f"{approach} flips"] = before != after
        columns[f"{approach} probability_change"] = one.after[every, before] - one.before[every, before]
        columns[f"{approach} accuracy_before"] = before == truth
        columns[f"{approach} accuracy_after"] = after == truth
    table = np.column_stack(list(columns.values())).astype(float)

    def statistic(weights: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(columns, (weights @ table / weights.sum(axis=1, keepdims=True)).T, strict=True))

    means = resampled(statistic, len(table), resamples=evaluate.resamples, seed=evaluate.seed, groups=groups)
    measures = ["flips", "probability_change", *(["accuracy_before", "accuracy_after"] if should == "stay" else [])]
    results: dict[str, Any] = {"approaches": {}, "versus": {}}
    baseline = next(iter(outputs))
    for approach, one in outputs.items():
        scores = {name: means[f"{approach} {name}"] for name in measures}
        if should == "stay":
            scores["accuracy_difference"] = scores["accuracy_after"] - scores["accuracy_before"]
        results["approaches"][approach] = {name: one.interval(evaluate.confidence) for name, one in scores.items()}
        if approach != baseline:
            difference = means[f"{approach} flips"] - means[f"{baseline} flips"]
            results["versus"][approach] = {
                **_flip_tests(one.flipped, outputs[baseline].flipped, groups, evaluate.seed),
                "flips_difference": difference.interval(evaluate.confidence),
            }
    return results


def _flip_tests(this: np.ndarray, baseline: np.ndarray, groups: np.ndarray | None, seed: int) -> dict[str, Any]:
    """Test whether two approaches flip equally often: by McNemar's test and, where they have groups, by permutation."""
    exact = mcnemar(baseline, this)  # a flip is what counts here, as being right does there
    names = {
        "mcnemar_p": "mcnemar_p",
        "only_baseline_flips": "only_baseline_right",
        "only_this_flips": "only_this_right",
    }
    tests = {name: exact[there] for name, there in names.items()}
    if groups is not None:
        every, *numbers = np.ones(len(this), int), baseline.astype(int), this.astype(int)
        tests["swap_p"] = swap_test(every, *numbers, groups=groups, last=1, seed=seed)["accuracy_p"]
    return tests


def flip_points(results: Mapping[str, Any]) -> Iterator[dict[str, str | float]]:
    """Yield the flips of each approach at each rewrite of `measure_flips`, with their interval."""
    for name, one in results.items():
        for approach, measures in one["approaches"].items():
            flips = {"flips" if key == "value" else key: value for key, value in measures["flips"].items()}
            yield {"rewrite": name, "approach": approach, "should": one["should"], **flips}


def flip_examples(name: str, made: Rewritten, outputs: Outputs, rows: LabelledSplit) -> Iterator[dict[str, Any]]:
    """Yield the texts of a rewrite on which some approach flips, in order of `surprise`.

    `surprise` is the lesser probability, before and after, of the approach that flipped; of several, the surest counts.
    """

    def shown(probability: np.ndarray) -> dict[str, Any]:
        return {"prediction": rows.labels[probability.argmax()], "probability": round(float(probability.max()), 4)}

    flipped = np.stack([output.flipped for output in outputs.values()])
    sure = np.stack([np.minimum(one.before.max(axis=1), one.after.max(axis=1)) for one in outputs.values()])
    surprise = (sure * flipped).max(axis=0)
    some = np.flatnonzero(flipped.any(axis=0))
    for index in some[np.argsort(-surprise[some], kind="stable")].tolist():
        row = int(made.indices[index])
        yield {
            "rewrite": name,
            "should": should_flip(name, rows.scores),
            "surprise": round(float(surprise[index]), 4),
            "id": rows.ids[row],
            "label": rows.labels[rows.truth[row]],
            "text": made.before[index],
            "rewritten": made.after[index],
            "approaches": {
                approach: {"flipped": bool(output.flipped[index])}
                | {when: shown(probability[index]) for when, probability in output._asdict().items()}
                for approach, output in outputs.items()
            },
        }
