from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from decortique.core.files import StageError
from decortique.models.bag_of_words import load_skops, save_skops


def opened(path: str) -> None:
    """Do what an untrusted model could do when it is used."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    saved_model = LogisticRegression().fit(random.normal(size=(20, 300)), [0, 1] * 10)
    save_skops(saved_model, tmp_path / "model.skops")
    return tmp_path / "model.skops"


def test_a_model_is_loaded_with_its_weights(model: Path) -> None:
    assert load_skops(model).coef_.shape == (1, 300)


def test_a_model_that_brings_code_of_its_own_is_not_loaded(tmp_path: Path) -> None:
    save_skops(FunctionTransformer(opened), tmp_path / "model.skops")
    with pytest.raises(StageError, match=r"holds types that are not trusted \(.*opened.*\): do not load it"):
        load_skops(tmp_path / "model.skops")


def test_a_missing_model_is_reported_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"model\.skops is missing: run `dvc repro`"):
        load_skops(tmp_path / "model.skops")


def test_a_file_that_is_not_a_model_is_named(tmp_path: Path) -> None:
    for content in (b"", b"not a model", b"PK\x03\x04"):
        (tmp_path / "model.skops").write_bytes(content)
        with pytest.raises(StageError, match=r"model\.skops is damaged"):
            load_skops(tmp_path / "model.skops")


@pytest.mark.parametrize("schema", [None, "{}", "[]", "not JSON"])
def test_an_archive_that_is_not_a_model_is_named(tmp_path: Path, schema: str | None) -> None:
    with ZipFile(tmp_path / "model.skops", "w") as archive:
        archive.writestr("something.txt" if schema is None else "schema.json", schema or "")
    with pytest.raises(StageError, match=r"model\.skops is damaged"):
        load_skops(tmp_path / "model.skops")


def test_a_model_with_a_flipped_byte_is_named_and_never_half_loaded(model: Path) -> None:
    whole = model.read_bytes()
    expected = load_skops(model).coef_
    for position in range(0, len(whole), len(whole) // 60):
        damaged = bytearray(whole)
        damaged[position] ^= 0x55
        model.write_bytes(damaged)
        with suppress(StageError):
            np.testing.assert_array_equal(load_skops(model).coef_, expected)
