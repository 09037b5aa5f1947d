import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from decortique.core.files import StageError
from decortique.models.encoder_files import describe_tokenizer, prefix_texts
from tests.conftest import edit_json, write_encoder

PREFIX = "the film: "
TEXTS = ["a story was good .", "  bad!", "Actors", "a very very dull plot , not great"]


def load(folder: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def ids(tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> list[list[int]]:
    return tokenizer(texts)["input_ids"]


def unigram(folder: Path, **changes: Any) -> Path:
    """Write the files of a small packed encoder: config.json and an XLM-R-like tokenizer.json."""
    names = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [*names, "▁the", "▁film", ":", "▁a", "▁story", "▁good", "▁", "x", "<mask>"]
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": pieces.index(name), "content": name, **special} for name in [*names, "<mask>"]],
        "normalizer": {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "<s>", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "</s>", "type_id": 0}},
            ],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {
                name: {"id": name, "ids": [pieces.index(name)], "tokens": [name]} for name in ("<s>", "</s>")
            },
        },
        "decoder": None,
        "model": {"type": "Unigram", "unk_id": 3, "vocab": [[piece, -1.0] for piece in pieces], "byte_fallback": False},
    }
    folder.mkdir()
    (folder / "tokenizer.json").write_text(json.dumps({**content, **changes}), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "max_position_embeddings": 77}))
    return folder


@pytest.fixture
def wordpiece(tmp_path: Path) -> Path:
    return write_encoder(tmp_path / "bert")


def test_an_encoder_whose_tokenizer_is_not_described_can_be_loaded(tmp_path: Path) -> None:
    folder = unigram(tmp_path / "e5")
    describe_tokenizer(folder)
    tokenizer = load(folder)
    assert ids(tokenizer, ["a  good story", "x"]) == [[0, 7, 9, 8, 2], [0, 10, 11, 2]]
    assert (tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.mask_token_id) == (1, 3, 12)
    assert (tokenizer.cls_token_id, tokenizer.sep_token_id) == (0, 2)
    assert tokenizer.model_max_length == 77
    assert tokenizer.is_fast


def test_a_description_that_a_source_brings_is_kept(tmp_path: Path) -> None:
    folder = unigram(tmp_path / "e5")
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 5}')
    describe_tokenizer(folder)
    assert json.loads((folder / "tokenizer_config.json").read_text()) == {"model_max_length": 5}


def test_a_tokenizer_of_another_family_is_not_described_as_e5s(tmp_path: Path) -> None:
    folder = unigram(tmp_path / "e5", added_tokens=[])
    with pytest.raises(StageError, match=r"tokenizer\.json has no token </s>: bring the tokenizer_config\.json"):
        describe_tokenizer(folder)
    assert not (folder / "tokenizer_config.json").exists()


def test_the_prefix_is_before_every_text_also_after_saving(wordpiece: Path, tmp_path: Path) -> None:
    expected = ids(load(wordpiece), [PREFIX + text for text in TEXTS])
    prefix_texts(wordpiece, PREFIX)
    tokenizer = load(wordpiece)
    assert ids(tokenizer, TEXTS) == expected
    tokenizer.save_pretrained(tmp_path / "saved")
    assert ids(load(tmp_path / "saved"), TEXTS) == expected


@pytest.mark.parametrize("named", ["XLMRobertaTokenizer", "XLMRobertaTokenizerFast", "PreTrainedTokenizerFast"])
def test_the_prefix_survives_a_class_that_rebuilds_the_tokenizer(tmp_path: Path, named: str) -> None:
    folder = unigram(tmp_path / "e5")
    describe_tokenizer(folder)
    edit_json(folder / "tokenizer_config.json", tokenizer_class=named)
    prefix_texts(folder, "the film: ")
    assert ids(load(folder), ["a story"]) == [[0, 4, 5, 6, 7, 8, 2]]


@pytest.mark.parametrize(
    "normalizer",
    [None, {"type": "Sequence", "normalizers": [{"type": "Lowercase"}, {"type": "NFC"}]}, {"type": "Lowercase"}],
)
def test_the_prefix_comes_before_the_normalised_text(tmp_path: Path, normalizer: object) -> None:
    folder = unigram(tmp_path / "e5", normalizer=normalizer)
    describe_tokenizer(folder)
    expected = ids(load(folder), ["The film: a STORY"])
    prefix_texts(folder, "The film: ")
    assert ids(load(folder), ["a STORY"]) == expected


def test_a_text_that_is_cut_keeps_its_prefix(wordpiece: Path) -> None:
    prefix_texts(wordpiece, PREFIX)
    tokenizer = load(wordpiece)
    start = tokenizer("good")["input_ids"][:4]
    assert tokenizer("good " * 30, truncation=True, max_length=8)["input_ids"][:4] == start


def test_special_tokens_that_only_the_older_file_names_are_kept(wordpiece: Path) -> None:
    tokens = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    (wordpiece / "special_tokens_map.json").write_text(json.dumps(tokens))
    edit_json(wordpiece / "tokenizer_config.json", **dict.fromkeys(tokens))
    prefix_texts(wordpiece, PREFIX)
    assert load(wordpiece).pad_token == "[PAD]"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("tokenizer_config.json", "{}", "names no pad_token: bring special_tokens_map.json too"),
        ("tokenizer_config.json", None, "tokenizer_config.json is missing: let source bring it"),
        ("tokenizer_config.json", "[]", "tokenizer_config.json holds no JSON object"),
        ("tokenizer.json", "{", "tokenizer.json is no JSON"),
        ("tokenizer.json", "\udcff", "tokenizer.json is no JSON"),
    ],
)
def test_a_tokenizer_that_cannot_be_prefixed_is_reported_in_one_line(
    wordpiece: Path, name: str, content: str | None, reason: str
) -> None:
    (wordpiece / name).unlink()
    if content is not None:
        (wordpiece / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(StageError, match=reason) as caught:
        prefix_texts(wordpiece, PREFIX)
    assert "\n" not in str(caught.value)
