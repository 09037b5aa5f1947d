"""The retrieved classifier of tasks that have no ready-made one: the encoder, never trained on the task."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from stages.artifacts.files import read_json
from stages.artifacts.predictions import Predictions
from stages.classifiers.classifier import Done
from stages.classifiers.manifest import ZERO_SHOT
from stages.settings.chain import Compute
from stages.settings.embed import Embed
from stages.statistics.logits import probabilities
from stages.transformer.sentences import SentenceEncoder


class ZeroShotClassifier:
    """Decides for the label whose description lies nearest to the text, by cosine."""

    def __init__(self, encoder: SentenceEncoder, descriptions: Sequence[str], *, temperature: float) -> None:
        """Takes an encoder whose vectors are of length one, and a description of each label, in their order."""
        self.encoder, self.temperature = encoder, temperature
        self.anchors = encoder.vectors(descriptions)  # (classes, width)

    @classmethod
    def load(cls, folder: Path, labels: Sequence[str], compute: Compute) -> Self:
        """Loads a folder of the stage `retrieve`."""
        settings = read_json(folder / ZERO_SHOT)
        vector = Embed(pooling="mean", layer=-1, normalize=True, splits=[])
        descriptions = [settings["descriptions"][label] for label in labels]
        return cls(SentenceEncoder.load(folder, vector, compute), descriptions, temperature=settings["temperature"])

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Takes the softmax of cosines over the temperature for probabilities."""
        cosines = self.encoder.vectors(texts, done) @ self.anchors.T
        return Predictions(probabilities(cosines / self.temperature))
