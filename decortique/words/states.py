"""Words in context: a vector per word, layer by layer; words split in pieces are the mean of their pieces."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from transformers import AutoModel, PreTrainedModel, PreTrainedTokenizerBase

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.core.run_settings import Compute
from decortique.data.text import split_words
from decortique.models.batches import TokenRows, in_batches
from decortique.models.pretrained import load_model, prepare_device
from decortique.models.tokenizer import frame, load_tokenizer

Place = tuple[str, int]  # a text, and which of its words
BEFORE = "0 "  # what stands before a word to see how it is cut inside a text


@dataclass(frozen=True, slots=True)
class InContext:
    """What a model makes of some words where they stand.

    Attributes:
        states: (layers, words, width) float32, layer 0 being the embeddings, before any block.
        rest: (layers, words, width): the mean of the other words of its text; zeros where there is none.
        pieces: (words,): of how many tokens each is the mean.
    """

    states: np.ndarray
    rest: np.ndarray
    pieces: np.ndarray


class Reader:
    """An encoder as it is, that reads texts and tells what it makes of their words."""

    def __init__(self, folder: Path, *, batch_size: int, device: torch.device) -> None:
        """Loads an encoder.

        Raises:
            StageError: the folder holds none, or its tokenizer does not tell where tokens stand.
        """
        self.model: PreTrainedModel = load_model(AutoModel, folder).eval().to(device)
        self.tokenizer: PreTrainedTokenizerBase = load_tokenizer(folder)
        if not self.tokenizer.is_fast:
            raise StageError(f"{folder} has no fast tokenizer, which alone tells where tokens stand in a text")
        self.before, self.behind = map(len, frame(self.tokenizer))
        self.batch_size = batch_size
        self.width: int = self.model.config.hidden_size

    @classmethod
    def load(cls, encoder: str, compute: Compute) -> Self:
        """Loads an encoder of the run by its name, on the device of the run."""
        return cls(paths.encoder(encoder), batch_size=compute.batch_size, device=prepare_device(compute))

    @property
    def layers(self) -> int:
        """Number of layers, the embeddings included."""
        return self.model.config.num_hidden_layers + 1

    def bare(self, words: Sequence[str]) -> InContext:
        """Reads each word alone, as a text of its own: out of context."""
        inside = self._pieces([BEFORE + word for word in words])
        # To a byte-level tokenizer a word behind a space is another one than at the beginning of a text.
        alone = [
            word if pieces == there else f" {word}"
            for word, pieces, there in zip(words, self._pieces(words), inside, strict=True)
        ]
        return self.read([(text, 0) for text in alone])

    def rows(self, words: Sequence[str]) -> np.ndarray:
        """Gives (words, width): the rows of the table of input embeddings, the mean of those of a word's pieces."""
        table = self.model.get_input_embeddings().weight.detach().float().cpu().numpy()
        pieces = self._pieces([BEFORE + word for word in words])
        return np.stack([table[ids].mean(axis=0) for ids in pieces]) if words else np.empty((0, self.width), np.float32)

    def _pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Gives the tokens of the last word of each text."""
        if not texts:
            return []
        tokenized = self.tokenizer(list(texts), truncation=True, return_offsets_mapping=True)
        found = []
        for text, ids, offsets in zip(texts, tokenized["input_ids"], tokenized["offset_mapping"], strict=True):
            (*_, last) = self._spread(text, offsets)
            found.append([one for one, weight in zip(ids, last, strict=True) if weight > 0])
        return found

    @torch.inference_mode()
    def read(self, places: Sequence[Place], done: Callable[[int], object] = lambda _: None) -> InContext:
        """Reads each text once, and keeps of it the words that are asked for: memory grows with them alone.

        Args:
            places: the words; several may stand in one text.
            done: told how many texts each batch held.

        Raises:
            StageError: a word has no token, or stands behind the encoder's last position.
        """
        texts = list(dict.fromkeys(text for text, _ in places))
        if not texts:
            nothing = np.empty((self.layers, 0, self.width), np.float32)
            return InContext(nothing, nothing, np.empty(0, int))
        wanted: dict[str, list[tuple[int, int]]] = {text: [] for text in texts}
        for number, (text, place) in enumerate(places):
            wanted[text].append((number, place))
        tokenized = self.tokenizer(texts, truncation=True, return_offsets_mapping=True)
        spreads = [
            self._spread(text, offsets) for text, offsets in zip(texts, tokenized["offset_mapping"], strict=True)
        ]
        states = np.empty((self.layers, len(places), self.width), np.float32)
        rest, pieces = np.empty_like(states), np.empty(len(places), int)
        rows = TokenRows.of(tokenized["input_ids"])
        for chosen, batch in in_batches(rows, self.batch_size, self.model.config.pad_token_id):
            on_device = {name: values.to(self.model.device) for name, values in batch.items()}
            hidden = self.model(**on_device, output_hidden_states=True).hidden_states
            weights = _stacked([spreads[text] for text in chosen], batch["input_ids"].shape[1]).to(self.model.device)
            real = weights.sum(-1) > 0  # (texts, words); what is not real is what fills the batch, or was cut off
            for layer, values in enumerate(hidden):
                words, others = (part.cpu().numpy() for part in _of_words(weights, real, values.float()))
                for row, text in enumerate(chosen):
                    for number, place in wanted[texts[text]]:
                        states[layer, number], rest[layer, number] = words[row, place], others[row, place]
            for text in chosen:
                for number, place in wanted[texts[text]]:
                    pieces[number] = int((spreads[text][place] > 0).sum())
            done(len(chosen))
        if (pieces == 0).any():
            text, place = places[int(np.argmin(pieces))]
            raise StageError(
                f"word {place + 1} of {text[:60]!r}… has no token: the tokenizer drops it, or it stands behind the "
                f"encoder's {self.tokenizer.model_max_length} positions; sample shorter texts (pronouns.longest), or "
                "choose another encoder"
            )
        return InContext(states, rest, pieces)

    def _spread(self, text: str, offsets: Sequence[tuple[int, int]]) -> np.ndarray:
        """Gives (words, tokens) weights: each word is the mean of the tokens that share a character with it."""
        starts, ends = np.array(offsets).reshape(-1, 2).T
        token = np.arange(len(offsets))
        inner = (token >= self.before) & (token < len(offsets) - self.behind)
        words = split_words(text)
        first, last = (np.array([getattr(word, side) for word in words]).reshape(-1, 1) for side in ("start", "end"))
        shared = (starts < last) & (ends > first) & inner
        return shared / np.maximum(shared.sum(axis=1, keepdims=True), 1)


def _stacked(spreads: Sequence[np.ndarray], tokens: int) -> torch.Tensor:
    """Gives (texts, words, tokens), zero where a text has no such word or token."""
    stacked = torch.zeros((len(spreads), max(len(spread) for spread in spreads), tokens))
    for row, spread in enumerate(spreads):
        stacked[row, : spread.shape[0], : spread.shape[1]] = torch.from_numpy(spread)
    return stacked


def _of_words(weights: torch.Tensor, real: torch.Tensor, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Gives (texts, words, width) twice: each word, and the mean of the others of its text."""
    words = weights @ hidden
    others = (real.sum(-1) - 1).clamp(min=1)[:, None, None]
    return words, (words.sum(1, keepdim=True) - words) / others
