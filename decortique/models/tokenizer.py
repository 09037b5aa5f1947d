"""Texts → token ids: the tokenizer of an encoder or a model folder, truncation, statistics of tokens."""

import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from decortique.core.files import StageError
from decortique.models.pretrained import load_config
from decortique.models.settings import Tokenize

# RoBERTa and its kin count positions from the padding id + 1, so that many of their positions are never used.
POSITIONS_AFTER_PADDING = {
    "camembert",
    "data2vec-text",
    "esm",
    "ibert",
    "longformer",
    "luke",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
}


@dataclass(frozen=True, slots=True)
class Tokenized:
    """Token ids of some texts: one list a text, of its own length, special tokens included."""

    input_ids: list[list[int]]
    lengths: list[int]  # before truncation


def load_tokenizer(folder: Path, settings: Tokenize | None = None) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a local folder.

    `settings` are for the folder of an encoder: they are kept by the tokenizer, and so by the models saved with it. Of
    a model of this pipeline, None takes the settings that it was trained with. Of an encoder, None truncates at its
    last position only.

    Raises:
        StageError: the folder holds no tokenizer, or `max_length` is more than the encoder has positions for.
    """
    if not (folder / "tokenizer_config.json").exists():
        raise StageError(f"{folder} holds no tokenizer: run `dvc repro` to make it")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError) as error:
        raise StageError(f"the tokenizer of {folder} cannot be read ({error}): run `dvc repro`") from None
    tokenizer.model_max_length = min(tokenizer.model_max_length, _positions(folder))
    if settings:
        if settings.max_length > tokenizer.model_max_length:
            raise StageError(
                f"params.yaml: tokenize.max_length is {settings.max_length}, but {folder} has "
                f"{tokenizer.model_max_length} positions: choose at most that"
            )
        tokenizer.model_max_length = settings.max_length
        tokenizer.truncation_side = settings.truncation_side
        tokenizer.padding_side = settings.padding_side
        tokenizer.init_kwargs |= {"truncation_side": settings.truncation_side, "padding_side": settings.padding_side}
    return tokenizer


def _positions(folder: Path) -> int:
    """Return how many tokens the encoder has positions for; a folder with nothing but a tokenizer sets no limit."""
    if not (folder / "config.json").exists():
        return sys.maxsize
    config = load_config(folder)
    positions = getattr(config, "max_position_embeddings", None) or sys.maxsize
    reserved = config.pad_token_id + 1 if config.model_type in POSITIONS_AFTER_PADDING else 0
    return positions - reserved


def special_token_affixes(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """Return the tokens before every text, and those behind it; an encoder's prefix is among them.

    They are what texts of one letter have in common: an empty text has no prefix. The letters are of several scripts,
    so that not all of them are unknown.
    """
    letters = tokenizer(["a", ".", "1", "я", "字"])["input_ids"]
    before = _common_prefix(letters)
    behind = _common_prefix([ids[len(before) :][::-1] for ids in letters])
    return before, behind[::-1]


def _common_prefix(lists: Sequence[Sequence[int]]) -> list[int]:
    return [ids[0] for ids in takewhile(lambda ids: len(set(ids)) == 1, zip(*lists, strict=False))]


def tokenize_texts(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> Tokenized:
    """Tokenize texts, each truncated to `tokenizer.model_max_length` on its `truncation_side`.

    The tokenizer's Rust core spreads a list of texts over all processors.
    """
    if not texts:
        return Tokenized([], [])
    input_ids = tokenizer(list(texts), truncation=False, padding=False, verbose=False)["input_ids"]
    lengths = [len(ids) for ids in input_ids]
    # Only the tokenizer knows which special tokens must survive a cut, so the few long texts go through it again.
    long = [index for index, length in enumerate(lengths) if length > tokenizer.model_max_length]
    if long:
        truncated = tokenizer([texts[index] for index in long], truncation=True, padding=False)["input_ids"]
        for index, ids in zip(long, truncated, strict=True):
            input_ids[index] = ids
    return Tokenized(input_ids, lengths)


WORD = re.compile(r"\w+|[^\w\s]")
PERCENTILES = (50, 90, 95, 99, 100)


class TokenStatistics:
    """Counts over the texts of one split."""

    def __init__(self, max_length: int, unknown: int | None) -> None:
        """Start at zero; `unknown` is the id of the unknown token, None for vocabularies that know every byte."""
        self.max_length, self.unknown = max_length, unknown
        self.lengths: Counter[int] = Counter()  # as many keys as there are lengths, however many texts
        self.words = self.kept = self.unknowns = self.cells = self.padding = 0

    def add(self, texts: Sequence[str], tokenized: Tokenized, attention_mask: Sequence[Sequence[int]]) -> None:
        """Count one batch: its texts, their ids, and the attention mask after padding."""
        self.lengths.update(tokenized.lengths)
        self.words += sum(len(WORD.findall(text)) for text in texts)
        self.kept += sum(map(len, tokenized.input_ids))
        if self.unknown is not None:
            self.unknowns += sum(ids.count(self.unknown) for ids in tokenized.input_ids)
        self.cells += sum(map(len, attention_mask))
        self.padding += sum(len(mask) - sum(mask) for mask in attention_mask)

    def summary(self) -> dict[str, Any]:
        """Return the measures of the split; shares lie between 0 and 1.

        `fertility` is tokens per word, special tokens counted; a word is a run of letters and digits, or one
        punctuation mark.
        """
        texts, tokens = self.lengths.total(), sum(length * count for length, count in self.lengths.items())
        return {
            "texts": texts,
            "truncated": _share(sum(n for length, n in self.lengths.items() if length > self.max_length), texts),
            "tokens_cut": _share(tokens - self.kept, tokens),
            "padding": _share(self.padding, self.cells),
            "fertility": _share(tokens, self.words),
            "unknown": _share(self.unknowns, self.kept),
            "length": {f"p{percent}": self._percentile(percent) for percent in PERCENTILES},
        }

    def _percentile(self, percent: int) -> int:
        """Return the smallest length that at least `percent` of the texts do not exceed (nearest rank)."""
        below = 0
        for length in sorted(self.lengths):
            below += self.lengths[length]
            if below * 100 >= percent * self.lengths.total():
                return length
        return 0


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
