"""The static student as a classifier: a look-up and a mean, with NumPy and the tokenizer's Rust core alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from decortique.core.files import read_json
from decortique.core.measures import probabilities
from decortique.models.folder import Done, Predictions, as_stage_error

CONFIG, WEIGHTS = "config.json", "model.safetensors"
CHUNK = 4096  # texts tokenized at once


class StaticConfig(BaseModel):
    """What the classifier reads beside the weights."""

    model_type: Literal["decortique-static"] = "decortique-static"
    max_length: int
    truncation_side: Literal["left", "right"] = "right"


class StaticClassifier:
    """Texts → tokens → vectors → pooled vector → logits."""

    def __init__(self, tokenizer: Tokenizer, weights: dict[str, np.ndarray]) -> None:
        """Take a tokenizer that truncates and does not pad, and the weights.

        These are `embeddings` (vocabulary, width), `weights` (vocabulary,), 0 for special tokens, `linear` (classes,
        width, or twice that where the maximum is pooled beside the mean) and `bias` (classes,).
        """
        self.tokenizer = tokenizer
        self.weights, self.bias = weights["weights"], weights["bias"]
        self.embeddings, linear = weights["embeddings"], weights["linear"]
        width = self.embeddings.shape[1]
        # The mean of vectors, then a linear layer, is the same as the linear layer, then the mean: the logits of each
        # token are computed once.
        self.token_logits = (self.embeddings @ linear[:, :width].T) * self.weights[:, None]
        self.linear_of_max = linear[:, width:]

    @classmethod
    def load(cls, folder: Path, *_: object) -> Self:
        """Load a folder of `Static.save`.

        Raises:
            StageError: the folder is missing or damaged.
        """
        with as_stage_error(folder):
            config = StaticConfig.model_validate(read_json(folder / CONFIG))
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            tokenizer.no_padding()
            tokenizer.enable_truncation(config.max_length, direction=config.truncation_side)
            return cls(tokenizer, load_file(folder / WEIGHTS))

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Return the probability of each label; see `Classifier`."""
        logits = [np.empty((0, len(self.bias)), np.float32)]
        for start in range(0, len(texts), CHUNK):
            encodings = self.tokenizer.encode_batch_fast(list(texts[start : start + CHUNK]))
            logits.append(self._logits([encoding.ids for encoding in encodings]))
            done(len(encodings))
        return Predictions(probabilities(np.concatenate(logits)))

    def _logits(self, texts: Sequence[Sequence[int]]) -> np.ndarray:
        """Return the (texts, classes) logits of token ids."""
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        ids = np.concatenate([np.asarray(one, np.int64) for one in texts])
        seen = self.weights[ids] > 0
        owner = np.repeat(np.arange(len(texts)), lengths)[seen]
        ids = ids[seen]
        logits = np.tile(self.bias, (len(texts), 1)).astype(np.float32)
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        with_tokens = owner[starts]
        logits[with_tokens] += (
            np.add.reduceat(self.token_logits[ids], starts) / np.add.reduceat(self.weights[ids], starts)[:, None]
        )
        if self.linear_of_max.size:
            logits[with_tokens] += np.maximum.reduceat(self.embeddings[ids], starts) @ self.linear_of_max.T
        return logits
