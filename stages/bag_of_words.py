"""Stage `bag_of_words`: the rows of a task → the baseline classifier."""

import csv

import numpy as np

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_file, new_folder, write_json
from decortique.core.progress import progress
from decortique.core.tables import read_columns
from decortique.data.task_settings import Task, TaskSection
from decortique.models.bag_of_words import best_fit, strongest_features
from decortique.models.folder import Manifest, write_card
from decortique.models.settings import BagOfWords


def bag_of_words(task: str) -> None:
    """Fits bags of words on a task's training rows and keeps the one that does best on validation."""
    settings, described = BagOfWords.load(), TaskSection.named(task)
    train, validation = _examples(task, described, "train"), _examples(task, described, "validation")
    models = sum(len(candidate.regularization) for candidate in settings.candidates.values())
    with progress("fit", models, "model") as bar:
        best, fits = best_fit(settings, described.language, train, validation, bar.update)
    chosen, fitted = settings.candidates[best], fits[best]
    with new_folder(paths.model(task, "bag-of-words")) as folder:
        fitted.classifier.save(folder)
        Manifest(kind="bag-of-words", labels=described.labels).write(folder)
        write_card(
            folder,
            name=f"{task}/bag-of-words",
            kind="bag-of-words",
            task=described,
            made=f"Words counted, and {chosen.classifier.replace('_', ' ')} over them.",
            made_from="nothing: all its weights come from the training rows",
            settings=chosen.model_dump(),
            scores=fitted.scores,
            limits="It knows no word it has not been trained on, and word order only within its n-grams.",
        )
    with (
        new_file(paths.plots("bag_of_words", task) / "strongest.csv") as path,
        path.open("w", newline="", encoding="utf-8") as file,
    ):
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["label", "feature", "weight"])
        features = strongest_features(fitted.classifier, described.labels, settings.strongest)
        table.writerows((label, feature, f"{weight:.6g}") for label, feature, weight in features)
    write_json(
        paths.results("bag_of_words", task),
        {
            "chosen": best,
            "features": len(fitted.classifier.pipeline[0].vocabulary_),
            "regularization": fitted.regularization,
            "validation": {
                name: {f"{strength:g}": scores for strength, scores in found.validation.items()}
                for name, found in fits.items()
            },
        },
    )


def _examples(task: str, described: Task, split: str) -> tuple[list[str], np.ndarray]:
    columns = read_columns(paths.corpus(task) / f"{split}.parquet", ["text", "label"])
    return columns["text"], np.array([described.labels.index(label) for label in columns["label"]])


if __name__ == "__main__":
    run(bag_of_words)
