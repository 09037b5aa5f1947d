"""Texts → token ids, and what this costs them."""

import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from decortique.core.errors import StageError
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
    """Loads a tokenizer from a local folder.

    Args:
        folder: an encoder, or a model of this pipeline.
        settings: written into the tokenizer, and so into the models saved with it; None leaves it as it was saved.

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
    """Gives how many tokens the encoder has positions for; a folder of a tokenizer alone sets no limit."""
    if not (folder / "config.json").exists():
        return sys.maxsize
    config = load_config(folder)
    positions = getattr(config, "max_position_embeddings", None) or sys.maxsize
    reserved = config.pad_token_id + 1 if config.model_type in POSITIONS_AFTER_PADDING else 0
    return positions - reserved


def frame(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """Gives the tokens that stand before every text, and those that stand behind it, an encoder's prefix included.

    They are what texts of one letter have in common; an empty text would not do, which has no prefix. The letters are
    of several scripts, so that not all of them are unknown.
    """
    letters = tokenizer(["a", ".", "1", "я", "字"])["input_ids"]
    before = _alike(letters)
    behind = _alike([ids[len(before) :][::-1] for ids in letters])
    return before, behind[::-1]


def _alike(lists: Sequence[Sequence[int]]) -> list[int]:
    """Gives the tokens with which all begin."""
    return [ids[0] for ids in takewhile(lambda ids: len(set(ids)) == 1, zip(*lists, strict=False))]


def tokenize_texts(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> Tokenized:
    """Tokenizes texts, each cut to `tokenizer.model_max_length` on its `truncation_side`.

    The tokenizer's Rust core spreads a list of texts over all processors.
    """
    if not texts:
        return Tokenized([], [])
    whole = tokenizer(list(texts), truncation=False, padding=False, verbose=False)["input_ids"]
    lengths = [len(ids) for ids in whole]
    # Only the tokenizer knows which special tokens must survive a cut, so the few long texts go through it again.
    long = [place for place, length in enumerate(lengths) if length > tokenizer.model_max_length]
    if long:
        cut = tokenizer([texts[place] for place in long], truncation=True, padding=False)["input_ids"]
        for place, ids in zip(long, cut, strict=True):
            whole[place] = ids
    return Tokenized(whole, lengths)


WORD = re.compile(r"\w+|[^\w\s]")
PERCENTILES = (50, 90, 95, 99, 100)


class TokenStatistics:
    """Counts over the texts of one split."""

    def __init__(self, max_length: int, unknown: int | None) -> None:
        """Starts at zero.

        Args:
            max_length: texts of more tokens are truncated.
            unknown: id of the unknown token; None for vocabularies that know every byte.
        """
        self.max_length = max_length
        self.unknown = unknown
        self.lengths: Counter[int] = Counter()  # as many keys as there are lengths, however many texts
        self.words = self.kept = self.unknowns = self.cells = self.padding = 0

    def add(self, texts: Sequence[str], tokenized: Tokenized, attention_mask: Sequence[Sequence[int]]) -> None:
        """Counts one batch: its texts, their ids, and the mask after padding."""
        self.lengths.update(tokenized.lengths)
        self.words += sum(len(WORD.findall(text)) for text in texts)
        self.kept += sum(map(len, tokenized.input_ids))
        if self.unknown is not None:
            self.unknowns += sum(ids.count(self.unknown) for ids in tokenized.input_ids)
        self.cells += sum(map(len, attention_mask))
        self.padding += sum(len(mask) - sum(mask) for mask in attention_mask)

    def summary(self) -> dict[str, Any]:
        """Gives the measures of the split.

        `fertility` is tokens per word, special tokens counted; a word is a run of letters and digits, or one
        punctuation mark. Shares lie between 0 and 1.
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
        """Gives the smallest length that at least `percent` of the texts do not exceed (nearest rank)."""
        below = 0
        for length in sorted(self.lengths):
            below += self.lengths[length]
            if below * 100 >= percent * self.lengths.total():
                return length
        return 0


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
