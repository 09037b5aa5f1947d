from pathlib import Path

import pytest

from decortique.core.files import StageError
from decortique.models import encoder_files
from decortique.models.settings import Encoder, Encoders
from stages import download as stage

from .packing import tensors, write_packed
from .test_tokenizer_file import ids, load, unigram

PREFIX = "the film: "


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the files of a packed encoder, which the catalogue calls `e5`."""
    folder = unigram(tmp_path / "origin")
    (folder / "config.json").unlink()
    write_packed(folder / "weights.q4", tensors())
    files = {"weights.q4": "weights.q4", "tokenizer.json": "tokenizer.json"}
    source = {"kind": "folder", "path": str(folder), "files": files}
    encoder = Encoder.model_validate({"licence": "MIT", "weights": "packed", "prefix": PREFIX, "source": source})
    monkeypatch.setattr(Encoders, "named", lambda _: encoder)
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_packed_encoder_becomes_an_ordinary_folder(origin: Path) -> None:
    stage.download_encoder("e5")
    folder = Path("data/encoders/e5")
    names = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert ids(load(folder), ["a story"]) == [[0, 4, 5, 6, 7, 8, 2]]


@pytest.mark.parametrize("failure", [StageError("no"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["fetch", "unpack_encoder", "describe_tokenizer", "prefix_texts"])
def test_an_interrupted_download_keeps_the_last_encoder_and_no_other_file(
    origin: Path, monkeypatch: pytest.MonkeyPatch, step: str, failure: BaseException
) -> None:
    stage.download_encoder("e5")
    before = {path: path.read_bytes() for path in Path("data").rglob("*") if path.is_file()}

    def stop(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(stage if step == "fetch" else encoder_files, step, stop)
    with pytest.raises(type(failure)):
        stage.download_encoder("e5")
    assert {path: path.read_bytes() for path in Path("data").rglob("*") if path.is_file()} == before
    assert [path.name for path in Path("data/encoders").iterdir()] == ["e5"]


def test_a_damaged_file_is_reported_with_its_encoder(origin: Path) -> None:
    (origin / "weights.q4").write_bytes(b"damaged")
    with pytest.raises(StageError, match=r"^catalogue/encoders/e5\.yaml: weights\.q4 is no packed E5 encoder"):
        stage.download_encoder("e5")
    assert list(Path("data/encoders").iterdir()) == []


def test_a_missing_file_is_reported_with_its_source(origin: Path) -> None:
    (origin / "weights.q4").unlink()
    with pytest.raises(StageError, match=r"^catalogue/encoders/e5\.yaml: source \(folder .*has no file weights\.q4"):
        stage.download_encoder("e5")
    assert list(Path("data/encoders").iterdir()) == []
