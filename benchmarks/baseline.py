"""Which bag of words is the strongest: variants of `bag_of_words` by cross-validation, the test set left alone.

Five folds of train and validation together; for each variant the regularization that does best on average. The default
of params.yaml is the best of these.

    python -m benchmarks.baseline
"""

import sys
from itertools import product

import numpy as np
from sklearn.model_selection import StratifiedKFold

from stages.artifacts import paths
from stages.artifacts.tables import read_columns
from stages.classifiers.bag_of_words import fit
from stages.settings.bag_of_words import BagOfWords
from stages.settings.task import TaskSection

TASK = "opinion"
FOLDS = 5


def examples() -> tuple[list[str], np.ndarray]:
    """Gives the texts and class numbers of train and validation together."""
    labels = TaskSection.named(TASK).labels
    texts: list[str] = []
    numbers: list[int] = []
    for split in ("train", "validation"):
        columns = read_columns(paths.corpus(TASK) / f"{split}.parquet", ["text", "label"])
        texts += columns["text"]
        numbers += [labels.index(label) for label in columns["label"]]
    return texts, np.array(numbers)


def accuracy(settings: BagOfWords, texts: list[str], labels: np.ndarray) -> tuple[float, float]:
    """Gives the best mean accuracy over the folds, and the regularization it came with."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(texts, labels)
    found = []
    for train, held_out in folds:
        parts = [([texts[place] for place in places], labels[places]) for places in (train, held_out)]
        scores = fit(settings, TaskSection.named(TASK).language, parts[0], parts[1], lambda _: None).validation
        found.append([scores[strength]["accuracy"] for strength in settings.regularization])
    means = np.mean(found, axis=0)
    return float(means.max()), settings.regularization[int(means.argmax())]


def main() -> None:
    """Prints a line per variant, the most accurate first."""
    texts, labels = examples()
    default = BagOfWords.load()
    lines = []
    for classifier, weighting, stemming in product(
        ("naive_bayes", "logistic_regression"), ("tfidf", "binary"), (True, False)
    ):
        strengths = [0.5, 1.0, 2.0, 4.0] if classifier == "naive_bayes" else [0.25, 1.0, 4.0, 16.0]
        changed = {"classifier": classifier, "weighting": weighting, "stemming": stemming, "regularization": strengths}
        score, strength = accuracy(default.model_copy(update=changed), texts, labels)
        lines.append(
            f"{score:.4f}  {classifier}, {weighting}, {'stems' if stemming else 'words'}, regularization {strength:g}"
        )
    sys.stdout.write("\n".join(sorted(lines, reverse=True)) + "\n")


if __name__ == "__main__":
    main()
