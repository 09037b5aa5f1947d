"""Stage `download_encoder`: a pinned source → a pretrained encoder's folder."""

from stages.artifacts import paths
from stages.command import run
from stages.settings.encoders import Encoders
from stages.sources.fetch import fetch


def download_encoder(name: str) -> None:
    """Fetches a pretrained encoder, each byte checked against the pin in params.yaml."""
    fetch(Encoders.named(name).source, paths.encoder(name), name=f"encoders.{name}.source")


if __name__ == "__main__":
    run(download_encoder)
