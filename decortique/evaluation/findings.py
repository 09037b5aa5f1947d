"""Predictions of a task, as findings, tables and pictures."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.core.files import read_json
from decortique.core.findings import (
    Block,
    Cell,
    Example,
    Examples,
    Finding,
    Part,
    Picture,
    Shown,
    Table,
    Word,
    compared,
    effect,
    format_p,
    interval,
    is_significant,
    measured,
    pictures_of,
    signed,
)
from decortique.core.plots import COLOURS, picture
from decortique.data.task_settings import Task


def draw_features(path: Path, strongest: Mapping[str, Sequence[tuple[str, float]]]) -> None:
    """Draws the weights of the strongest features, a panel for each label.

    Args:
        path: the PNG file.
        strongest: (feature, weight) by label, strongest first.
    """
    longest = max((len(features) for features in strongest.values()), default=1)
    with picture(path, columns=max(len(strongest), 1), width=3.4, height=1 + 0.19 * longest) as panels:
        for axes, colour, (label, features) in zip(panels, COLOURS, strongest.items(), strict=False):
            names, weights = [name for name, _ in features], [weight for _, weight in features]
            axes.barh(range(len(names)), weights, color=colour)
            axes.set_yticks(range(len(names)), names)
            axes.invert_yaxis()
            axes.set(xlabel="weight", title=label)


Curve = tuple[np.ndarray, np.ndarray]  # steps, values
SMOOTH = 20  # steps of which the mean is drawn: single batches hide the way


def draw_trainings(path: Path, losses: Mapping[str, Curve], validation: Mapping[str, Curve], measure: str) -> None:
    """Draws the training loss, and a measure on validation, of several models.

    Args:
        path: the PNG file.
        losses: by model.
        validation: by model.
        measure: what was measured on validation.
    """
    with picture(path, columns=2, width=4.6) as (left, right):
        for colour, (name, (steps, values)) in zip(COLOURS, losses.items(), strict=False):
            width = min(SMOOTH, len(values))
            smooth = np.convolve(values, np.ones(width) / width, mode="valid")
            left.plot(steps[width - 1 :], smooth, label=name, color=colour, linewidth=1.2)
            right.plot(*validation[name], "o-", label=name, color=colour, markersize=4)
        left.set(xlabel="step", ylabel=f"loss, mean of {SMOOTH} steps", title="Training")
        right.set(xlabel="step", ylabel=measure.replace("_", " "), title="Validation, after each epoch")
        for axes in (left, right):
            axes.grid(alpha=0.3)
        right.legend(loc="upper left", bbox_to_anchor=(1, 1))


MEASURE = "accuracy"  # on validation


def trainings_picture(folder: Path, task: str, students: Sequence[str]) -> Picture:
    """Draws how the models of a task learnt.

    Args:
        folder: where the picture goes.
        task: its name.
        students: of the transformer.

    Raises:
        StageError: a table is missing.
    """
    trained = {
        "transformer": paths.plots("finetune", task),
        **{student: paths.plots("distill", task) / student for student in students},
    }
    losses, validation = (
        {name: _curve(where / "plots" / "metrics" / one) for name, where in trained.items()}
        for one in ("train/loss.tsv", f"validation/{MEASURE}.tsv")
    )
    path = folder / f"{task}-trainings.png"
    draw_trainings(path, losses, validation, MEASURE)
    return Picture(
        path,
        "How the models learnt. Losses of different models are sums of different terms: look at how they fall, not at "
        "which is lower.",
        folded=True,
    )


def features_picture(folder: Path, task: str) -> Picture:
    """Draws what the bag of words of a task relies on.

    Args:
        folder: where the picture goes.
        task: its name.

    Raises:
        StageError: the table is missing.
    """
    rows = _rows(paths.plots("bag_of_words", task) / "strongest.csv", ",")
    by_label = groupby(rows, key=itemgetter("label"))
    path = folder / f"{task}-strongest.png"
    draw_features(path, {label: [(row["feature"], float(row["weight"])) for row in found] for label, found in by_label})
    return Picture(
        path, "The words that speak most for each label, in the bag of words. Would you have named them?", folded=True
    )


def _curve(path: Path) -> Curve:
    rows = [list(row.values()) for row in _rows(path, "\t")]
    steps, values = np.array(rows, float).T
    return steps, values


def _rows(path: Path, delimiter: str) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter=delimiter))
    except FileNotFoundError:
        raise StageError(f"{path} is missing: run `dvc repro` to make it") from None


Found = Mapping[str, Any]
COLOURED = (
    "Which words predict? Blue speaks for the prediction, orange against it: coefficients of the bag of words, integrated "
    "gradients of the transformer. The section on validity tests whether these words do matter."
)
KINDS = {
    "both_right": "Both right, and sure",
    "both_wrong": "Both wrong, and sure",
    "only": "Only {} is right",
}


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a run predicted and measured on one task."""

    task: str
    described: Task
    approaches: Sequence[str]  # the baseline first
    alpha: float
    evaluated: Found

    @property
    def baseline(self) -> str:
        """What the others are tested against."""
        return self.approaches[0]

    @property
    def others(self) -> Sequence[str]:
        """All but the baseline."""
        return self.approaches[1:]


def predictions_part(task: str, described: Task, approaches: Sequence[str], alpha: float, folder: Path) -> Part:
    """Tells which approach predicts how well on a task: at home, away from it, and over streams.

    Args:
        task: its name.
        described: the task.
        approaches: of the run, the baseline first.
        alpha: the p-value below which a difference is taken for one.
        folder: for a picture of what the bag of words relies on.
    """
    found = Predicted(task, described, approaches, alpha, measured("evaluate", task, "scores"))
    alone = () if described.split.keep_groups else ("streams/decoding", "streams/streams")
    pictures = pictures_of("evaluate", task, without=alone)
    blocks: list[Block] = [_scores(found), *pictures, features_picture(folder, task)]
    if found.evaluated["transfer"]:
        blocks.insert(1, _transfer(found))
    if texts := [_example(one) for one in read_json(paths.explanations(task))["texts"]]:
        blocks.insert(-1, Examples(COLOURED, texts))
    findings = [*_against_baseline(found), *_streams(found), *_away(found), *_grades(found)]
    return Part("", findings, blocks)


def _against_baseline(found: Predicted) -> Iterator[Finding]:
    scores, tests = found.evaluated, found.evaluated["versus"]
    for approach in sorted(found.others, key=lambda name: -_accuracy(tests[name])["value"]):
        test = tests[approach]
        yield compared(
            f"{approach} against {found.baseline}",
            test["accuracy_difference"],
            test["holm_p"],
            found.alpha,
            f"Accuracy {scores[approach]['accuracy']['value']:.3f} and "
            f"{scores[found.baseline]['accuracy']['value']:.3f}; of the texts on which only one is right, it is this "
            f"one in {_only(test)}; difference",
        )


def _only(test: Found) -> str:
    both = test["only_this_right"] + test["only_baseline_right"]
    return f"{test['only_this_right']} of {both} (Cohen's g {test['cohens_g']:+.2f}, {effect(test['cohens_g'])})"


def _streams(found: Predicted) -> Iterator[Finding]:
    decoded = found.evaluated["decoded"]
    for method, lines in decoded.items():
        if method == "none":
            continue
        told_of = {line: one["versus_none"] for line, one in lines.items()}
        better = [
            line for line, test in told_of.items() if is_significant(test, found.alpha) and _accuracy(test)["value"] > 0
        ]
        yield Finding(
            f"Decoding by {method.replace('_', ' ')} against deciding text by text",
            f"better for {len(better)} of {len(lines)}" if better else "no significant difference",
            "Accuracy: "
            + "; ".join(
                f"{line} {signed(_accuracy(test))}, p {format_p(test['holm_p'])}" for line, test in told_of.items()
            )
            + ".",
            bool(better),
        )


def _away(found: Predicted) -> Iterator[Finding]:
    for name, far in found.evaluated["transfer"].items():
        tests = far["versus"]
        better = [
            one
            for one in found.others
            if is_significant(tests[one], found.alpha) and _accuracy(tests[one])["value"] > 0
        ]
        worse = [
            one
            for one in found.others
            if is_significant(tests[one], found.alpha) and _accuracy(tests[one])["value"] < 0
        ]
        said = [f"better: {', '.join(better)}"] * bool(better) + [f"worse: {', '.join(worse)}"] * bool(worse)
        yield Finding(
            f"Does it carry over to {name}?",
            "; ".join(said) or "none is told apart from the baseline",
            f"{found.baseline} {interval(far[found.baseline]['accuracy'])}; difference to it: "
            + ", ".join(f"{one} {signed(_accuracy(tests[one]))}" for one in found.others)
            + ".",
            bool(said),
        )


def _accuracy(test: Found) -> Mapping[str, float]:
    return test["accuracy_difference"]


def _grades(found: Predicted) -> Iterator[Finding]:
    graded = found.evaluated["graded"].get("test", {})
    for approach in found.approaches:
        for head, one in graded.get(approach, {}).items():
            if head != "probability":
                better = one["versus_probability"]["spearman_difference"]
                told_apart = not better["low"] <= 0 <= better["high"]
                yield Finding(
                    f"How strong an opinion is: {head} of {approach}",
                    f"ranks texts {'otherwise than' if told_apart else 'no better than'} the probability does",
                    f"Spearman correlation with people's grades {interval(one['spearman'])}, off by "
                    f"{interval(one['mae'])}; against the probability {signed(better)}.",
                    told_apart,
                )


def _scores(found: Predicted) -> Table:
    scores, tests, last = found.evaluated, found.evaluated["versus"], found.described.labels[-1]
    rows: list[list[Cell | str]] = []
    for approach in found.approaches:
        one, test = scores[approach], tests.get(approach)
        better = bool(test) and is_significant(test, found.alpha) and _accuracy(test)["value"] > 0
        rows.append(
            [
                approach,
                Cell(interval(one["accuracy"]), better),
                interval(one["macro_f1"]),
                interval(one["f1"][last]),
                *([interval(one["roc_auc"])] if "roc_auc" in one else [""]),
                interval(one["log_loss"]),
                signed(_accuracy(test)) if test else "",
                format_p(test["holm_p"]) if test else "",
            ]
        )
    return Table(
        ["approach", "accuracy", "macro-F1", f"F1 of {last}", "ROC-AUC", "log-loss", "accuracy against baseline", "p"],
        rows,
        "On the test set, with bootstrap intervals. Bold is significantly more accurate than the baseline, the first "
        f"line (p corrected for {len(tests)} tests by Holm); what is not bold cannot be told from it, or is worse.",
    )


def _transfer(found: Predicted) -> Table:
    sets = found.evaluated["transfer"]
    rows: list[list[Cell | str]] = []
    for approach in found.approaches:
        tests = {name: far["versus"].get(approach) for name, far in sets.items()}
        better = {
            name: bool(test) and is_significant(test, found.alpha) and _accuracy(test)["value"] > 0
            for name, test in tests.items()
        }
        home = [interval(found.evaluated[approach]["accuracy"])]
        rows.append(
            [approach, *home, *(Cell(interval(far[approach]["accuracy"]), better[name]) for name, far in sets.items())]
        )
    return Table(
        ["accuracy", "test", *sets],
        rows,
        "At home and on texts that nobody learnt from. Bold is significantly better than the baseline there: the best "
        "at home need not be the best everywhere.",
    )


def _example(one: Found) -> Example:
    kind = KINDS.get(one["kind"]) or KINDS["only"].format(one["kind"].removeprefix("only_"))
    return Example(
        f"{kind}: {one['label']}",
        shown=[
            Shown(approach, f"{said['prediction']} {said['probability']:.2f}", list(_words(one["text"], said["words"])))
            for approach, said in one["by"].items()
        ],
    )


def _words(text: str, words: Sequence[tuple[int, int, float]]) -> Iterator[Word]:
    """Yields the text in pieces, words with their weight on the scale of the weightiest."""
    greatest = max((abs(weight) for _, _, weight in words), default=0) or 1
    end = 0
    for start, stop, weight in words:
        if start > end:
            yield Word(text[end:start])
        yield Word(text[start:stop], weight / greatest)
        end = stop
    yield Word(text[end:])
