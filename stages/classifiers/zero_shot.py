"""The retrieved classifier of tasks that have no ready-made one: the encoder, never trained on the task."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.artifacts.files import read_json
from stages.classifiers.classifier import Done
from stages.settings.chain import Compute
from stages.settings.embed import Embed
from stages.transformer.batches import TokenRows
from stages.transformer.classifier import softmax
from stages.transformer.device import prepare_device
from stages.transformer.encoding import encode
from stages.transformer.tokenizer import load_tokenizer, tokenize_texts
from stages.transformer.trunk import load_trunk, sentence_vectors

FILE = "zero_shot.json"


class ZeroShotClassifier:
    """Decides for the label whose description lies nearest to the text, by cosine."""

    VECTOR = Embed(pooling="mean", layer=-1, normalize=True, splits=[], batch_size=32)

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch_size: int, temperature: float
    ) -> None:
        """Takes an encoder on its device; `describe` must follow."""
        self.model, self.tokenizer, self.batch_size, self.temperature = model, tokenizer, batch_size, temperature
        self.anchors = np.empty((0, 0), np.float32)

    @classmethod
    def load(cls, folder: Path, labels: Sequence[str], compute: Compute, batch_size: int) -> Self:
        """Loads a folder of the stage `retrieve`."""
        settings = read_json(folder / FILE)
        model = load_trunk(folder, cls.VECTOR).to(prepare_device(compute))
        classifier = cls(model, load_tokenizer(folder), batch_size, settings["temperature"])
        classifier.anchors = classifier._vectors([settings["descriptions"][label] for label in labels], lambda _: None)
        return classifier

    def probabilities(self, texts: Sequence[str], done: Done) -> np.ndarray:
        """Gives (texts, classes) probabilities: the softmax of cosines over the temperature."""
        return softmax(self._vectors(texts, done) @ self.anchors.T / self.temperature)

    def _vectors(self, texts: Sequence[str], done: Done) -> np.ndarray:
        return encode(
            TokenRows.of(tokenize_texts(self.tokenizer, texts).input_ids),
            lambda batch: sentence_vectors(self.model, batch, self.VECTOR),
            batch_size=self.batch_size,
            padding_id=self.model.config.pad_token_id,
            device=self.model.device,
            done=done,
        )
