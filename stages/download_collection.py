"""Stage `download_collection`: a collection's pinned source → its raw files."""

from stages.artifacts import paths
from stages.command import run
from stages.settings.collections import CollectionSection
from stages.sources.fetch import fetch


def download_collection(name: str) -> None:
    """Fetches the files of a collection, each byte checked against the pin in params.yaml."""
    fetch(CollectionSection.named(name).source, paths.raw(name), name=f"collection.{name}.source")


if __name__ == "__main__":
    run(download_collection)
