"""Text → token ids, cut to a length and with every cut counted."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from stages.errors import StageError
from stages.settings.tokenize import Tokenize
from stages.transformer.loading import load_config

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
