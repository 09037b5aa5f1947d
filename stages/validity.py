"""Stage `validity`: a corpus and its baseline under controls → what scores rest on, leaks, suspected labels."""

import json
from itertools import product
from typing import Any

import numpy as np

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_file, new_folder, write_json
from decortique.core.measures import most_probable
from decortique.core.progress import progress
from decortique.core.run_settings import Approaches
from decortique.core.tables import read_columns
from decortique.data.masking import learn_names, mask
from decortique.data.task_settings import TaskSection
from decortique.diagnosis.controls import dealt_at_random, shares
from decortique.diagnosis.folds import dealt, kept_together, out_of_fold
from decortique.diagnosis.near_duplicates import (
    Home,
    count_met,
    count_pairs,
    leaked,
    near_pairs,
    read_corpus,
    worth_of_leaks,
)
from decortique.diagnosis.plots import draw_doubts
from decortique.diagnosis.settings import Audit, Validity
from decortique.diagnosis.suspected_labels import ASKED, Doubts, SecondOpinion, found_again, turned
from decortique.evaluation.bootstrap import resampled_measures
from decortique.evaluation.settings import Evaluate
from decortique.models.bag_of_words import chosen_candidate, fit, strongest_features
from decortique.models.predictions import read_predictions
from decortique.models.settings import BagOfWords
from decortique.report.headlines import headline_of_validity, write_metrics

SPLITS = ("train", "validation", "test")


def validity(task: str) -> None:
    """Tells what the scores of a task rest on: its baseline under controls, leaks across splits, suspected labels."""
    controlled, (audited, lines) = controls(task), audit(task)
    write_json(paths.results("validity", task, "controls"), controlled)
    write_json(paths.results("validity", task, "audit"), audited)
    for what, found in lines.items():
        with new_file(paths.audit(task, what)) as path:
            path.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in found), encoding="utf-8")
    write_metrics("validity", task, headline_of_validity(controlled, audited))
    with new_folder(paths.plots("validity", task)) as folder:
        draw_doubts(folder / "suspected.png", audited["labels"], Evaluate.load().confidence)


def controls(task: str) -> dict[str, Any]:
    """Fits the task's bag of words under controls, and tells what kinds of words it relies on.

    Two splits: the task's own, and one of single texts dealt at random, as if they were independent. Two readings: as
    they are, and with proper names and numbers masked. What the random split claims beyond the task's own is what
    neighbours of the same group give away; what masking takes away is what names and numbers gave.
    """
    settings, described = Validity.load(), TaskSection.named(task)
    candidate = chosen_candidate(BagOfWords.load(), task)
    columns = [read_columns(paths.corpus(task) / f"{split}.parquet", ["text", "label", "group"]) for split in SPLITS]
    texts = [text for found in columns for text in found["text"]]
    labels = np.array([described.labels.index(label) for found in columns for label in found["label"]])
    groups = np.array([group for found in columns for group in found["group"]])
    ends = np.cumsum([len(found["text"]) for found in columns])
    own = dict(zip(SPLITS, np.split(np.arange(len(texts)), ends[:-1]), strict=True))
    names = learn_names(texts)
    deals = {"own_split": own, "random_split": dealt_at_random(own, labels, settings.seed)}
    readings = {"as_it_is": texts, "masked": [mask(text, names) for text in texts]}
    report: dict[str, Any] = {}
    with progress("validity", len(deals) * len(readings), "fit") as bar:
        for (deal, split), (reading, read) in product(deals.items(), readings.items()):
            told = {name: [read[place] for place in places] for name, places in split.items()}
            train, validation = ((told[name], labels[split[name]]) for name in ("train", "validation"))
            # Of one strength, there is nothing to select.
            fitted = fit(candidate, described.language, train, validation, "log_loss", lambda _: None)
            probability = fitted.classifier.predict(told["test"], lambda _: None).probability
            # The random split gets the interval that it would have claimed: that of independent texts.
            test = split["test"]
            together = groups[test] if deal == "own_split" and described.split.keep_groups else None
            report.setdefault(deal, {})[reading] = intervals(labels[test], probability, together)
            if (deal, reading) == ("own_split", "as_it_is"):
                strongest = strongest_features(fitted.classifier, described.labels, settings.features)
                report["relies_on"] = shares(strongest, described.language, names)
            bar.update()
    return report


def intervals(truth: np.ndarray, probability: np.ndarray, groups: np.ndarray | None) -> dict[str, Any]:
    """Gives accuracy, F1 and average precision of the last label with intervals, by group where there are any."""
    settings = Evaluate.load()
    found = resampled_measures(
        truth,
        most_probable(probability),
        probability,
        resamples=settings.resamples,
        seed=settings.seed,
        groups=None if groups is None else np.unique(groups, return_inverse=True)[1],
    )
    wanted = {"accuracy": "accuracy", "f1": f"f1.{probability.shape[1] - 1}", "average_precision": "average_precision"}
    return {name: found[measure].interval(settings.confidence) for name, measure in wanted.items()}


def audit(task: str) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Finds near duplicates among all texts of a task, and labels that a bag of words and others doubt.

    What leaks are worth: scores without the test texts that were met in what is learnt from. What a doubt is worth:
    whether other approaches share it, whether people themselves were of two minds, and whether labels that are turned
    on purpose are found. A suspicion is no proof.
    """
    settings, measured, described = Audit.load(), Evaluate.load(), TaskSection.named(task)
    corpus = read_corpus(task)
    home = Home.of(corpus, described.labels, keep_groups=described.split.keep_groups)
    predicted = {
        approach: {
            split: read_predictions(
                paths.predictions(task, approach), split, described.labels, [row.id for row in corpus[split]]
            )
            for split in ASKED
        }
        for approach in Approaches.load().root
    }
    pairs = near_pairs(corpus, settings.near)
    folds = dealt(home.labels, kept_together(home, pairs), settings.folds, settings.seed)
    changed = turned(home.labels, len(home.names), settings.seed)
    candidate = chosen_candidate(BagOfWords.load(), task)
    with progress("audit", 2 * len(folds), "fit") as bar:
        probability, control = (
            out_of_fold(home, labels, folds, candidate, described.language, bar.update)
            for labels in (home.labels, changed)
        )
    doubts = Doubts.of(home, probability, SecondOpinion.of(home, predicted))
    report = {
        "near_duplicates": {
            "least": settings.near,
            "pairs": count_pairs(corpus, pairs),
            "met": count_met(corpus, pairs),
            "leaks": worth_of_leaks(home, leaked(pairs, "test"), predicted, measured),
        },
        "labels": {
            "folds": len(folds),
            "not_judged": len(home.rows) - len(doubts.home.rows),
            **doubts.summary(measured),
            "control": found_again(home.labels, changed, control, measured, home.together),
        },
    }
    return report, {"near_duplicates": [pair.line() for pair in pairs], "labels": list(doubts.lines())}


if __name__ == "__main__":
    run(validity)
