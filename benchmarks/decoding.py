"""How much of a group's own level should be taken off: `decode.own_level` by repeated splits, the test set left alone.

Train and validation of a task together are split by group into three parts, again and again: the bag of words learns
from the first, decoding is tuned on the second, and the third is decoded.

    python -m benchmarks.decoding [task]
"""

import sys
from collections.abc import Iterator

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from decortique.core import paths
from decortique.core.measures import every_measure
from decortique.core.tables import read_columns
from decortique.data.settings import TaskSection
from decortique.evaluation.decoding import Evidence, SequencePrior, Streams, tune, variants
from decortique.models.bag_of_words import fit
from decortique.models.calibration import fit_calibration
from decortique.models.settings import BagOfWords

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
SEEDS = range(3)


def splits(labels: np.ndarray, groups: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the places of train, validation and test: five folds for each seed."""
    for seed in SEEDS:
        for kept, test in StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(labels, labels, groups):
            inner = StratifiedGroupKFold(6, shuffle=True, random_state=seed)
            train, validation = next(inner.split(kept, labels[kept], groups[kept]))
            yield kept[train], kept[validation], test


def main() -> None:
    """Print a line per method and level: the mean over the splits, and its difference from no level with its error."""
    task = sys.argv[1] if len(sys.argv) > 1 else "author"
    described, settings = TaskSection.named(task), BagOfWords.load()
    candidate = settings.candidates["style"].model_copy(update={"regularization": [10.0]})
    parts = [paths.corpus(task) / f"{split}.parquet" for split in ("train", "validation")]
    columns = [read_columns(part, ["text", "label", "group", "position"]) for part in parts]
    texts, names, group, position = (
        [value for part in columns for value in part[name]] for name in ("text", "label", "group", "position")
    )
    labels, groups = np.array([described.labels.index(name) for name in names]), np.array(group)
    aim = described.decoding.measure
    measure = f"f1.{len(described.labels) - 1}" if aim == "f1" else aim

    def streams(places: np.ndarray) -> Streams:
        return Streams.of(groups[places].tolist(), [position[place] for place in places])

    found: dict[tuple[str, float], list[float]] = {}
    for split in splits(labels, groups):
        train, validation, test = split
        known, checked, asked = ([texts[place] for place in places] for places in split)
        training, choosing = (known, labels[train]), (checked, labels[validation])
        classifier = fit(
            candidate, described.language, training, choosing, settings.select_by, lambda _: None
        ).classifier
        seen, unseen = (classifier.predict(read, lambda _: None).probability for read in (checked, asked))
        calibration = fit_calibration([seen], labels[validation], described.labels)
        prior = SequencePrior.of(streams(train), labels[train], len(described.labels))
        for level in LEVELS:
            evidence = Evidence.calibrated_on(calibration([seen]), labels[validation], level)
            for method in {"viterbi", "one_run"} & set(described.decoding.methods):
                choices = variants(method, prior, evidence)
                chosen, _ = tune(choices, calibration([seen]), streams(validation), labels[validation], aim)
                decoded = chosen(calibration([unseen]), streams(test))
                score = every_measure(labels[test], decoded.prediction, decoded.probability)[measure]
                found.setdefault((method, level), []).append(score)
    for (method, level), scores in sorted(found.items()):
        gain = np.array(scores) - found[method, 0.0]
        error = gain.std(ddof=1) / len(gain) ** 0.5
        sys.stdout.write(
            f"{method:8} {level:4.2f}  {aim} {np.mean(scores):.4f}  gain {gain.mean():+.4f} ± {error:.4f}\n"
        )


if __name__ == "__main__":
    main()
