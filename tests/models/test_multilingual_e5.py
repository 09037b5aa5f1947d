"""Fetch the published encoder as the catalogue describes; the download is shared with the project."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from decortique.core.settings import PARAMS
from decortique.data.fetch import fetch
from decortique.models.encoder_files import finish_encoder
from decortique.models.settings import Encoder, Encoders

ROOT = Path(__file__).parents[2]
TEXTS = ["Bonjour le monde", "L'été,  deux  espaces,\tun tab\net une ligne", "ﬁn ½ Ⅷ Ａ", "   😀 don't", "日本語", "²"]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoders.named("multilingual-e5-small", ROOT / PARAMS)


@pytest.fixture(scope="module")
def original(encoder: Encoder) -> Iterator[Path]:
    """Return the published files."""
    # Half a gigabyte, which pytest's own folders would keep for three runs.
    with TemporaryDirectory() as folder:
        fetch(encoder.source, Path(folder, "e5"), ROOT / ".cache" / "downloads", name="encoders.multilingual-e5-small")
        yield Path(folder, "e5")


@pytest.fixture(scope="module")
def published(original: Path) -> Tokenizer:
    """Return the published tokenizer, read before the encoder is made of it."""
    return Tokenizer.from_file(str(original / "tokenizer.json"))


@pytest.fixture(scope="module")
def folder(encoder: Encoder, original: Path, published: Tokenizer) -> Path:
    """Return the encoder's folder as the stage writes it."""
    finish_encoder(original, encoder)
    return original


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def ids(tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    return tokenizer(TEXTS)["input_ids"]


def test_every_text_is_tokenized_as_e5_was_trained_to_see_it(
    tokenizer: PreTrainedTokenizerBase, published: Tokenizer
) -> None:
    assert tokenizer("Bonjour le monde")["input_ids"] == [0, 41, 1294, 12, 84602, 95, 11146, 2]
    assert ids(tokenizer) == [published.encode(f"query: {text}").ids for text in TEXTS]
    assert (tokenizer.model_max_length, tokenizer.pad_token_id, tokenizer.mask_token_id) == (512, 1, 250001)


def test_a_model_saved_with_the_tokenizer_prefixes_its_texts_too(
    tokenizer: PreTrainedTokenizerBase, folder: Path, tmp_path: Path
) -> None:
    tokenizer.save_pretrained(tmp_path)
    # Beside a model, transformers chooses the class of the tokenizer by the model's, too.
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    assert ids(AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)) == ids(tokenizer)


def test_the_weights_are_those_of_twelve_layers_of_384(folder: Path) -> None:
    with safe_open(folder / "model.safetensors", "np") as weights:
        shapes = {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 117_505_920
    assert shapes["embeddings.word_embeddings.weight"] == (250_037, 384)
    assert shapes["encoder.layer.11.output.dense.weight"] == (384, 1536)


@pytest.fixture(scope="module")
def vector(folder: Path, tokenizer: PreTrainedTokenizerBase) -> Any:
    """Return the unit vector of a text, as `embed` computes it."""
    import torch
    from transformers import AutoModel

    from decortique.models.encoder import pooled

    model = AutoModel.from_pretrained(folder, local_files_only=True, add_pooling_layer=False).eval()

    @cache
    def compute(text: str) -> np.ndarray:
        batch: Mapping[str, torch.Tensor] = tokenizer([text], return_tensors="pt")
        with torch.inference_mode():
            mean = pooled(model(**batch).last_hidden_state, batch["attention_mask"], "mean")
        return torch.nn.functional.normalize(mean)[0].numpy()

    return compute


# E5 was trained at a low temperature: all its cosines lie between .7 and 1, and .04 is far (seen here: .07 to .12).
@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("a dog barks", "un chien aboie", "the stock market fell"),
        ("un chien aboie", "ein Hund bellt", "the stock market fell"),
        ("the stock market fell", "la bourse a chuté", "un chien aboie"),
        (
            "Le président a annoncé sa démission hier soir.",
            "Hier soir, le chef de l'État a fait savoir qu'il quittait ses fonctions.",
            "La recette demande trois œufs et un peu de farine.",
        ),
        (
            "Il pleut depuis ce matin à Lyon.",
            "À Lyon, la pluie tombe depuis l'aube.",
            "Le chef de l'État a quitté ses fonctions.",
        ),
    ],
)
def test_texts_with_the_same_meaning_are_similar_in_every_language(vector: Any, text: str, near: str, far: str) -> None:
    assert vector(text) @ vector(near) - vector(text) @ vector(far) > 0.04
