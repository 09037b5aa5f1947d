"""The retrieved classifier of tasks that have no ready-made one: the encoder, never trained on the task."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.artifacts.files import read_json
from stages.artifacts.predictions import Predictions
from stages.classifiers.classifier import Done
from stages.classifiers.manifest import ZERO_SHOT
from stages.settings.chain import Compute
from stages.settings.embed import Embed
from stages.statistics.logits import probabilities
from stages.transformer.batches import TokenRows
from stages.transformer.device import prepare_device
from stages.transformer.encoding import encode
from stages.transformer.tokenizer import load_tokenizer, tokenize_texts
from stages.transformer.trunk import load_trunk, sentence_vectors


class ZeroShotClassifier:
    """Decides for the label whose description lies nearest to the text, by cosine."""

    VECTOR = Embed(pooling="mean", layer=-1, normalize=True, splits=[], batch_size=32)

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        descriptions: Sequence[str],
        *,
        temperature: float,
        batch_size: int,
    ) -> None:
        """Takes an encoder on its device, and a description of each label, in their order."""
        self.model, self.tokenizer, self.temperature, self.batch_size = model, tokenizer, temperature, batch_size
        self.anchors = self._vectors(descriptions, lambda _: None)  # (classes, width)

    @classmethod
    def load(cls, folder: Path, labels: Sequence[str], compute: Compute, batch_size: int) -> Self:
        """Loads a folder of the stage `retrieve`."""
        settings = read_json(folder / ZERO_SHOT)
        model = load_trunk(folder, cls.VECTOR).to(prepare_device(compute))
        descriptions = [settings["descriptions"][label] for label in labels]
        return cls(
            model, load_tokenizer(folder), descriptions, temperature=settings["temperature"], batch_size=batch_size
        )

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Takes the softmax of cosines over the temperature for probabilities."""
        cosines = self._vectors(texts, done) @ self.anchors.T
        return Predictions(probabilities(cosines / self.temperature))

    def _vectors(self, texts: Sequence[str], done: Done) -> np.ndarray:
        return encode(
            TokenRows.of(tokenize_texts(self.tokenizer, texts).input_ids),
            lambda batch: sentence_vectors(self.model, batch, self.VECTOR),
            batch_size=self.batch_size,
            padding_id=self.model.config.pad_token_id,
            device=self.model.device,
            done=done,
        )
