"""Vectors of words in context, layer by layer; a word split into several tokens is their mean."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import torch
from transformers import AutoModel, PreTrainedModel, PreTrainedTokenizerBase

from decortique.core import paths
from decortique.core.files import StageError
from decortique.core.settings import Compute
from decortique.data.text import split_words
from decortique.models.batches import TokenRows, in_batches
from decortique.models.pretrained import load_model, prepare_device
from decortique.models.tokenizer import load_tokenizer, special_token_affixes

BEFORE = "0 "  # put before a word to see how it is tokenized inside a text


class InContext(NamedTuple):
    """Hidden states of words in context."""

    states: np.ndarray  # (layers, words, width) float32; layer 0 is the embeddings, before any block
    rest: np.ndarray  # (layers, words, width): the mean of the other words of its text; zeros where there is none
    pieces: np.ndarray  # (words,): of how many tokens each is the mean


class Reader:
    """A pretrained encoder that gives the hidden states of single words."""

    def __init__(self, folder: Path, *, batch_size: int, device: torch.device) -> None:
        """Load an encoder; a `StageError` if the folder holds none, or its tokenizer has no offsets."""
        self.model: PreTrainedModel = load_model(AutoModel, folder).eval().to(device)
        self.tokenizer: PreTrainedTokenizerBase = load_tokenizer(folder)
        if not self.tokenizer.is_fast:
            raise StageError(f"{folder} has no fast tokenizer; only a fast one gives the offsets of tokens in a text")
        self.before, self.behind = map(len, special_token_affixes(self.tokenizer))
        self.batch_size = batch_size
        self.width: int = self.model.config.hidden_size

    @classmethod
    def load(cls, encoder: str, compute: Compute) -> Self:
        """Load an encoder of the run by its name, on the device of the run."""
        return cls(paths.encoder(encoder), batch_size=compute.batch_size, device=prepare_device(compute))

    def bare(self, words: Sequence[str]) -> InContext:
        """Read each word alone, as a text of its own: out of context."""
        inside = self._pieces([BEFORE + word for word in words])
        # To a byte-level tokenizer a word behind a space is another one than at the beginning of a text.
        both = zip(words, self._pieces(words), inside, strict=True)
        return self.read([(word if pieces == there else f" {word}", 0) for word, pieces, there in both])

    def rows(self, words: Sequence[str]) -> np.ndarray:
        """Return (words, width): rows of the table of input embeddings, the mean of those of a word's tokens."""
        table = self.model.get_input_embeddings().weight.detach().float().cpu().numpy()
        pieces = self._pieces([BEFORE + word for word in words])
        return np.stack([table[ids].mean(axis=0) for ids in pieces]) if words else np.empty((0, self.width), np.float32)

    def _pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the tokens of the last word of each text."""
        if not texts:
            return []
        tokenized = self.tokenizer(list(texts), truncation=True, return_offsets_mapping=True)
        weights = map(self._token_weights, texts, tokenized["offset_mapping"])
        return [
            [one for one, weight in zip(ids, of_words[-1], strict=True) if weight > 0]
            for ids, of_words in zip(tokenized["input_ids"], weights, strict=True)
        ]

    @torch.inference_mode()
    def read(self, words: Sequence[tuple[str, int]], done: Callable[[int], object] = lambda _: None) -> InContext:
        """Read each text once, and keep only the states of `words` (text, index of the word in it).

        `done` is called with the number of texts of each batch. A word without a token is a `StageError`.
        """
        texts = list(dict.fromkeys(text for text, _ in words))
        states = np.empty((self.model.config.num_hidden_layers + 1, len(words), self.width), np.float32)
        rest, pieces = np.empty_like(states), np.empty(len(words), int)
        if not texts:
            return InContext(states, rest, pieces)
        wanted: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, (text, index) in enumerate(words):
            wanted[text].append((number, index))
        tokenized = self.tokenizer(texts, truncation=True, return_offsets_mapping=True)
        weights = list(map(self._token_weights, texts, tokenized["offset_mapping"]))
        rows = TokenRows.of(tokenized["input_ids"])
        for chosen, batch in in_batches(rows, self.batch_size, self.model.config.pad_token_id):
            on_device = {name: values.to(self.model.device) for name, values in batch.items()}
            hidden = self.model(**on_device, output_hidden_states=True).hidden_states
            stacked = _stacked([weights[text] for text in chosen], batch["input_ids"].shape[1]).to(self.model.device)
            here = [(number, row, index) for row, text in enumerate(chosen) for number, index in wanted[texts[text]]]
            for layer, values in enumerate(hidden):
                of_words, of_rest = (part.cpu().numpy() for part in _of_words(stacked, values.float()))
                for number, row, index in here:
                    states[layer, number], rest[layer, number] = of_words[row, index], of_rest[row, index]
            for number, row, index in here:
                pieces[number] = int((weights[chosen[row]][index] > 0).sum())
            done(len(chosen))
        if (pieces == 0).any():
            text, index = words[int(np.argmin(pieces))]
            raise StageError(
                f"word {index + 1} of {text[:60]!r}… has no token: the tokenizer drops it, or it stands behind the "
                f"encoder's {self.tokenizer.model_max_length} positions; sample shorter texts (pronouns.max_words), or "
                "choose another encoder"
            )
        return InContext(states, rest, pieces)

    def _token_weights(self, text: str, offsets: Sequence[tuple[int, int]]) -> np.ndarray:
        """Return (words, tokens) weights: each word is the mean of the tokens that share a character with it."""
        starts, ends = np.array(offsets).reshape(-1, 2).T
        token = np.arange(len(offsets))
        inner = (token >= self.before) & (token < len(offsets) - self.behind)
        first, last = np.array([(word.start, word.end) for word in split_words(text)]).reshape(-1, 2, 1).swapaxes(0, 1)
        shared = (starts < last) & (ends > first) & inner
        return shared / np.maximum(shared.sum(axis=1, keepdims=True), 1)


def _stacked(weights: Sequence[np.ndarray], tokens: int) -> torch.Tensor:
    """Return (texts, words, tokens), zero where a text has no such word or token."""
    stacked = torch.zeros((len(weights), max(len(one) for one in weights), tokens))
    for row, one in enumerate(weights):
        stacked[row, : one.shape[0], : one.shape[1]] = torch.from_numpy(one)
    return stacked


def _of_words(weights: torch.Tensor, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (texts, words, width) twice: each word, and the mean of the others of its text."""
    words = weights @ hidden
    real = weights.sum(-1) > 0  # (texts, words); not padding of the batch, and not truncated
    others = (real.sum(-1) - 1).clamp(min=1)[:, None, None]
    return words, (words.sum(1, keepdim=True) - words) / others
