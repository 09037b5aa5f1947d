"""Stage `validity`: the baseline under controls → what its score rests on."""

from itertools import product
from typing import Any

import numpy as np

from stages.artifacts import paths
from stages.artifacts.files import write_json
from stages.artifacts.tables import read_columns
from stages.classifiers.bag_of_words import fit, strongest_features
from stages.classifiers.chosen import chosen_candidate
from stages.classifiers.feature_kinds import shares
from stages.command import run
from stages.corpora.masking import learn_names, mask
from stages.progress import progress
from stages.settings.bag_of_words import BagOfWords
from stages.settings.evaluate import Evaluate
from stages.settings.task import TaskSection
from stages.settings.validity import Validity
from stages.statistics.bootstrap import resampled_measures
from stages.statistics.controls import dealt_at_random
from stages.statistics.measures import most_probable

SPLITS = ("train", "validation", "test")


def validity(task: str) -> None:
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
    write_json(paths.metrics("validity", task), report)


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


if __name__ == "__main__":
    run(validity)
