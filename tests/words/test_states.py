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
PLACES = [(text, place) for text in TEXTS[:6] for place in range(len(forms(text)))]


def test_a_word_is_the_mean_of_its_pieces_at_every_layer(any_encoder: Path) -> None:
    read = reader(any_encoder)
    found = read.read([(TEXT, place) for place in range(5)])
    tokens = read.tokenizer(TEXT, return_tensors="pt")
    assert found.pieces.tolist() == [1, 2, 1, 1, 2]
    with torch.inference_mode():
        hidden = read.model(**tokens, output_hidden_states=True).hidden_states
    for layer, states in enumerate(hidden):  # [CLS] the actor ##s was not good ##s [SEP]
        expected = [states[0, 1], states[0, 2:4].mean(0), states[0, 4], states[0, 5], states[0, 6:8].mean(0)]
        np.testing.assert_allclose(found.states[layer], torch.stack(expected), atol=1e-5)


def test_what_is_read_beside_a_text_does_not_change_it(every_family: Path) -> None:
    together = reader(every_family, batch_size=4).read(PLACES)
    for number, place in enumerate(PLACES):
        alone = reader(every_family).read([place]) if number % 7 == 0 else None
        if alone:
            np.testing.assert_allclose(together.states[:, number], alone.states[:, 0], atol=1e-4)
            np.testing.assert_allclose(together.rest[:, number], alone.rest[:, 0], atol=1e-4)


def test_the_rest_of_a_text_is_the_mean_of_its_other_words(encoder: Path) -> None:
    count = len(forms(TEXT))
    found = reader(encoder).read([(TEXT, place) for place in range(count)])
    for place in range(count):
        others = np.delete(found.states, place, axis=1).mean(axis=1)
        np.testing.assert_allclose(found.rest[:, place], others, atol=1e-5)
    assert not reader(encoder).read([("good", 0)]).rest.any()  # there is none


def test_texts_are_read_once_however_many_of_their_words_are_asked_for(encoder: Path) -> None:
    seen: list[int] = []
    reader(encoder).read(PLACES, seen.append)
    assert sum(seen) == 6


def test_the_rows_of_the_input_embeddings_are_those_of_the_pieces(encoder: Path) -> None:
    read = reader(encoder)
    table = read.model.get_input_embeddings().weight.detach().numpy()
    good, ending = read.tokenizer.convert_tokens_to_ids(["good", "##s"])
    np.testing.assert_allclose(read.rows(["good", "goods"]), [table[good], (table[good] + table[ending]) / 2])


def test_a_bare_word_is_a_text_of_its_own(encoder: Path) -> None:
    read = reader(encoder)
    np.testing.assert_array_equal(read.bare(["good"]).states, read.read([("good", 0)]).states)


def test_a_byte_level_tokenizer_sees_a_bare_word_as_it_stands_in_a_text(encoder: Path, tmp_path: Path) -> None:
    """Byte-level tokenizers take ` film` and `film` for two tokens, the second of which hardly stands in a text."""
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


def test_an_encoders_prefix_belongs_to_no_word(encoder: Path, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "prefixed")
    plain = reader(folder)
    places = [("good film", 0), ("good film", 1)]
    without = plain.read(places)
    plain.tokenizer.save_pretrained(folder)
    prefix_texts(folder, "not very ")
    found = reader(folder)
    assert found.tokenizer.convert_ids_to_tokens(found.tokenizer("good film")["input_ids"])[1:3] == ["not", "very"]
    assert found.before == 3
    assert found.read(places).pieces.tolist() == [1, 1]
    np.testing.assert_allclose(found.rows(["good"]), plain.rows(["good"]))
    assert not np.allclose(found.read(places).states[-1], without.states[-1])  # it is seen all the same


def test_a_word_behind_the_last_position_is_refused(encoder: Path) -> None:
    text = " ".join(["good"] * 40)
    with pytest.raises(StageError, match=r"word 36 of 'good .* has no token: .* behind the encoder's 32 positions"):
        reader(encoder).read([(text, 2), (text, 35)])
