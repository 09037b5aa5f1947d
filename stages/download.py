"""Stage `download`: a pinned source → the files of a task, a collection, an encoder or a language."""

import logging
from typing import Annotated, Literal

import typer

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import StageError, new_folder
from decortique.data.fetch import fetch
from decortique.data.settings import CollectionSection, LanguageSection, TaskSection
from decortique.models.encoder_files import finish_encoder
from decortique.models.settings import Encoders

log = logging.getLogger(__name__)


def download(
    kind: Annotated[
        Literal["task", "collection", "encoder", "language"], typer.Argument(help="What the entry describes.")
    ],
    name: Annotated[str, typer.Argument(help="The name of the entry: that of its file in catalogue/, without .yaml.")],
) -> None:
    """Fetch the files of an entry of the catalogue, and check each byte against the checksum in the entry."""
    if kind == "encoder":
        download_encoder(name)
    elif kind == "language":
        download_language(name)
    else:
        source = (TaskSection.named(name) if kind == "task" else CollectionSection.named(name)).source
        fetch(source, paths.raw(name), name=f"catalogue/{kind}s/{name}.yaml: source")


def download_encoder(name: str) -> None:
    """Fetch a pretrained encoder, and make its files a folder that transformers loads."""
    encoder, entry = Encoders.named(name), f"catalogue/encoders/{name}.yaml"
    with new_folder(paths.encoder(name)) as folder:
        fetch(encoder.source, folder, name=f"{entry}: source")
        try:
            finish_encoder(folder, encoder)
        except StageError as error:
            raise StageError(f"{entry}: {error}") from None


def download_language(code: str) -> None:
    """Fetch the pretrained word vectors of a language, converted to one format, and WordNet, where it has them."""
    from decortique.words.vectors import convert_vectors, save_vectors  # gensim takes seconds to import

    language, entry = LanguageSection.named(code), f"catalogue/languages/{code}.yaml"
    with new_folder(paths.language(code)) as folder:
        if language.source is None:
            log.info("%s has no source: no pretrained vectors, no WordNet", entry)
            return
        fetch(language.source, folder, name=f"{entry}: source")
        for name, pretrained in language.vectors.items():
            vectors = convert_vectors(folder / pretrained.file, pretrained)
            (folder / pretrained.file).unlink()
            save_vectors(vectors, folder / f"{name}.bin")


if __name__ == "__main__":
    run(download)
