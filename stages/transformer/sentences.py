"""An encoder, used as it is, that turns texts into vectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.settings.chain import Compute
from stages.settings.embed import Embed
from stages.transformer.batches import TokenRows
from stages.transformer.device import prepare_device
from stages.transformer.encoding import encode
from stages.transformer.tokenizer import load_tokenizer, tokenize_texts
from stages.transformer.trunk import load_trunk, sentence_vectors


@dataclass(frozen=True, slots=True)
class SentenceEncoder:
    """Texts → tokens → trunk → one vector per text."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    settings: Embed

    @classmethod
    def load(cls, folder: Path, settings: Embed, compute: Compute) -> Self:
        """Loads an encoder onto the device of the run.

        Raises:
            StageError: the folder holds no encoder, or it has no such layer.
        """
        model = load_trunk(folder, settings).to(prepare_device(compute))
        return cls(model, load_tokenizer(folder), settings)

    def vectors(self, texts: Sequence[str], done: Callable[[int], object] = lambda _: None) -> np.ndarray:
        """Gives (texts, width) float32; `done` is told how many texts each step took."""
        return encode(
            TokenRows.of(tokenize_texts(self.tokenizer, texts).input_ids),
            lambda batch: sentence_vectors(self.model, batch, self.settings),
            batch_size=self.settings.batch_size,
            padding_id=self.model.config.pad_token_id,
            device=self.model.device,
            done=done,
        )
