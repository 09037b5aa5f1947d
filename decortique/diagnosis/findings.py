"""Findings on validity (leaks, suspected labels, flips, explanations), and on the parts of the transformer."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from decortique.core import paths
from decortique.core.files import StageError, read_json
from decortique.core.findings import (
    Block,
    Cell,
    Example,
    Examples,
    Explanation,
    Finding,
    Part,
    Table,
    Word,
    decimal,
    excludes_zero,
    format_p,
    interval,
    is_significant,
    measured,
    p_equals,
    percent,
    pictures,
    signed,
    thousands,
)
from decortique.evaluation.findings import gap_findings, published_finding, slice_blocks, slice_findings

Results = Mapping[str, Any]

CAPTIONS = {
    "robustness": {
        "flips": "How many predictions change when texts are rewritten: fewer is better, but for a negation."
    },
    "explain": {
        "deletion": "Without the words that an explanation names, a prediction should be less sure than without random "
        "words."
    },
    "validity": {"suspected": "Where labels are suspected."},
}


def validity_part(task: str, title: str, approaches: Sequence[str], alpha: float, max_examples: int) -> Part:
    """Return what the scores of a task rest on; the first of the approaches is the baseline."""
    scores, slices = (measured("evaluate", task, part) for part in ("scores", "slices"))
    controls, audit = (measured("validity", task, part) for part in ("controls", "audit"))
    flips, explained = measured("robustness", task), measured("explain", task)
    findings = [
        *gap_findings(slices, approaches, scores),
        *slice_findings(slices, approaches),
        *audit_findings(audit),
        control_finding(controls),
        *([published_finding(slices)] if slices["published"] else []),
        *flip_findings(flips, alpha),
        *explanation_findings(explained, alpha),
    ]
    blocks: list[Block] = [
        *slice_blocks(task, slices, approaches, alpha),
        *(picture for stage, captions in CAPTIONS.items() for picture in pictures(stage, task, captions)),
        flips_table(flips, alpha),
        rewritten_examples(_read_lines(paths.rewrites(task)), max_examples),
        deletion_table(explained),
        suspected_examples(_read_lines(paths.audit(task, "labels")), 3 * max_examples),
    ]
    return Part(title, findings, blocks)


def _read_lines(path: Path) -> list[Any]:
    try:
        # Not splitlines(): a text may hold other characters that Python takes for line ends.
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    except FileNotFoundError:
        raise StageError(f"{path} is missing: run `dvc repro` to make it") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StageError(f"{path} is damaged ({error}): delete it and run `dvc repro`") from None


def control_finding(controls: Results) -> Finding:
    """Return what a random split would have claimed of the baseline, and what remains without names and numbers."""
    own, random = (controls[split]["as_it_is"]["accuracy"] for split in ("own_split", "random_split"))
    masked = controls["own_split"]["masked"]["accuracy"]
    more = own["high"] < random["low"]
    return Finding(
        "Would another split have claimed more?",
        "yes" if more else "not by more than the intervals",
        f"The baseline has {interval(own)}; on texts split at random {interval(random)}, and with names and numbers "
        f"masked {interval(masked)}.",
        more,
    )


def audit_findings(audit: Results) -> Iterator[Finding]:
    """Yield what leaks there are, their effect, and how many labels are suspected."""
    yield _leaks(audit["near_duplicates"])
    labels = audit["labels"]
    suspected, second = labels["suspected"], labels["second_opinion"]
    evidence = [
        f"{interval(suspected['share'])} of all: a bag of words not trained on them doubts them (confident learning)."
    ]
    if grade := labels.get("absolute_grade"):
        evidence.append(
            f"People's mean grade of these is {interval(grade['suspected'])} from zero, that of the others "
            f"{interval(grade['others'])}."
        )
    if against := second["predicts_against"].get(second["best"]):
        evidence.append(
            f"{second['best']} predicts against {interval(against['suspected'])} of them, and against "
            f"{interval(against['others'])} of the others."
        )
    if flipped := labels["control"].get("suspected"):
        evidence.append(f"Of labels that were flipped on purpose, {interval(flipped['flipped'])} are suspected.")
    evidence.append("A suspicion is no proof.")
    yield Finding("Are the labels right?", f"{suspected['count']} of them are suspected", " ".join(evidence))


def _leaks(near: Results) -> Finding:
    leaks, overlap = near["leaks"], near["overlap"]["test"]
    splits = [
        f"{one['exact'] + one['near']} in {split} ({one['exact']} of them copies)"
        for split, one in overlap.items()
        if split != "texts"
    ]
    evidence = f"Of {overlap['texts']} test texts, these have a near duplicate in another split: {', '.join(splits)}."
    effects = {name: one["difference"] for name, one in leaks["accuracy"].items()}
    significant = [f"{name} {signed(effect)}" for name, effect in effects.items() if excludes_zero(effect)]
    if effects:
        largest = max(effects, key=lambda name: abs(effects[name]["value"]))
        evidence += (
            f" Without those with a near duplicate in training, accuracy changes by {signed(effects[largest])} at most "
            f"({largest}; all less without them)."
        )
    verdict = f"{leaks['texts']} test texts have a near duplicate in training"
    if leaks["texts"]:
        verdict += f", which changes {', '.join(significant) or 'no score significantly'}"
    return Finding("Does the test leak into training?", verdict, evidence, bool(significant) or not leaks["texts"])


def suspected_examples(lines: Sequence[Results], count: int) -> Examples:
    """Return the most suspicious labels."""
    return Examples(
        "The most suspicious labels: would you have given them? A bag of words that was trained on other texts finds "
        "them unlikely, and so does, where it could be asked, the best of the other approaches.",
        [
            Example(
                f"labelled {one['label']}"
                + (f", mean grade {signed({'value': one['score']}, 2)}" if one["score"] is not None else ""),
                f"{one['text']} — probability of this label: bag of words {decimal(one['probability'], 2)}"
                + "".join(f", {name} {decimal(given, 2)}" for name, given in one["approaches"].items()),
            )
            for one in lines[:count]
        ],
        folded=True,
    )


def flip_findings(results: Results, alpha: float) -> Iterator[Finding]:
    """Yield by rewriting how many predictions flip, and who flips significantly more or less than the baseline."""
    for name, one in results["rewrites"].items():
        flips = {approach: measures["flips"] for approach, measures in one["approaches"].items()}
        shares = sorted(score["value"] for score in flips.values())
        baseline = next(iter(flips))
        tests = {approach: test for approach, test in one["versus"].items() if is_significant(test, alpha)}
        differing = []
        for word, sign in (("fewer", -1), ("more", 1)):
            names = [approach for approach, test in tests.items() if sign * test["flips_difference"]["value"] > 0]
            differing += [f"{', '.join(names)} {word} than {baseline}"] if names else []
        aim = "predictions should often flip" if one["should"] == "flip" else "predictions should stay"
        yield Finding(
            f"{name.replace('_', ' ').capitalize()}: {aim}",
            f"{percent(shares[0], 0)} to {percent(shares[-1], 0)} flip"
            + ("" if tests else f", none significantly different from {baseline}"),
            f"Of {one['changed']} texts that the rule changes: "
            + ", ".join(f"{approach} {interval(score)}" for approach, score in flips.items())
            + f". Significantly different from {baseline}: {'; '.join(differing) or 'none'}.",
            bool(tests),
        )
    for name, reason in results["left_out"].items():
        yield Finding(f"{name.replace('_', ' ').capitalize()}", "left out", f"{reason}.", is_significant=False)


def flips_table(results: Results, alpha: float) -> Table:
    """Return the flips of each approach; bold is significantly fewer (of a negation: more) than the baseline's."""

    def better(one: Results, approach: str) -> bool:
        sign = 1 if one["should"] == "flip" else -1
        test = one["versus"].get(approach)
        return bool(test) and is_significant(test, alpha) and test["flips_difference"]["value"] * sign > 0

    return Table(
        ["rewriting", "texts changed", *next(iter(results["rewrites"].values()))["approaches"]],
        [
            [
                name.replace("_", " "),
                thousands(one["changed"]),
                *(Cell(interval(by["flips"]), better(one, approach)) for approach, by in one["approaches"].items()),
            ]
            for name, one in results["rewrites"].items()
        ],
        "Share of predictions that flip. Bold is significantly better than the baseline, the first approach: fewer "
        "flips, or, where the claim is negated, more.",
        folded=True,
    )


def rewritten_examples(lines: Sequence[Results], count: int) -> Examples:
    """Return the most surprising texts of each rewriting."""
    return Examples(
        "Rewritten texts on which some prediction flips, the surest first.",
        [
            Example(
                f"{name.replace('_', ' ')}: {one['label']}",
                f"{one['text']} → {one['rewritten']} — "
                + "; ".join(
                    f"{approach} {_prediction(by['before'])} → {_prediction(by['after'])}"
                    for approach, by in one["approaches"].items()
                ),
            )
            for name, rewritten in groupby(lines, lambda one: one["rewrite"])
            for one in islice(rewritten, count)
        ],
        folded=True,
    )


def _prediction(by: Results) -> str:
    return f"{by['prediction']} {decimal(by['probability'], 2)}"


def explanation_findings(results: Results, alpha: float) -> Iterator[Finding]:
    """Yield whether the words that explanations name matter, and whether two approaches name the same."""
    for approach, by_count in results["deletion"].items():
        count, one = min(by_count.items(), key=lambda item: int(item[0]))
        sure = is_significant(one, alpha) and one["difference"]["value"] > 0
        yield Finding(
            f"Do the words matter that explain {approach}?",
            "yes" if sure else "no significant difference from random words",
            f"Without the top {'word' if count == '1' else f'{count} words'} the probability of the prediction falls "
            f"by {interval(one['top'])}, without as many random ones by {interval(one['random'])}; difference "
            f"{signed(one['difference'])}, {p_equals(one['holm_p'])}.",
            sure,
        )
    if same := results["agreement"]:
        sure = excludes_zero(same["difference"])
        yield Finding(
            "Do the bag of words and the transformer name the same word?",
            f"the same top word in {percent(same['same_top']['value'], 0)} of the texts"
            + ("" if sure else ", as by chance"),
            f"Of {same['texts']} texts {interval(same['same_top'])}; by chance it would be "
            f"{interval(same['same_top_by_chance'])}. Mean rank correlation of the words of a text "
            f"{interval(same['spearman'])}.",
            sure,
        )


def deletion_table(results: Results) -> Table:
    """Return the falls of probability by number of words deleted."""
    columns: dict[str, Callable[[Any], str]]
    columns = {"top": interval, "random": interval, "difference": signed, "holm_p": format_p}
    return Table(
        ["approach", "words deleted", "the top ones", "random ones", "difference", "p"],
        [
            [approach, count, *(as_text(one[name]) for name, as_text in columns.items())]
            for approach, by_count in results["deletion"].items()
            for count, one in by_count.items()
        ],
        "By how much the probability of the prediction falls when words are deleted (comprehensiveness).",
        folded=True,
    )


def explained_texts(task: str) -> Iterator[Examples]:
    """Yield texts of a task with the weight of each word for the predictions; nothing where none was explained."""
    kinds = {"both_right": "Both right, and sure", "both_wrong": "Both wrong, and sure"}
    texts = [
        Example(
            f"{kinds.get(one['kind']) or 'Only ' + one['kind'].removeprefix('only_') + ' is right'}: {one['label']}",
            explanations=[
                Explanation(approach, _prediction(by), _words(one["text"], by["words"]))
                for approach, by in one["by"].items()
            ],
        )
        for one in read_json(paths.explanations(task))["texts"]
    ]
    if texts:
        yield Examples(
            "Which words predict? Blue speaks for the prediction, orange against it: coefficients of the bag of words, "
            "integrated gradients of the transformer. The section on validity tests whether these words do matter.",
            texts,
        )


def _words(text: str, words: Sequence[tuple[int, int, float]]) -> list[Word]:
    """Return the text in pieces, words with their weight relative to the largest."""
    largest = max((abs(weight) for _, _, weight in words), default=0) or 1
    pieces, end = [], 0
    for start, stop, weight in words:
        if start > end:
            pieces.append(Word(text[end:start]))
        pieces.append(Word(text[start:stop], weight / largest))
        end = stop
    return [*pieces, Word(text[end:])]


DISSECTION_CAPTIONS = {
    "layers": "The tokens of a few sentences in the plane of two principal components, layer by layer: from words to "
    "what the heads read.",
    "parameters": "Where the parameters are.",
    "attention": "What each head of each layer looks at, in the first sentence.",
}


def dissection_part(task: str, title: str) -> Part:
    """Return what the transformer of a task consists of, and how its tokenizer splits the texts."""
    dissected, tokens = measured("dissect", task), measured("tokenize", task)
    parameters, test = dissected["parameters"], tokens["test"]
    findings = [
        Finding(
            "Where its parameters are",
            f"{percent(parameters['decision'] / parameters['total'])} of them in the heads, the rest in the encoder",
            f"{thousands(parameters['total'])} in all, {thousands(parameters['encoder'])} of them in the encoder.",
        ),
        Finding(
            "How the tokenizer splits the texts",
            f"{decimal(test['fertility'], 2)} tokens a word, {percent(test['truncated'])} of the texts cut off",
            f"Of the {test['texts']} test texts, half have {test['length']['p50']} tokens or fewer, the longest "
            f"{test['length']['p100']}; {percent(test['padding'], 0)} of the stored tokens are padding, which the "
            "models strip.",
        ),
    ]
    steps = Table(
        ["step", "computed by", "input", "output", "parameters"],
        [
            [name, one["module"], one["input"], one["output"], thousands(one["parameters"])]
            for name, one in dissected["steps"].items()
        ],
        "From text to decision: shapes are texts × tokens × width. Each decision starts anew from the output of the "
        "last block.",
        folded=True,
    )

    def decision(head: str, output: Mapping[str, float] | float) -> str:
        if isinstance(output, Mapping):
            label = max(output, key=lambda name: output[name])
            return f"{head}: {label} {decimal(output[label], 2)}"
        return f"{head}: {signed({'value': output}, 2)}"

    sentences = Table(
        ["sentence", "tokens", "decisions"],
        [
            [one["sentence"], str(one["length"]), "; ".join(decision(*head) for head in one["decisions"].items())]
            for one in dissected["sentences"].values()
        ],
        "The sentences of params.yaml that were sent through the model, and the decision of each head.",
    )
    drawn = pictures("dissect", task, DISSECTION_CAPTIONS, ("parameters", "attention"))
    return Part(title, findings, [*drawn, steps, sentences])
