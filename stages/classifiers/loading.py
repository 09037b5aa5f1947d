"""Opens a model folder as the classifier that its manifest names."""

from pathlib import Path

from stages.classifiers.classifier import Classifier
from stages.classifiers.manifest import Manifest
from stages.settings.chain import Compute


def load_classifier(folder: Path, compute: Compute) -> tuple[Manifest, Classifier]:
    """Opens a model folder.

    Args:
        folder: one of `data/models/<task>/`.
        compute: threads, device and texts at once, for the kinds that compute with torch or ONNX Runtime.

    Raises:
        StageError: the folder is missing or damaged.
    """
    manifest = Manifest.read(folder)
    return manifest, _load(manifest, folder, compute)


def _load(manifest: Manifest, folder: Path, compute: Compute) -> Classifier:
    # Each is imported only where it is needed: a bag of words should not wait for transformers.
    match manifest.kind:
        case "bag-of-words":
            from stages.classifiers.bag_of_words import BagOfWordsClassifier

            return BagOfWordsClassifier.load(folder)
        case "vader":
            from stages.classifiers.vader import VaderClassifier

            return VaderClassifier()
        case "zero-shot":
            from stages.classifiers.zero_shot import ZeroShotClassifier

            return ZeroShotClassifier.load(folder, manifest.labels, compute)
        case "static":
            from stages.classifiers.static import StaticClassifier

            return StaticClassifier.load(folder)
        case "transformer":
            from stages.classifiers.transformer import TransformerClassifier

            return TransformerClassifier.load(folder, compute)
        case "onnx":
            from stages.classifiers.onnx import OnnxClassifier

            return OnnxClassifier.load(folder, compute)
