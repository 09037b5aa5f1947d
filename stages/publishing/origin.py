"""Where a model comes from: sources, licences, the encoder on the hub, what to cite."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from stages.classifiers.manifest import Kind
from stages.settings.encoders import Encoder
from stages.settings.source import FolderSource, HubSource, NpmSource, OneSource, PypiSource, SeveralSource, Source
from stages.settings.task import Task

UNTRAINED: tuple[Kind, ...] = ("vader", "zero-shot")
WITHOUT_ENCODER: tuple[Kind, ...] = ("bag-of-words", "vader")
# What the hub calls the encoders that come from a package registry.
ON_THE_HUB = {
    "all-minilm-l6-v2": "sentence-transformers/all-MiniLM-L6-v2",
    "multilingual-e5-small": "intfloat/multilingual-e5-small",
}
# Licences that the hub knows, of those that texts and weights come under; it calls any other one `other`.
LICENCES = {"mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0"}
OTHER = "other"
# Name in a licence line, or of an encoder → what is cited.
WORKS = {
    "VADER": "C.J. Hutto & E. Gilbert, *VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media "
    "Text*, ICWSM 2014.",
    "scattertext": "J.S. Kessler, *Scattertext: a Browser-Based Tool for Visualizing how Corpora Differ*, ACL System "
    "Demonstrations 2017.",
    "DEFT'05": "J. Azé & M. Roche, *Présentation de l'atelier DEFT'05*, TALN 2005.",
    "MiniLM": "W. Wang et al., *MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained "
    "Transformers*, NeurIPS 2020.",
    "multilingual-e5": "L. Wang et al., *Multilingual E5 Text Embeddings: A Technical Report*, 2024.",
}


class Licence(NamedTuple):
    """The licence of a model.

    Attributes:
        identifier: of the hub; `other` where there are several, or one that it does not know.
        of: what the model was made from → under which licence that comes.
    """

    identifier: str
    of: dict[str, str]


@dataclass(frozen=True, slots=True)
class Origin:
    """What the models of a task are made from."""

    task: Task
    encoder_name: str
    encoder: Encoder

    def licence(self, kind: Kind) -> Licence:
        """Gives the licence of a model of a kind: that of its texts and of its encoder, if they agree."""
        found = {} if kind in UNTRAINED else {"the texts": self.task.licence}
        if kind == "vader":
            found["VADER, its lexicon and rules"] = "MIT"
        if kind not in WITHOUT_ENCODER:
            found[f"the encoder {self.encoder_name}"] = self.encoder.licence
        named = {part.split()[0].lower() for line in found.values() for part in line.split(";") if part.split()}
        identifier = named.pop() if len(named) == 1 else OTHER
        return Licence(identifier if identifier in LICENCES else OTHER, found)

    def base_model(self, kind: Kind) -> str | None:
        """Gives the hub's name of the encoder that a model of a kind was made from, where there is one."""
        if kind in WITHOUT_ENCODER:
            return None
        return next(iter(_on_hub(self.encoder.source, "model")), ON_THE_HUB.get(self.encoder_name))

    def datasets(self) -> list[str]:
        """Gives the hub's names of the data sets that the texts come from."""
        return _on_hub(self.task.source, "dataset")

    def sources(self) -> list[str]:
        """Says where the texts come from, each with its pin."""
        return [_said(part) for part in _parts(self.task.source)]

    def works(self, kind: Kind) -> list[str]:
        """Gives what to cite: the works that the licences name, and that on the encoder."""
        names = " ".join(f"{what} {line}" for what, line in self.licence(kind).of.items())
        return [work for name, work in WORKS.items() if re.search(re.escape(name), names, re.IGNORECASE)]


def _parts(source: Source) -> Iterator[OneSource]:
    yield from source.parts.values() if isinstance(source, SeveralSource) else [source]


def _on_hub(source: Source, kind: str) -> list[str]:
    return [part.repository for part in _parts(source) if isinstance(part, HubSource) and part.type == kind]


def _said(part: OneSource) -> str:
    if isinstance(part, PypiSource):
        return f"`{part.file}`, a release of `{part.package}` on PyPI (sha256 `{part.sha256}`)"
    if isinstance(part, NpmSource):
        return f"version {part.version} of `{part.package}` on npm (`{part.integrity}`)"
    if isinstance(part, HubSource):
        return f"`{part.repository}` on the Hugging Face hub, revision `{part.revision}`"
    if isinstance(part, FolderSource):
        return "files of whoever ran the pipeline: " + ", ".join(f"`{name}`" for name in sorted(part.files))
    algorithm, digest = part.pin
    # An address of the maker's own disk is nobody else's business.
    place = f"`{part.filename}`" if part.address.startswith("file:") else f"<{part.address}>"
    return f"{place} ({algorithm} `{digest}`)"
