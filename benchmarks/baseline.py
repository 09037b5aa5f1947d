"""Which bag of words is the strongest: candidates by cross-validation, the test set left alone.

Five folds of train and validation together, of whole groups where the task keeps them; for each candidate the
regularization that does best on average. The candidates of params.yaml compete with variants of the first of them, the
best for `opinion` of which it is.

    python -m benchmarks.baseline           # opinion
    python -m benchmarks.baseline author
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from decortique.core import paths
from decortique.core.measures import greater_is_better
from decortique.core.tables import read_columns
from decortique.data.settings import TaskSection
from decortique.models.bag_of_words import fit
from decortique.models.settings import BagOfWords, Candidate

FOLDS = 5
SHOWN = ("accuracy", "macro_f1", "log_loss")


@dataclass(frozen=True, slots=True)
class Examples:
    """The texts of train and validation together."""

    language: str
    texts: list[str]
    labels: np.ndarray  # (texts,) class numbers
    groups: list[str] | None  # None where each text stands alone

    @classmethod
    def read(cls, task: str) -> "Examples":
        """Return the rows of a task that models may be trained and chosen on."""
        described = TaskSection.named(task)
        tables = [
            read_columns(paths.corpus(task) / f"{split}.parquet", ["text", "label", "group"])
            for split in ("train", "validation")
        ]
        texts, labels, groups = (
            [value for table in tables for value in table[key]] for key in ("text", "label", "group")
        )
        numbers = np.array([described.labels.index(label) for label in labels])
        return cls(described.language, texts, numbers, groups if described.split.keep_groups else None)

    def folds(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the places to learn from, and those held out."""
        kind = StratifiedKFold if self.groups is None else StratifiedGroupKFold
        yield from kind(FOLDS, shuffle=True, random_state=0).split(self.texts, self.labels, self.groups)

    def at(self, places: np.ndarray) -> tuple[list[str], np.ndarray]:
        """Return texts and class numbers."""
        return [self.texts[place] for place in places], self.labels[places]


def candidates(settings: BagOfWords) -> dict[str, Candidate]:
    """Return those of params.yaml, and variants of the first."""
    first = next(iter(settings.candidates.values()))
    named = {f"params.yaml: {name}": candidate for name, candidate in settings.candidates.items()}
    for classifier, weighting, stemming in product(
        ("naive_bayes", "logistic_regression"), ("tfidf", "binary"), (True, False)
    ):
        strengths = [0.5, 1.0, 2.0, 4.0] if classifier == "naive_bayes" else [0.25, 1.0, 4.0, 16.0]
        changed = {"classifier": classifier, "weighting": weighting, "stemming": stemming, "regularization": strengths}
        named[f"{classifier}, {weighting}, {'stems' if stemming else 'words'}"] = first.model_copy(update=changed)
    return named


def validated(candidate: Candidate, examples: Examples, select_by: str) -> tuple[float, dict[str, float]]:
    """Return the regularization that does best on average over the folds, and its mean scores."""
    found = [
        fit(
            candidate, examples.language, examples.at(train), examples.at(held_out), select_by, lambda _: None
        ).validation
        for train, held_out in examples.folds()
    ]
    means = {
        strength: {name: float(np.mean([fold[strength][name] for fold in found])) for name in SHOWN}
        for strength in candidate.regularization
    }
    best = max(means, key=lambda strength: greater_is_better(means[strength], select_by))
    return best, means[best]


def main(task: str = "opinion") -> None:
    """Print a line per candidate, the best by `bag_of_words.select_by` first."""
    settings, examples = BagOfWords.load(), Examples.read(task)
    results = [
        (*validated(candidate, examples, settings.select_by), name) for name, candidate in candidates(settings).items()
    ]
    sys.stdout.write("  ".join(SHOWN) + "\n")
    for strength, scores, name in sorted(results, key=lambda result: -greater_is_better(result[1], settings.select_by)):
        shown = "  ".join(f"{scores[measure]:{len(measure)}.4f}" for measure in SHOWN)
        sys.stdout.write(f"{shown}  {name}, regularization {strength:g}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
