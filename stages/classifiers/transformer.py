"""A fine-tuned or distilled transformer as an approach."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.classifiers.classifier import Done
from stages.settings.chain import Compute
from stages.transformer.batches import TokenRows
from stages.transformer.classifier import load_classifier, logits_of, softmax
from stages.transformer.device import prepare_device
from stages.transformer.tokenizer import load_tokenizer, tokenize_texts


class TransformerClassifier:
    """Texts → tokens → trunk → decision → softmax."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch_size: int) -> None:
        """Takes a model on its device, and the tokenizer it was trained with."""
        self.model, self.tokenizer, self.batch_size = model, tokenizer, batch_size

    @classmethod
    def load(cls, folder: Path, compute: Compute, batch_size: int) -> "TransformerClassifier":
        """Loads a folder of `save_classifier`."""
        device = prepare_device(compute)
        return cls(load_classifier(folder).to(device), load_tokenizer(folder), batch_size)

    def probabilities(self, texts: Sequence[str], done: Done) -> np.ndarray:
        """Gives (texts, classes) probabilities."""
        rows = TokenRows.of(tokenize_texts(self.tokenizer, texts).input_ids)
        return softmax(logits_of(self.model, rows, batch_size=self.batch_size, done=done))
