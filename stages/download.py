"""Stage `download`: a pinned source → the files of a task, a collection, an encoder or a language."""

import logging
from typing import Annotated, Literal

import typer

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import StageError, new_folder
from decortique.core.settings import EncoderName, Tasks
from decortique.data.fetch import fetch, prefetch
from decortique.data.settings import Collections, CollectionSection, Languages, LanguageSection, TaskSection
from decortique.data.source_settings import Source
from decortique.models.settings import Encoders

log = logging.getLogger(__name__)


def download(
    kind: Annotated[
        Literal["task", "collection", "encoder", "language"], typer.Argument(help="What the entry describes.")
    ],
    name: Annotated[str, typer.Argument(help="The name of the entry: that of its file in catalogue/, without .yaml.")],
) -> None:
    """Fetch the files of an entry of the catalogue, and check each byte against the checksum in the entry.

    The first entry of a run brings the downloads of the others with it, side by side.
    """
    if f"{kind}s/{name}" in (sources := sources_of_run()):
        prefetch({f"catalogue/{entry}.yaml: source": source for entry, source in sources.items()})
    if kind == "encoder":
        download_encoder(name)
    elif kind == "language":
        download_language(name)
    else:
        source = (TaskSection.named(name) if kind == "task" else CollectionSection.named(name)).source
        fetch(source, paths.raw(name), name=f"catalogue/{kind}s/{name}.yaml: source")


def sources_of_run() -> dict[str, Source]:
    """Return the sources that params.yaml names, by entry of the catalogue."""
    encoder = EncoderName.load().root
    sources = {
        **{f"tasks/{name}": TaskSection.named(name).source for name in Tasks.load().root},
        **{f"collections/{name}": CollectionSection.named(name).source for name in Collections.load().root},
        f"encoders/{encoder}": Encoders.named(encoder).source,
        **{f"languages/{code}": LanguageSection.named(code).source for code in Languages.load().root},
    }
    return {entry: source for entry, source in sources.items() if source}


def download_encoder(name: str) -> None:
    """Fetch a pretrained encoder, and make its files a folder that transformers loads."""
    from decortique.models.encoder_files import finish_encoder  # other kinds do without NumPy

    encoder, entry = Encoders.named(name), f"catalogue/encoders/{name}.yaml"
    with new_folder(paths.encoder(name)) as folder:
        fetch(encoder.source, folder, name=f"{entry}: source")
        try:
            finish_encoder(folder, encoder)
        except StageError as error:
            raise StageError(f"{entry}: {error}") from None


def download_language(code: str) -> None:
    """Fetch the pretrained word vectors of a language, converted to one format, and WordNet, where it has them."""
    from decortique.words.pretrained import convert_vectors  # likewise

    language, entry = LanguageSection.named(code), f"catalogue/languages/{code}.yaml"
    with new_folder(paths.language(code)) as folder:
        if language.source is None:
            log.info("%s has no source: no pretrained vectors, no WordNet", entry)
            return
        fetch(language.source, folder, name=f"{entry}: source")
        for name, pretrained in language.vectors.items():
            file, target = folder / pretrained.file, folder / f"{name}.bin"
            convert_vectors(file, pretrained, target)
            if file != target:
                file.unlink()


if __name__ == "__main__":
    run(download)
