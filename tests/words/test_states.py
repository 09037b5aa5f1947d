from pathlib import Path

import numpy as np
import pytest
import torch

from decortique.core.files import StageError
from decortique.data.text import forms
from decortique.models.encoder_files import prefix_texts
from tests.conftest import TEXTS, write_encoder
from tests.words.made_representations import reader

TEXT = "the actors was not goods"  # the tokenizer has no `actors` and no `goods`: actor + ##s, good + ##s
INDICES = [(text, index) for text in TEXTS[:6] for index in range(len(forms(text)))]


def test_a_word_is_the_mean_of_its_tokens_at_every_layer(any_encoder: Path) -> None:
    read = reader(any_encoder)
    result = read.read([(TEXT, index) for index in range(5)])
    tokens = read.tokenizer(TEXT, return_tensors="pt")
    assert result.pieces.tolist() == [1, 2, 1, 1, 2]
    with torch.inference_mode():
        hidden = read.model(**tokens, output_hidden_states=True).hidden_states
    for layer, states in enumerate(hidden):  # [CLS] the actor ##s was not good ##s [SEP]
        expected = [states[0, 1], states[0, 2:4].mean(0), states[0, 4], states[0, 5], states[0, 6:8].mean(0)]
        np.testing.assert_allclose(result.states[layer], torch.stack(expected), atol=1e-5)


def test_the_states_of_a_text_do_not_depend_on_its_batch(every_family: Path) -> None:
    together = reader(every_family, batch_size=4).read(INDICES)
    for number, index in enumerate(INDICES):
        alone = reader(every_family).read([index]) if number % 7 == 0 else None
        if alone:
            np.testing.assert_allclose(together.states[:, number], alone.states[:, 0], atol=1e-4)
            np.testing.assert_allclose(together.rest[:, number], alone.rest[:, 0], atol=1e-4)


def test_the_rest_of_a_text_is_the_mean_of_its_other_words(encoder: Path) -> None:
    count = len(forms(TEXT))
    result = reader(encoder).read([(TEXT, index) for index in range(count)])
    for index in range(count):
        others = np.delete(result.states, index, axis=1).mean(axis=1)
        np.testing.assert_allclose(result.rest[:, index], others, atol=1e-5)
    assert not reader(encoder).read([("good", 0)]).rest.any()  # there is none


def test_a_text_is_read_once_for_all_its_requested_words(encoder: Path) -> None:
    seen: list[int] = []
    reader(encoder).read(INDICES, seen.append)
    assert sum(seen) == 6


def test_input_embeddings_are_looked_up_for_each_token(encoder: Path) -> None:
    read = reader(encoder)
    table = read.model.get_input_embeddings().weight.detach().numpy()
    good, ending = read.tokenizer.convert_tokens_to_ids(["good", "##s"])
    np.testing.assert_allclose(read.rows(["good", "goods"]), [table[good], (table[good] + table[ending]) / 2])


def test_a_single_word_is_read_as_a_text_of_its_own(encoder: Path) -> None:
    read = reader(encoder)
    np.testing.assert_array_equal(read.bare(["good"]).states, read.read([("good", 0)]).states)


def test_a_byte_level_tokenizer_reads_a_single_word_as_inside_a_text(encoder: Path, tmp_path: Path) -> None:
    """Byte-level tokenizers take ` film` and `film` as two tokens, the second of which is rare in a text."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = ["<pad>", "<unk>", "film", "\u0120film", "0"]
    backend = Tokenizer(models.WordLevel({piece: number for number, piece in enumerate(pieces)}, "<unk>"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    read = reader(encoder)
    special = {"pad_token": "<pad>", "unk_token": "<unk>"}
    read.tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **special)
    read.before = read.behind = 0
    table = read.model.get_input_embeddings().weight.detach().numpy()
    np.testing.assert_allclose(read.rows(["film"]), [table[3]])
    np.testing.assert_array_equal(read.bare(["film"]).states, read.read([(" film", 0)]).states)
    assert not np.allclose(read.bare(["film"]).states, read.read([("film", 0)]).states)


def test_the_prefix_of_an_encoder_belongs_to_no_word(encoder: Path, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "prefixed")
    plain = reader(folder)
    indices = [("good film", 0), ("good film", 1)]
    without = plain.read(indices)
    plain.tokenizer.save_pretrained(folder)
    prefix_texts(folder, "not very ")
    result = reader(folder)
    assert result.tokenizer.convert_ids_to_tokens(result.tokenizer("good film")["input_ids"])[1:3] == ["not", "very"]
    assert result.before == 3
    assert result.read(indices).pieces.tolist() == [1, 1]
    np.testing.assert_allclose(result.rows(["good"]), plain.rows(["good"]))
    assert not np.allclose(result.read(indices).states[-1], without.states[-1])  # it is still attended to


def test_a_word_beyond_the_last_position_is_refused(encoder: Path) -> None:
    text = " ".join(["good"] * 40)
    with pytest.raises(StageError, match=r"word 36 of 'good .* has no token: .* behind the encoder's 32 positions"):
        reader(encoder).read([(text, 2), (text, 35)])
