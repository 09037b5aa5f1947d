from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from decortique.core.files import StageError
from decortique.models.batches import Batch, TokenRows, encode, in_batches
from decortique.models.encoder import load_encoder, pooled, sentence_vectors
from decortique.models.settings import Embed
from tests.conftest import edit_json


def embed(**changes: Any) -> Embed:
    return Embed(**{"pooling": "mean", "layer": -1, "normalize": False, "splits": [], **changes})


def vectors(folder: Path, rows: TokenRows, settings: Embed, batch_size: int = 4, padding_id: int = 0) -> np.ndarray:
    model = load_encoder(folder, settings)
    return encode(
        rows,
        lambda batch: sentence_vectors(model, batch, settings),
        batch_size=batch_size,
        padding_id=padding_id,
        device=torch.device("cpu"),
    )


HIDDEN = torch.tensor([[[1.0, 2.0], [3.0, 6.0], [100.0, -100.0]], [[5.0, 5.0], [7.0, 1.0], [3.0, 0.0]]])
MASK = torch.tensor([[1, 1, 0], [1, 1, 1]])


def test_the_mean_of_a_text_ignores_its_padding() -> None:
    assert pooled(HIDDEN, MASK, "mean").tolist() == [[2.0, 4.0], [5.0, 2.0]]


def test_the_first_token_can_stand_for_the_text() -> None:
    assert pooled(HIDDEN, MASK, "cls").tolist() == [[1.0, 2.0], [5.0, 5.0]]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_vector_does_not_depend_on_the_texts_beside_it(any_encoder: Path, rows: TokenRows, pooling: str) -> None:
    settings = embed(pooling=pooling)
    alone = vectors(any_encoder, rows, settings, batch_size=1)
    assert alone.shape == (32, 16)
    assert len(np.unique(alone.round(4), axis=0)) == 32
    for batch_size in (3, 32):
        np.testing.assert_allclose(vectors(any_encoder, rows, settings, batch_size), alone, atol=1e-5)


def test_padding_does_not_change_the_vectors(encoder: Path, rows: TokenRows) -> None:
    expected = vectors(encoder, rows, embed())
    np.testing.assert_allclose(vectors(encoder, rows, embed(), padding_id=7), expected, atol=1e-5)


@pytest.mark.parametrize(("layer", "same"), [(-1, 2), (-2, 1), (-3, 0), (0, 0), (1, 1), (2, 2)])
def test_the_vectors_are_those_of_the_requested_layer(
    any_encoder: Path, rows: TokenRows, layer: int, same: int
) -> None:
    model = load_encoder(any_encoder, embed())
    (indices, batch), *_ = in_batches(rows, 32, 0)
    with torch.no_grad():
        states = model(**batch, output_hidden_states=True).hidden_states[same]
    expected = pooled(states, batch["attention_mask"], "mean").numpy()
    np.testing.assert_allclose(vectors(any_encoder, rows, embed(layer=layer), 32)[indices], expected, atol=1e-5)


def test_normalized_vectors_have_length_one_and_their_direction(encoder: Path, rows: TokenRows) -> None:
    plain, unit = (vectors(encoder, rows, embed(normalize=flag)) for flag in (False, True))
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(unit, plain / np.linalg.norm(plain, axis=1, keepdims=True), atol=1e-5)


@pytest.mark.parametrize("layer", [3, -4])
def test_a_missing_layer_is_refused(encoder: Path, layer: int) -> None:
    with pytest.raises(StageError, match=rf"embed\.layer is {layer}, but .* has layers 0 to 2"):
        load_encoder(encoder, embed(layer=layer))


def test_a_folder_without_an_encoder_is_reported_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="run `dvc repro`"):
        load_encoder(tmp_path, embed())


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
@pytest.mark.parametrize("damage", ["cut", "missing", "text"])
def test_a_damaged_encoder_is_named(tmp_path: Path, encoder: Path, file: str, damage: str) -> None:
    for path in encoder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    if damage == "missing":
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:-50] if damage == "cut" else b"not a model")
    with pytest.raises(StageError, match=str(tmp_path)):
        load_encoder(tmp_path, embed())


def test_an_encoder_that_would_run_code_of_its_own_is_refused(tmp_path: Path, encoder: Path) -> None:
    for path in encoder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "own.py").write_text("raise SystemExit('ran')", encoding="utf-8")
    edit_json(tmp_path / "config.json", model_type="own", auto_map={"AutoConfig": "own.Own", "AutoModel": "own.Own"})
    with pytest.raises(StageError):
        load_encoder(tmp_path, embed())


@pytest.mark.parametrize("batch_size", [1, 5, 32, 100])
def test_results_keep_the_order_of_the_texts_for_any_batch_size(rows: TokenRows, batch_size: int) -> None:
    progress: list[int] = []

    def first_real(batch: Batch) -> torch.Tensor:
        return (batch["input_ids"] * batch["attention_mask"]).sum(dim=1, keepdim=True)

    result = encode(
        rows, first_real, batch_size=batch_size, padding_id=9, device=torch.device("cpu"), done=progress.append
    )
    assert result[:, 0].tolist() == [rows[index][1].sum() for index in range(len(rows))]
    assert sum(progress) == 32


def test_the_longest_texts_come_first_so_that_too_large_batches_fail_at_once(rows: TokenRows) -> None:
    widths = [batch["input_ids"].shape[1] for _, batch in in_batches(rows, 5, 0)]
    assert widths == sorted(widths, reverse=True)


def test_no_texts_give_no_vectors() -> None:
    result = encode(
        TokenRows.of([]), lambda batch: batch["input_ids"], batch_size=2, padding_id=0, device=torch.device("cpu")
    )
    assert len(result) == 0
