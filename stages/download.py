"""Stage `download`: a pinned source → the files of a task, a collection, an encoder or a language."""

import logging
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from decortique.core import paths
from decortique.core.command import run
from decortique.core.errors import StageError
from decortique.core.files import new_folder
from decortique.data.fetch import fetch
from decortique.data.settings import CollectionSection, LanguageSection
from decortique.data.task_settings import TaskSection
from decortique.models.encoder_files import describe_tokenizer, prefix_texts, unpack_encoder
from decortique.models.settings import PACKED, Encoder, Encoders

log = logging.getLogger(__name__)


class Kind(StrEnum):
    """What an entry of the catalogue describes."""

    TASK = "task"
    COLLECTION = "collection"
    ENCODER = "encoder"
    LANGUAGE = "language"


def download(
    kind: Annotated[Kind, typer.Argument(help="What the entry of the catalogue describes.")],
    name: Annotated[str, typer.Argument(help="Its name: that of its file in catalogue/, without .yaml.")],
) -> None:
    """Fetches the files of an entry of the catalogue, each byte checked against the pin that stands there."""
    DOWNLOADS[kind](name)


def download_task(name: str) -> None:
    """Fetches a task's raw files."""
    fetch(TaskSection.named(name).source, paths.raw(name), name=f"catalogue/tasks/{name}.yaml: source")


def download_collection(name: str) -> None:
    """Fetches a collection's raw files."""
    fetch(CollectionSection.named(name).source, paths.raw(name), name=f"catalogue/collections/{name}.yaml: source")


def download_encoder(name: str) -> None:
    """Fetches a pretrained encoder, and makes its files into a folder that transformers loads."""
    encoder, entry = Encoders.named(name), f"catalogue/encoders/{name}.yaml"
    with new_folder(paths.encoder(name)) as folder:
        fetch(encoder.source, folder, name=f"{entry}: source")
        try:
            finish(folder, encoder)
        except StageError as error:
            raise StageError(f"{entry}: {error}") from None


def finish(folder: Path, encoder: Encoder) -> None:
    """Makes the files of an encoder's source into a folder that transformers loads."""
    if encoder.weights == "packed":
        unpack_encoder(folder / PACKED, folder)
        (folder / PACKED).unlink()
        describe_tokenizer(folder)
    if encoder.prefix:
        prefix_texts(folder, encoder.prefix)


def download_language(code: str) -> None:
    """Fetches pretrained word vectors, kept in one format, and WordNet, as far as there are any."""
    from decortique.words.vectors import (
        convert_vectors,  # gensim takes seconds to import
        save_vectors,  # gensim takes seconds to import
    )

    about, entry = LanguageSection.named(code), f"catalogue/languages/{code}.yaml"
    with new_folder(paths.language(code)) as folder:
        if about.source is None:
            log.info("%s has no source: no pretrained vectors, no WordNet", entry)
            return
        fetch(about.source, folder, name=f"{entry}: source")
        for name, vectors in about.vectors.items():
            found = convert_vectors(folder / vectors.file, vectors)
            (folder / vectors.file).unlink()
            save_vectors(found, folder / f"{name}.bin")


DOWNLOADS = {
    Kind.TASK: download_task,
    Kind.COLLECTION: download_collection,
    Kind.ENCODER: download_encoder,
    Kind.LANGUAGE: download_language,
}


if __name__ == "__main__":
    run(download)
