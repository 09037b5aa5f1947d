"""What every approach can do, and how its folder is opened."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from stages.classifiers.manifest import Manifest
from stages.settings.chain import Compute

Done = Callable[[int], object]


class Classifier(Protocol):
    """An approach that is ready to decide."""

    def probabilities(self, texts: Sequence[str], done: Done) -> np.ndarray:
        """Gives (texts, classes) float64 probabilities; `done` is told how many texts each step took."""


def load_classifier(folder: Path, compute: Compute, batch_size: int) -> tuple[Manifest, Classifier]:
    """Opens a model folder. Torch is imported only for the kinds that compute with it.

    Raises:
        StageError: the folder is missing or damaged.
    """
    manifest = Manifest.read(folder)
    return manifest, _load(manifest, folder, compute, batch_size)


def _load(manifest: Manifest, folder: Path, compute: Compute, batch_size: int) -> Classifier:
    # Imported here, each where it is needed: a bag of words should not wait for torch.
    match manifest.kind:
        case "bag-of-words":
            from stages.classifiers.bag_of_words import BagOfWordsClassifier

            return BagOfWordsClassifier.load(folder)
        case "vader":
            from stages.classifiers.vader import VaderClassifier

            return VaderClassifier()
        case "zero-shot":
            from stages.classifiers.zero_shot import ZeroShotClassifier

            return ZeroShotClassifier.load(folder, manifest.labels, compute, batch_size)
        case "transformer":
            from stages.classifiers.transformer import TransformerClassifier

            return TransformerClassifier.load(folder, compute, batch_size)
