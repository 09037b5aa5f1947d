"""Which sentences are positive, by a classifier of the run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.artifacts import paths
from stages.classifiers.loading import load_classifier
from stages.progress import progress
from stages.settings.chain import Compute
from stages.settings.summarize import OpinionOf


@dataclass(frozen=True, slots=True)
class Opinions:
    """What a classifier takes for positive."""

    positive: np.ndarray  # (texts,) bool
    label: str  # that of positive texts


def opinions_of(texts: Sequence[str], settings: OpinionOf, compute: Compute) -> Opinions:
    """Asks a classifier of the run, whose last label is the positive one.

    Raises:
        StageError: there is no such classifier.
    """
    manifest, classifier = load_classifier(paths.model(settings.task, settings.approach), compute)
    with progress("opinions", len(texts), "text") as bar:
        probability = classifier.predict(texts, bar.update).probability
    return Opinions(probability.argmax(axis=1) == len(manifest.labels) - 1, manifest.labels[-1])
