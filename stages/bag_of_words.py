"""Stage `bag_of_words`: the rows of a task → the baseline classifier."""

import numpy as np

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import progress, write_json, write_points
from decortique.core.settings import Compute
from decortique.core.tables import read_columns
from decortique.data.settings import TaskSection
from decortique.models.bag_of_words import best_fit, strongest_features
from decortique.models.folder import write_model
from decortique.models.settings import BagOfWords


def bag_of_words(task: TaskName) -> None:
    """Fit bags of words on a task's training rows, and keep the one that is best on validation."""
    settings, described = BagOfWords.load(), TaskSection.named(task)
    examples = {}
    for split in ("train", "validation"):
        columns = read_columns(paths.corpus(task) / f"{split}.parquet", ["text", "label"])
        truth = np.array([described.labels.index(label) for label in columns["label"]])
        examples[split] = columns["text"], truth
    models = sum(len(candidate.regularization) for candidate in settings.candidates.values())
    with progress("fit", models, "model") as bar:
        best, fits = best_fit(settings, described.language, examples["train"], examples["validation"], bar.update)
    chosen, fitted = settings.candidates[best], fits[best]
    write_model(
        task,
        "bag-of-words",
        "bag-of-words",
        fitted.classifier.save,
        described=described,
        settings=chosen.model_dump(),
        scores=fitted.scores,
        made=f"Words counted, and {chosen.classifier.replace('_', ' ')} over them.",
        made_from="nothing: all its weights come from the training rows",
        limits="It knows no word it has not been trained on, and word order only within its n-grams.",
    )
    features = strongest_features(fitted.classifier, described.labels, settings.strongest)
    points = [dict[str, str | float](label=label, feature=name, weight=weight) for label, name, weight in features]
    write_points(paths.plots("bag_of_words", task) / "strongest.csv", points)
    results = {
        "chosen": best,
        "features": len(fitted.classifier.pipeline[0].vocabulary_),
        "regularization": fitted.regularization,
        "validation": {name: {f"{c:g}": one for c, one in fit.validation.items()} for name, fit in fits.items()},
    }
    write_json(paths.results("bag_of_words", task), results)


if __name__ == "__main__":
    run(bag_of_words, compute=Compute.load)
