"""Findings of an evaluation: scores and tests, transfer, decoding, grades, slices of the test set, published scores."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from decortique.core import paths
from decortique.core.files import StageError
from decortique.core.findings import (
    Block,
    Cell,
    Finding,
    Part,
    Picture,
    Table,
    comparison,
    decimal,
    effect,
    excludes_zero,
    format_p,
    interval,
    is_significant,
    measured,
    percent,
    pictures,
    signed,
)
from decortique.data.settings import Task
from decortique.evaluation.plots import Curve, bounds, draw_features, draw_trainings

Scores = Mapping[str, Any]

CAPTIONS = {
    "accuracy": "Accuracy in domain and out of domain. Where intervals overlap, look at the paired test in the table: "
    "it is more powerful.",
    "streams/decoding": "From text by text to Viterbi: do neighbours help? The tests are above.",
    "streams/streams": "Probabilities along the stream: noisy text by text, and what decoding makes of them.",
    "confusion": "Who errs in which direction: rows are the truth, columns the predictions.",
    "calibration": "On the dotted diagonal, a probability of .8 is right in 8 of 10 cases.",
    "roc": "Every threshold at once: the nearer to the upper left, the better.",
}
FOLDED = ("streams/streams", "confusion", "calibration", "roc")
SLICES_CAPTION = "Accuracy on parts of the test set, beside how well people do (grey)."


def predictions_part(
    task: str, described: Task, approaches: Sequence[str], alpha: float, folder: Path, explained: Iterable[Block] = ()
) -> Part:
    """Return how well each approach predicts on a task: in domain, out of domain, and over streams.

    Of the approaches, the baseline is first. A picture of what the bag of words relies on is drawn into the folder.
    """
    scores = measured("evaluate", task, "scores")
    single = () if described.split.keep_groups else ("streams/decoding", "streams/streams")
    tables = [scores_table(scores, approaches, alpha)]
    tables += [transfer_table(scores, approaches, alpha)] if scores["transfer"] else []
    tables += [] if single else [decoding_table(scores, alpha)]
    tables += [grades_table(scores)] if "test" in scores["graded"] else []
    drawn = pictures("evaluate", task, CAPTIONS, FOLDED, single)
    blocks = [*tables, *drawn, *explained, features_picture(folder, task)]
    findings = [
        *baseline_findings(scores, approaches, alpha),
        *decoding_findings(scores, alpha),
        *transfer_findings(scores, approaches, alpha),
        *grade_findings(scores, approaches),
        *retained_findings(scores),
    ]
    return Part("", findings, blocks)


def _differs(test: Scores | None, alpha: float, sign: int = 1) -> bool:
    """Return whether an accuracy is significantly higher than what it is tested against; with sign -1, lower."""
    return test is not None and is_significant(test, alpha) and sign * test["accuracy_difference"]["value"] > 0


def _cell(score: Scores, test: Scores | None, alpha: float) -> Cell:
    return Cell(interval(score), _differs(test, alpha))  # bold where it is significantly better


def _cells(scores: Iterable[Scores | None]) -> list[str]:
    return [interval(score) if score else "" for score in scores]


MEASURES = {
    "macro_f1": "macro-F1",
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "log_loss": "log-loss",
}


def scores_table(scores: Scores, approaches: Sequence[str], alpha: float) -> Table:
    """Return every measure on the test set, and the paired test of each approach against the baseline."""
    tests, first = scores["versus"], scores[approaches[0]]
    names = {name: title for name, title in MEASURES.items() if name in first}  # an export has fewer
    labels = list(first.get("f1", {}))[-1:]
    heading = ["approach", "accuracy", *names.values(), *(f"F1 of {label}" for label in labels)]
    rows: list[list[Cell | str]] = []
    for approach in approaches:
        one, test = scores[approach], tests.get(approach)
        others = _cells([*(one.get(name) for name in names), *(one["f1"][label] for label in labels)])
        versus = [signed(test["accuracy_difference"]), format_p(test["holm_p"])] if test else ["", ""]
        rows.append([approach, _cell(one["accuracy"], test, alpha), *others, *versus])
    return Table(
        [*heading, "accuracy minus baseline", "p"],
        rows,
        "On the test set, with bootstrap intervals. Bold is significantly more accurate than the baseline, the first "
        f"line (p corrected for {len(tests)} tests by Holm).",
    )


def baseline_findings(scores: Scores, approaches: Sequence[str], alpha: float) -> Iterator[Finding]:
    """Yield the comparison of each approach with the baseline, the best approach first."""
    tests, (baseline, *others) = scores["versus"], approaches
    for approach in sorted(others, key=lambda name: -tests[name]["accuracy_difference"]["value"]):
        test = tests[approach]
        own, first = (decimal(scores[name]["accuracy"]["value"]) for name in (approach, baseline))
        both, g = test["only_this_right"] + test["only_baseline_right"], test["cohens_g"]
        evidence = (
            f"Accuracy {own} and {first}; of the texts on which only one is right, it is this one in "
            f"{test['only_this_right']} of {both} (Cohen's g {signed({'value': g}, 2)}, {effect(g)}); difference"
        )
        yield comparison(f"{approach} against {baseline}", test["accuracy_difference"], test["holm_p"], alpha, evidence)


def transfer_table(scores: Scores, approaches: Sequence[str], alpha: float) -> Table:
    """Return accuracy on the test set and on each transfer set."""
    sets = {"test": scores, **scores["transfer"]}
    return Table(
        ["accuracy", *sets],
        [
            [name, *(_cell(one[name]["accuracy"], one["versus"].get(name), alpha) for one in sets.values())]
            for name in approaches
        ],
        "In domain (test) and out of domain: on texts of other sources, on which nothing was trained. Bold is "
        "significantly better than the baseline there: the best in domain need not be the best everywhere.",
    )


def transfer_findings(scores: Scores, approaches: Sequence[str], alpha: float) -> Iterator[Finding]:
    """Yield for each transfer set which approaches are significantly better or worse than the baseline."""
    baseline, *others = approaches
    for name, transfer in scores["transfer"].items():
        tests = transfer["versus"]
        better, worse = ([one for one in others if _differs(tests[one], alpha, sign)] for sign in (1, -1))
        verdicts = [f"{word}: {', '.join(names)}" for word, names in (("better", better), ("worse", worse)) if names]
        differences = ", ".join(f"{one} {signed(tests[one]['accuracy_difference'])}" for one in others)
        verdict = "; ".join(verdicts) or "no significant difference from the baseline"
        evidence = f"{baseline} {interval(transfer[baseline]['accuracy'])}; difference to it: {differences}."
        yield Finding(f"Does it carry over to {name}?", verdict, evidence, bool(verdicts))


def decoding_table(scores: Scores, alpha: float) -> Table:
    """Return accuracy over streams by approach and decoding method."""
    methods = scores["decoded"]
    return Table(
        ["accuracy", *(method.replace("_", " ") for method in methods)],
        [
            [name, *(_cell(one[name]["accuracy"], one[name].get("versus_none"), alpha) for one in methods.values())]
            for name in methods["none"]
        ],
        "Over streams of texts, by decoding method. Bold is significantly better than text by text (none).",
    )


def decoding_findings(scores: Scores, alpha: float) -> Iterator[Finding]:
    """Yield for each decoding method how many approaches it makes better."""
    for method, approaches in scores["decoded"].items():
        if method == "none":
            continue
        tests = {name: one["versus_none"] for name, one in approaches.items()}
        better = [name for name, one in tests.items() if _differs(one, alpha)]
        tested = [f"{name} {signed(t['accuracy_difference'])}, p {format_p(t['holm_p'])}" for name, t in tests.items()]
        claim = f"Decoding by {method.replace('_', ' ')} against predicting text by text"
        verdict = f"better for {len(better)} of {len(tests)}" if better else "no significant difference"
        yield Finding(claim, verdict, f"Accuracy: {'; '.join(tested)}.", bool(better))


def grades_table(scores: Scores) -> Table:
    """Return how well probabilities, and heads that predict grades, agree with the grades that people gave."""
    graded = scores["graded"]["test"]
    rows = [
        [approach, head, *_cells(one.get(name) for name in ("spearman", "mae"))]
        for approach, heads in graded.items()
        for head, one in (heads.items() if approach != "constant" else [("the median", heads)])
    ]
    return Table(
        ["approach", "ranked by", "Spearman", "mean absolute error"],
        rows,
        "Agreement with people's grades on the test set: rank correlation, and distance on the scale of the grades.",
        folded=True,
    )


def grade_findings(scores: Scores, approaches: Sequence[str]) -> Iterator[Finding]:
    """Yield whether a head that predicts grades ranks texts better than the probability of the last label."""
    graded = scores["graded"].get("test", {})
    for approach in approaches:
        for head, one in graded.get(approach, {}).items():
            if head == "probability" or not one.get("spearman"):
                continue
            difference = one["versus_probability"]["spearman_difference"]
            differs = excludes_zero(difference)
            verdict = f"ranks texts {'differently from' if differs else 'no better than'} the probability"
            evidence = (
                f"Spearman correlation with people's grades {interval(one['spearman'])}, against the probability "
                f"{signed(difference)}; off by {interval(one['mae'])}."
            )
            yield Finding(f"How strong an opinion is: {head} of {approach}", verdict, evidence, differs)


def retained_findings(scores: Scores) -> Iterator[Finding]:
    """Yield what each student keeps of its teacher."""
    for student, one in scores["retained"].items():
        if share := one.get("accuracy_share"):
            claim = f"What {student} keeps of its teacher {one['teacher']}"
            evidence = f"It predicts the same as its teacher on {percent(one['agreement'])} of the texts."
            yield Finding(claim, f"{percent(share)} of the accuracy", evidence)


# Kind of slices → what is asked, what is measured, what the last part is.
SLICES = {
    "length": ("Are long texts harder?", "tokens", "the longest"),
    "truncation": ("Does truncation matter?", "cut off", "those that are cut"),
    "intensity": ("Are weak opinions harder?", "distance of people's mean grade from zero", "the strongest"),
    "disagreement": ("Are disputed texts harder?", "spread of the raters' grades", "the most disputed"),
}
PUBLISHED = ("f1", "precision", "recall", "correlation", "person_f1")


def slice_blocks(task: str, slices: Scores, approaches: Sequence[str], alpha: float) -> Iterator[Block]:
    """Yield the picture and the tables of the slices of a task."""
    yield from pictures("evaluate", task, {"slices": SLICES_CAPTION})
    yield slices_table(slices, approaches, alpha)
    if any(slices["people"].values()):
        yield people_table(slices)
    if slices["published"]:
        yield published_table(slices)


def slice_findings(slices: Scores, approaches: Sequence[str]) -> Iterator[Finding]:
    """Yield for each kind of slices which approaches differ between the last part and the first."""
    for kind, sliced in slices["slices"].items():
        (claim, unit, last), parts = SLICES[kind], sliced["parts"]
        if len(parts) < 2:
            evidence = f"All {parts[0]['texts']} texts are alike in that." if parts else ""
            yield Finding(claim, "unknown", evidence, is_significant=False)
            continue
        differences = sliced["last_minus_first"]
        differing = [name for name in approaches if excludes_zero(differences[name])]
        worse, better = ([name for name in differing if sign * differences[name]["value"] > 0] for sign in (-1, 1))
        verdicts = [
            f"{'all' if len(names) == len(approaches) > 1 else ', '.join(names)} {word} on {last}"
            for word, names in (("worse", worse), ("better", better))
            if names
        ]
        each = ", ".join(f"{name} {signed(differences[name])}" for name in approaches)
        ends = f"the last part ({unit} {bounds(parts[-1])}) minus that on the first ({bounds(parts[0])})"
        verdict = "; ".join(verdicts) or "no significant difference"
        yield Finding(claim, verdict, f"Accuracy on {ends}: {each}.", bool(verdicts))


def slices_table(slices: Scores, approaches: Sequence[str], alpha: float) -> Table:
    """Return accuracy part by part; bold is significantly better than the baseline there."""
    rows: list[list[Cell | str]] = []
    for kind, part in ((kind, part) for kind, sliced in slices["slices"].items() for part in sliced["parts"]):
        accuracies = (_cell(part["accuracy"][name], part["versus"].get(name), alpha) for name in approaches)
        rows.append([kind, bounds(part), str(part["texts"]), *accuracies, *_cells([part["people"].get("person")])])
    return Table(
        ["by", "from–to", "texts", *approaches, "a single person"],
        rows,
        "Accuracy part by part. Bold is significantly better than the baseline on that part (corrected for all parts "
        "and approaches of a kind).",
        folded=True,
    )


def gap_findings(slices: Scores, approaches: Sequence[str], scores: Scores) -> Iterator[Finding]:
    """Yield how far the best approach is from a single person, and from the ceiling, on the test set."""
    if people := slices["people"].get("test"):
        best = max(approaches, key=lambda name: scores[name]["accuracy"]["value"])
        accuracy, person = scores[best]["accuracy"], people["person"]
        below, above = accuracy["high"] < person["low"], accuracy["low"] > person["high"]
        yield Finding(
            f"Is the best approach ({best}) as good as a person?",
            "no, worse" if below else "better" if above else "no significant difference",
            f"Accuracy {interval(accuracy)}. One of the {decimal(people['raters'], 0)} raters, compared with the mean "
            f"of the others: {interval(person)}. The mean of infinitely many raters would have the sign of this one in "
            f"{interval(people['ceiling'])} of the texts: the labels leave that much room. (Intervals of two different "
            "measures, not a paired test.)",
            below or above,
        )


def people_table(slices: Scores) -> Table:
    """Return how far people agree, set by set."""
    return Table(
        ["texts of", "raters", "one against the others", "half against half", "ceiling"],
        [
            [name, decimal(one["raters"], 0), *(interval(one[share]) for share in ("person", "halves", "ceiling"))]
            for name, one in slices["people"].items()
            if one
        ],
        "How often people agree on the sign: one rater with the mean of the others, half of them with the other half, "
        "and the mean of infinitely many with the mean of these.",
        folded=True,
    )


def published_finding(slices: Scores) -> Finding:
    """Return how near the published scores were reproduced."""
    f1 = {name: (one["reproduced"]["f1"]["value"], one["published"]["f1"]) for name, one in slices["published"].items()}
    furthest = max(abs(own - published) for own, published in f1.values())
    files = [f"{name} {decimal(own, 2)} for {decimal(published, 2)}" for name, (own, published) in f1.items()]
    claim, verdict = "Are VADER's published scores reproduced?", f"to within {decimal(furthest, 2)} of F1"
    return Finding(claim, verdict, f"By the published protocol (three classes): {', '.join(files)}.")


def published_table(slices: Scores) -> Table:
    """Return the published scores beside those that were reproduced."""
    heading = (f"{name.replace('_', ' ')}, {kind}" for kind in ("reproduced", "published") for name in PUBLISHED)
    rows = []
    for file, one in slices["published"].items():
        published = (decimal(one["published"][name], 2) for name in PUBLISHED)
        rows.append([file, *_cells(map(one["reproduced"].get, PUBLISHED)), *published])
    caption = "VADER, and a single person, by the protocol of Hutto & Gilbert (ICWSM 2014, table 4)."
    return Table(["file", *heading], rows, caption, folded=True)


def trainings_picture(folder: Path, task: str, students: Sequence[str]) -> Picture:
    """Draw the training curves of the transformer and of its students; raise a `StageError` where one is missing."""
    plots = {"transformer": paths.plots("finetune", task)}
    plots |= {student: paths.plots("distill", task) / student for student in students}
    losses, validation = (
        {name: _curve(path / "plots" / "metrics" / file) for name, path in plots.items()}
        for file in ("train/loss.tsv", "validation/accuracy.tsv")
    )
    path = folder / f"{task}-trainings.png"
    draw_trainings(path, losses, validation)
    caption = (
        "Training curves. Losses of different models are sums of different terms: compare how they fall, not values."
    )
    return Picture(path, caption, folded=True)


def features_picture(folder: Path, task: str) -> Picture:
    """Draw the strongest features of a task's bag of words; raise a `StageError` where the table is missing."""
    by_label = groupby(_rows(paths.plots("bag_of_words", task) / "strongest.csv", ","), key=itemgetter("label"))
    path = folder / f"{task}-strongest.png"
    draw_features(path, {label: [(row["feature"], float(row["weight"])) for row in rows] for label, rows in by_label})
    caption = "The strongest features of the bag of words for each label. Would you have named them?"
    return Picture(path, caption, folded=True)


def _curve(path: Path) -> Curve:
    steps, values = np.array([list(row.values()) for row in _rows(path, "\t")], float).T
    return steps, values


def _rows(path: Path, delimiter: str) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter=delimiter))
    except FileNotFoundError:
        raise StageError(f"{path} is missing: run `dvc repro` to make it") from None
