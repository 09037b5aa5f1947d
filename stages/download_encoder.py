"""Stage `download_encoder`: a pinned source → a pretrained encoder's folder."""

from pathlib import Path

from stages.artifacts import paths
from stages.artifacts.files import new_folder
from stages.command import run
from stages.encoders.packed import unpack_encoder
from stages.encoders.tokenizer_file import describe_tokenizer, prefix_texts
from stages.errors import StageError
from stages.settings.encoders import PACKED, Encoder, Encoders
from stages.sources.fetch import fetch


def download_encoder(name: str) -> None:
    """Fetches a pretrained encoder, each byte checked against the pin in params.yaml."""
    encoder = Encoders.named(name)
    with new_folder(paths.encoder(name)) as folder:
        fetch(encoder.source, folder, name=f"encoders.{name}.source")
        try:
            finish(folder, encoder)
        except StageError as error:
            raise StageError(f"encoders.{name}: {error}") from None


def finish(folder: Path, encoder: Encoder) -> None:
    """Makes the files of an encoder's source into a folder that transformers loads."""
    if encoder.weights == "packed":
        unpack_encoder(folder / PACKED, folder)
        (folder / PACKED).unlink()
        describe_tokenizer(folder)
    if encoder.prefix:
        prefix_texts(folder, encoder.prefix)


if __name__ == "__main__":
    run(download_encoder)
