"""Stage `download_language`: a language's pinned source → its pretrained vectors, in one format, and WordNet."""

import logging

from stages.artifacts import paths
from stages.artifacts.files import new_folder
from stages.command import run
from stages.settings.languages import LanguageSection
from stages.sources.fetch import fetch
from stages.words.vectors import convert_vectors, save_vectors

log = logging.getLogger(__name__)


def download_language(code: str) -> None:
    """Fetches what there is for a language, each byte checked against the pin in params.yaml."""
    about = LanguageSection.named(code)
    with new_folder(paths.language(code)) as folder:
        if about.source is None:
            log.info("language.%s has no source: no pretrained vectors, no WordNet", code)
            return
        fetch(about.source, folder, name=f"language.{code}.source")
        for name, vectors in about.vectors.items():
            found = convert_vectors(folder / vectors.file, vectors)
            (folder / vectors.file).unlink()
            save_vectors(found, folder / f"{name}.bin")


if __name__ == "__main__":
    run(download_language)
