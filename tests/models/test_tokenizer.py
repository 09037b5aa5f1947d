from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from decortique.core.files import StageError
from decortique.core.settings import Compute
from decortique.models.encoder import SentenceEncoder
from decortique.models.encoder_files import copy_encoder, describe_tokenizer, prefix_texts
from decortique.models.settings import Embed
from decortique.models.tokenizer import load_tokenizer, special_token_affixes, tokenize_texts
from tests.conftest import POSITIONS, TEXTS, edit_json, tokenize_settings, write_encoder, write_tokenizer
from tests.models.test_tokenizer_file import unigram

LONG = " ".join(["the film was very good , the plot was awful"] * 4)


def copied(encoder: Path, to: Path) -> Path:
    to.mkdir()
    for path in encoder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return to


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_long_text_is_cut_as_transformers_cuts_it(encoder: Path, side: str) -> None:
    own = load_tokenizer(encoder, tokenize_settings(max_length=9, truncation_side=side))
    theirs = AutoTokenizer.from_pretrained(encoder, truncation_side=side)
    texts = [LONG, *TEXTS, "good", ""]
    expected = theirs(texts, truncation=True, max_length=9)["input_ids"]
    assert tokenize_texts(own, texts).input_ids == expected
    assert len(expected[0]) == 9


def test_a_cut_keeps_the_end_or_the_beginning_as_asked(encoder: Path) -> None:
    kept = {}
    for side in ("left", "right"):
        tokenizer = load_tokenizer(encoder, tokenize_settings(max_length=5, truncation_side=side))
        kept[side] = tokenizer.decode(tokenize_texts(tokenizer, ["good film was very dull"]).input_ids[0])
    assert kept == {"left": "[CLS] was very dull [SEP]", "right": "[CLS] good film was [SEP]"}


def test_the_length_of_a_text_is_counted_before_it_is_cut(encoder: Path) -> None:
    tokenizer = load_tokenizer(encoder, tokenize_settings(max_length=6))
    tokenized = tokenize_texts(tokenizer, ["good", LONG, "the film was good", ""])
    assert tokenized.lengths == [3, 42, 6, 2]
    assert [len(ids) for ids in tokenized.input_ids] == [3, 6, 6, 2]


def test_no_texts_are_accepted(tokenizer: PreTrainedTokenizerBase) -> None:
    assert tokenize_texts(tokenizer, []).lengths == []


def test_a_cut_that_the_encoder_was_published_with_does_not_hide_lengths(encoder: Path, tmp_path: Path) -> None:
    """all-MiniLM's tokenizer.json cuts and pads to 128 by itself."""
    folder = copied(encoder, tmp_path / "published")
    edit_json(
        folder / "tokenizer.json",
        truncation={"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0},
        padding={
            "strategy": {"Fixed": 20},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "[PAD]",
        },
    )
    tokenized = tokenize_texts(load_tokenizer(folder, tokenize_settings(max_length=16)), [LONG, "good"])
    assert tokenized.lengths == [42, 3]
    assert [len(ids) for ids in tokenized.input_ids] == [16, 3]


def test_more_tokens_than_the_encoder_has_positions_are_refused(encoder: Path) -> None:
    assert load_tokenizer(encoder, tokenize_settings(max_length=POSITIONS)).model_max_length == POSITIONS
    with pytest.raises(StageError, match=rf"tokenize\.max_length is 33, but .*bert has {POSITIONS} positions"):
        load_tokenizer(encoder, tokenize_settings(max_length=POSITIONS + 1))


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_positions_are_known_of_encoders_whose_tokenizer_has_no_limit(tmp_path: Path, family: str) -> None:
    folder = write_encoder(tmp_path / family, family)
    edit_json(folder / "tokenizer_config.json", model_max_length=None)
    assert load_tokenizer(folder, tokenize_settings(max_length=POSITIONS)).model_max_length == POSITIONS
    with pytest.raises(StageError, match=r"tokenize\.max_length"):
        load_tokenizer(folder, tokenize_settings(max_length=POSITIONS + 1))


def test_a_model_cuts_texts_as_it_was_trained_to(encoder: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(encoder, tokenize_settings(max_length=7, truncation_side="left", padding_side="left"))
    tokenizer.save_pretrained(tmp_path / "model")
    again = load_tokenizer(tmp_path / "model")
    assert (again.model_max_length, again.truncation_side, again.padding_side) == (7, "left", "left")
    assert tokenize_texts(again, [LONG]).input_ids == tokenize_texts(tokenizer, [LONG]).input_ids


def test_a_folder_without_a_tokenizer_is_reported_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="holds no tokenizer: run `dvc repro`"):
        load_tokenizer(tmp_path)


def test_a_damaged_tokenizer_is_named(tmp_path: Path) -> None:
    write_tokenizer(tmp_path / "mine").save_pretrained(tmp_path / "mine")
    (tmp_path / "mine" / "tokenizer_config.json").write_text("{", encoding="utf-8")
    with pytest.raises(StageError, match="mine"):
        load_tokenizer(tmp_path / "mine")


def test_special_token_affixes_are_those_before_and_after_a_text(encoder: Path) -> None:
    assert special_token_affixes(load_tokenizer(encoder)) == ([2], [3])


def test_a_prefix_belongs_to_the_affixes(encoder: Path, tmp_path: Path) -> None:
    folder = copied(encoder, tmp_path / "prefixed")
    prefix_texts(folder, "the film was ")
    tokenizer = load_tokenizer(folder)
    (text,) = tokenize_texts(tokenizer, ["good"]).input_ids
    assert special_token_affixes(tokenizer) == (text[:4], [3])
    assert tokenizer.convert_ids_to_tokens(text) == ["[CLS]", "the", "film", "was", "good", "[SEP]"]


def test_a_prefix_of_several_tokens_belongs_to_the_affixes(tmp_path: Path) -> None:
    """An empty text has none, so the affixes must not be read from it."""
    folder = unigram(tmp_path / "e5")
    describe_tokenizer(folder)
    assert special_token_affixes(load_tokenizer(folder)) == ([0], [2])
    prefix_texts(folder, "the film: ")
    tokenizer = load_tokenizer(folder)
    assert tokenizer("")["input_ids"] == [0, 2]
    assert special_token_affixes(tokenizer) == ([0, 4, 5, 6], [2])


def test_a_tokenizer_without_special_tokens_has_empty_affixes(tmp_path: Path) -> None:
    folder = unigram(tmp_path / "bare", post_processor=None)
    describe_tokenizer(folder)
    assert special_token_affixes(load_tokenizer(folder)) == ([], [])


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_length_that_is_set_reaches_an_encoder_that_is_used_as_it_is(
    encoder: Path, tmp_path: Path, one_thread: Compute, side: str
) -> None:
    settings = tokenize_settings(max_length=6, truncation_side=side)
    expected = tokenize_texts(load_tokenizer(encoder, settings), [LONG]).input_ids
    copy_encoder(encoder, tmp_path / "off-the-shelf", settings)
    assert tokenize_texts(load_tokenizer(tmp_path / "off-the-shelf"), [LONG]).input_ids == expected
    embed = Embed(pooling="mean", layer=-1, normalize=True, splits=[])
    tokens = SentenceEncoder.load(encoder, embed, one_thread, settings).tokens([LONG])
    assert tokens.ids.tolist() == expected[0]
