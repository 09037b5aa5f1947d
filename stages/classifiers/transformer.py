"""A fine-tuned or distilled transformer as an approach."""

from collections.abc import Sequence
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from stages.artifacts.predictions import Predictions
from stages.classifiers.classifier import Done
from stages.settings.chain import Compute
from stages.transformer.batches import TokenRows
from stages.transformer.device import prepare_device
from stages.transformer.heads import Headed, load_headed
from stages.transformer.tokenizer import load_tokenizer, tokenize_texts


class TransformerClassifier:
    """Texts → tokens → trunk → decisions."""

    def __init__(self, model: Headed, tokenizer: PreTrainedTokenizerBase, batch_size: int) -> None:
        """Takes a model on its device, and the tokenizer it was trained with."""
        self.model, self.tokenizer, self.batch_size = model, tokenizer, batch_size

    @classmethod
    def load(cls, folder: Path, compute: Compute) -> "TransformerClassifier":
        """Loads a folder of `save_headed`."""
        device = prepare_device(compute)
        return cls(load_headed(folder).to(device), load_tokenizer(folder), compute.batch_size)

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """See `Classifier`."""
        rows = TokenRows.of(tokenize_texts(self.tokenizer, texts).input_ids)
        return self.model.predict(rows, batch_size=self.batch_size, done=done)
