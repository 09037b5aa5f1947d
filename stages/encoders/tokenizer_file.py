"""The tokenizer's files of an encoder folder: written where a source brings none, and taught the encoder's prefix.

They are edited as the JSON they are: a download needs neither transformers nor torch.
"""

import json
from pathlib import Path
from typing import Any

from stages.errors import StageError

CONTENT, DESCRIPTION, LEGACY = "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"

# The class of transformers that takes tokenizer.json as it is. Those named after a model build their tokenizer anew and
# drop what they do not expect: XLMRobertaTokenizer loses a prefix, and with it the normalisation of letters like ½.
AS_IT_IS = "PreTrainedTokenizerFast"

# Of XLM-RoBERTa, from which multilingual E5 has its vocabulary (Conneau et al., 2020).
SPECIAL_TOKENS = {
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}


def describe_tokenizer(folder: Path) -> None:
    """Writes the `tokenizer_config.json` of a multilingual E5 encoder, unless its source brought one.

    Args:
        folder: holds `tokenizer.json` and, for the greatest length, `config.json`.

    Raises:
        StageError: `tokenizer.json` lacks a special token of E5.
    """
    if (folder / DESCRIPTION).exists():
        return
    known = {token["content"] for token in _read(folder / CONTENT).get("added_tokens", [])}
    if absent := sorted(set(SPECIAL_TOKENS.values()) - known):
        raise StageError(f"{CONTENT} has no token {absent[0]}: bring the {DESCRIPTION} that goes with it")
    length = _read(folder / "config.json")["max_position_embeddings"]
    _write(folder / DESCRIPTION, {"tokenizer_class": AS_IT_IS, "model_max_length": length, **SPECIAL_TOKENS})


def prefix_texts(folder: Path, prefix: str) -> None:
    """Makes the tokenizer of `folder` put `prefix` before every text, in all that loads it and in all saved from it.

    An empty text stays empty; a text that spells out a special token, such as `<mask>`, has the prefix after it too.

    Raises:
        StageError: the tokenizer's files are missing or say too little.
    """
    content = _read(folder / CONTENT)
    normalizer = content.get("normalizer") or {"type": "Sequence", "normalizers": []}
    # Flat, not nested: transformers looks for a SentencePiece normalisation one level deep.
    steps = normalizer["normalizers"] if normalizer["type"] == "Sequence" else [normalizer]
    first = {"type": "Prepend", "prepend": prefix}
    _write(folder / CONTENT, {**content, "normalizer": {"type": "Sequence", "normalizers": [first, *steps]}})
    _load_as_it_is(folder)


def _load_as_it_is(folder: Path) -> None:
    """Makes transformers take `tokenizer.json` as it is; the special tokens must then be spelled out."""
    legacy = _read(folder / LEGACY) if (folder / LEGACY).exists() else {}
    description = {**legacy, **_read(folder / DESCRIPTION), "tokenizer_class": AS_IT_IS}
    if not description.get("pad_token"):
        raise StageError(f"{DESCRIPTION} names no pad_token: bring {LEGACY} too")
    _write(folder / DESCRIPTION, description)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StageError(f"{path.name} is missing: let source bring it") from None
    except ValueError as error:  # of JSON, and of UTF-8
        raise StageError(f"{path.name} is no JSON ({error}): check source") from None
    if not isinstance(content, dict):
        raise StageError(f"{path.name} holds no JSON object: check source")
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
