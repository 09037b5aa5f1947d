"""Opens a model folder as something that can be explained."""

from pathlib import Path

from stages.classifiers.manifest import Kind
from stages.explaining.explainer import Explainer
from stages.settings.chain import Compute
from stages.settings.explain import Explain


def open_explainer(folder: Path, kind: Kind, settings: Explain, compute: Compute) -> Explainer:
    """Opens a model folder.

    Args:
        folder: one of `data/models/<task>/`.
        kind: what its manifest says: `bag-of-words` or `transformer`.
        settings: of integrated gradients.
        compute: threads, device and how many points at once, likewise.

    Raises:
        StageError: the folder is missing or damaged, or a model of its family cannot be explained.
    """
    # Each is imported only where it is needed: a bag of words should not wait for transformers.
    if kind == "bag-of-words":
        from stages.explaining.bag_of_words import BagOfWordsExplainer

        return BagOfWordsExplainer.load(folder)
    from stages.explaining.gradients import GradientsExplainer

    return GradientsExplainer.load(folder, settings, compute)
