"""Opens a model folder as the classifier that its manifest names."""

from pathlib import Path

from decortique.core.run_settings import Compute
from decortique.models.folder import Classifier, Manifest


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
            from decortique.models.bag_of_words import BagOfWordsClassifier

            return BagOfWordsClassifier.load(folder)
        case "vader":
            from decortique.models.vader import VaderClassifier

            return VaderClassifier()
        case "zero-shot":
            from decortique.models.sentences import ZeroShotClassifier

            return ZeroShotClassifier.load(folder, manifest.labels, compute)
        case "static":
            from decortique.models.static import StaticClassifier

            return StaticClassifier.load(folder)
        case "transformer":
            from decortique.models.heads import TransformerClassifier

            return TransformerClassifier.load(folder, compute)
        case "onnx":
            from decortique.models.onnx import OnnxClassifier

            return OnnxClassifier.load(folder, compute)
