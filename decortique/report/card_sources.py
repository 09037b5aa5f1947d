"""What a model card tells: how a model was made, from what, under which licence."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Self

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from decortique.core.errors import StageError
from decortique.data.source_settings import (
    FolderSource,
    HubSource,
    NpmSource,
    OneSource,
    PypiSource,
    SeveralSource,
    Source,
)
from decortique.data.task_settings import Task
from decortique.models.folder import LIBRARY, USE, Kind, Manifest
from decortique.models.settings import Encoder
from decortique.report.card_results import Results, Scores, split_of

FILE = "README.md"
ROUNDED = "Exported to ONNX, its weights rounded to 8 bits, so that it predicts without PyTorch."
STARTED, LIMITS = "- **Started from**: ", "- **Limits**: "
DECIDES = " It predicts between "  # is told otherwise where scores stand beside it
TABLE = re.compile(r"^\|.*\|$", re.MULTILINE)
SEED = re.compile(r"^\| (?P<name>(?:[\w.]+\.)?seed) \| (?P<value>\d+) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Made:
    """What stands in a model folder's manifest and in its card.

    Attributes:
        kind: what loads it.
        teacher: the approach it learnt from, if any.
        library: that the hub knows it by, if any.
        made: what it is.
        started_from: what it was made from.
        limits: what not to expect of it.
        parameters: a Markdown table.
        validation: a Markdown table of the scores that it was chosen by; empty if it was not.
        use: a Markdown block of code.
    """

    kind: Kind
    teacher: str | None
    library: str | None
    made: str
    started_from: str
    limits: str
    parameters: str
    validation: str
    use: str

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads the manifest and the card of a model folder.

        Raises:
            StageError: one of them is missing or damaged.
        """
        manifest, path = Manifest.read(folder), folder / FILE
        try:
            card = ModelCard.load(path)
        except (FileNotFoundError, ValueError) as error:
            raise StageError(f"{path} is missing or damaged ({type(error).__name__}): run `dvc repro`") from None
        head, *sections = card.text.strip().split("\n## ")
        parts = {title: body.strip() for title, _, body in (section.partition("\n") for section in sections)}
        lines = head.splitlines()
        told = {mark: line.removeprefix(mark) for line in lines for mark in (STARTED, LIMITS) if line.startswith(mark)}
        if not (parts.keys() >= {"Parameters", "Scores", "Use"} and told.keys() >= {STARTED, LIMITS}):
            raise StageError(f"{path} is not the card that the pipeline wrote: delete {folder} and run `dvc repro`")
        return cls(
            kind=manifest.kind,
            teacher=manifest.teacher,
            library=card.data.get("library_name"),
            made=next(line for line in lines if line and not line.startswith("#")).partition(DECIDES)[0],
            started_from=told[STARTED],
            limits=told[LIMITS],
            parameters=parts["Parameters"],
            validation="\n".join(TABLE.findall(parts["Scores"])),
            use=parts["Use"],
        )

    def exported(self, folder: Path) -> Self:
        """Tells the same of the model's export in 8 bits, which lies in `folder`."""
        use = f"```python\n{USE['onnx'].format(folder=folder)}\n```"
        return replace(self, kind="onnx", library=LIBRARY["onnx"], made=f"{self.made} {ROUNDED}", use=use)

    @property
    def seeds(self) -> dict[str, int]:
        """The seeds among the parameters, by their names."""
        return {found["name"]: int(found["value"]) for found in SEED.finditer(self.parameters)}


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


PIPELINE = "text-classification"
# Measure → its type on the hub, the name that is shown there, arguments.
SHOWN = {
    "accuracy": ("accuracy", "Accuracy", None),
    "macro_f1": ("f1", "Macro F1", {"average": "macro"}),
    "roc_auc": ("roc_auc", "ROC-AUC", None),
    "log_loss": ("log_loss", "Log-loss", None),
}


def metadata(name: str, task: str, made: Made, origin: Origin, results: Results) -> ModelCardData:
    """Gives the head of a card.

    Args:
        name: of the model.
        task: its name.
        made: how the model was made.
        origin: what from.
        results: its scores, each of which becomes one of the hub's.
    """
    licence = origin.licence(made.kind)
    found = [one for set_name, scores in results.sets.items() for one in _evaluated(task, set_name, scores, origin)]
    return ModelCardData(
        language=origin.task.language,
        license=licence.identifier,
        license_name="see-card" if licence.identifier == OTHER else None,
        library_name=made.library,
        pipeline_tag=PIPELINE,
        tags=["decortique", made.kind],
        base_model=origin.base_model(made.kind),
        datasets=origin.datasets() or None,
        metrics=list(dict.fromkeys(one.metric_type for one in found)),
        model_name=name,
        eval_results=found,
    )


def _evaluated(task: str, set_name: str, scores: Scores, origin: Origin) -> Iterator[EvalResult]:
    split = split_of(set_name)
    shown = [(scores[measure]["value"], *described) for measure, described in SHOWN.items() if measure in scores] + [
        (found["value"], "f1", f"F1 of {label}", None) for label, found in scores.get("f1", {}).items()
    ]
    for value, kind, name, arguments in shown:
        yield EvalResult(
            task_type=PIPELINE,
            task_name="Text Classification",
            dataset_type=task,
            dataset_name=f"{origin.task.title} ({set_name})",
            dataset_split=split,
            metric_type=kind,
            metric_value=value,
            metric_name=name,
            metric_args=arguments,
        )
