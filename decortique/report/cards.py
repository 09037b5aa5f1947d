"""Model cards in the form of the Hugging Face hub: how a model was made, from what, its licence, scores and limits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

from huggingface_hub import EvalResult, ModelCard, ModelCardData
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from decortique.core import paths
from decortique.core.files import StageError, new_folder, read_json
from decortique.core.findings import (
    Finding,
    Table,
    decimal,
    interval,
    markdown,
    measured,
    percent,
    rehearsal,
    thousands,
)
from decortique.data.corpus import TRANSFER
from decortique.data.settings import Task
from decortique.data.source_settings import (
    FolderSource,
    HubSource,
    NpmSource,
    OneSource,
    PypiSource,
    SeveralSource,
    Source,
)
from decortique.evaluation.findings import (
    baseline_findings,
    grade_findings,
    retained_findings,
    scores_table,
    transfer_findings,
    transfer_table,
)
from decortique.evaluation.settings import Evaluate
from decortique.models.folder import APPROACHES, Manifest
from decortique.models.settings import Encoder

STARTED, LIMITS = "- **Started from**: ", "- **Limits**: "  # lines of the README of a model folder
LABELS = " It predicts between "  # the card says this with its scores
TABLE = re.compile(r"^\|.*\|$", re.MULTILINE)
SEED = re.compile(r"^\| (?P<name>(?:[\w.]+\.)?seed) \| (?P<value>\d+) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ModelNotes:
    """What the manifest and the README of a model folder say."""

    kind: str
    library: str | None  # that the hub knows the model by
    made: str
    started_from: str
    limits: str
    parameters: str  # a Markdown table
    validation: str  # a Markdown table; empty where validation chose nothing
    use: str  # a Markdown block of code

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the notes of a model folder.

        Raises:
            StageError: the manifest or the README is missing or damaged.
        """
        manifest, path = Manifest.read(folder), folder / "README.md"
        try:
            card = ModelCard.load(path)
        except (FileNotFoundError, ValueError) as error:
            raise StageError(f"{path} is missing or damaged ({type(error).__name__}): run `dvc repro`") from None
        head, *sections = card.text.strip().split("\n## ")
        parts = {title: body.strip() for title, _, body in (section.partition("\n") for section in sections)}
        lines = head.splitlines()
        notes = {mark: line.removeprefix(mark) for line in lines for mark in (STARTED, LIMITS) if line.startswith(mark)}
        if not (parts.keys() >= {"Parameters", "Scores", "Use"} and notes.keys() >= {STARTED, LIMITS}):
            raise StageError(f"{path} is not the card that the pipeline wrote: delete {folder} and run `dvc repro`")
        return cls(
            kind=manifest.kind,
            library=card.data.get("library_name"),
            made=next(line for line in lines if line and not line.startswith("#")).partition(LABELS)[0],
            started_from=notes[STARTED],
            limits=notes[LIMITS],
            parameters=parts["Parameters"],
            validation="\n".join(TABLE.findall(parts["Scores"])),
            use=parts["Use"],
        )

    def exported(self, folder: Path) -> Self:
        """Return the notes of the model's export in 8 bits, which lies in `folder`."""
        made = f"{self.made} Exported to ONNX, its weights rounded to 8 bits, so that it predicts without PyTorch."
        use = f"```python\n{APPROACHES['onnx'].usage.format(folder=folder)}\n```"
        return replace(self, kind="onnx", library=APPROACHES["onnx"].library, made=made, use=use)

    @property
    def seeds(self) -> dict[str, int]:
        """The seeds among the parameters, by name."""
        return {match["name"]: int(match["value"]) for match in SEED.finditer(self.parameters)}


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
    """The hub's name of a licence, and the licences of what the model was made from."""

    identifier: str
    of: dict[str, str]


@dataclass(frozen=True, slots=True)
class Origin:
    """What the models of a task are made from."""

    task: Task
    encoder_name: str
    encoder: Encoder
    limit: int | None = None  # texts of a split, where it is a rehearsal

    def licence(self, kind: str) -> Licence:
        """Return the licence of a model of a kind: that of its texts and of its encoder, if they agree."""
        of = {"the texts": self.task.licence} if APPROACHES[kind].trained else {}
        if kind == "vader":
            of["VADER, its lexicon and rules"] = "MIT"
        if APPROACHES[kind].uses_encoder:
            of[f"the encoder {self.encoder_name}"] = self.encoder.licence
        named = {part.split()[0].lower() for line in of.values() for part in line.split(";") if part.split()}
        return Licence(named.pop() if len(named) == 1 and named <= LICENCES else OTHER, of)

    def base_model(self, kind: str) -> str | None:
        """Return the hub's name of the encoder that a model of a kind was made from, if it has one."""
        if not APPROACHES[kind].uses_encoder:
            return None
        return next(iter(_on_hub(self.encoder.source, "model")), ON_THE_HUB.get(self.encoder_name))

    def datasets(self) -> list[str]:
        """Return the hub's names of the data sets that the texts come from."""
        return _on_hub(self.task.source, "dataset")

    def sources(self) -> list[str]:
        """Return where the texts come from, each source with its checksum."""
        return [_source(part) for part in _parts(self.task.source)]

    def works(self, kind: str) -> list[str]:
        """Return what to cite: the works that the licences name, and that on the encoder."""
        names = " ".join(f"{what} {line}" for what, line in self.licence(kind).of.items())
        return [work for name, work in WORKS.items() if re.search(re.escape(name), names, re.IGNORECASE)]


def _parts(source: Source) -> Sequence[OneSource]:
    return list(source.parts.values()) if isinstance(source, SeveralSource) else [source]


def _on_hub(source: Source, kind: str) -> list[str]:
    return [part.repository for part in _parts(source) if isinstance(part, HubSource) and part.type == kind]


def _source(part: OneSource) -> str:
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
    address = f"`{part.filename}`" if part.address.startswith("file:") else f"<{part.address}>"
    return f"{address} ({algorithm} `{digest}`)"


@dataclass(frozen=True, slots=True)
class Results:
    """What was measured of one model, in the form of the results of the stage `evaluate`."""

    scores: Mapping[str, Any]
    approaches: Sequence[str]  # what it is compared with, and its own name; of the baseline only the latter
    source: Path
    stage: str  # that measures it again
    size: str = ""  # of an export: a sentence
    flips: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # by rewriting

    @classmethod
    def of_approach(cls, task: str, approach: str, baseline: str) -> Self:
        """Read the results of an approach, compared with the baseline.

        Raises:
            StageError: they are missing or damaged.
        """
        source, rewrites = paths.results("evaluate", task, "scores"), measured("robustness", task)["rewrites"]
        try:
            flips = {name.replace("_", " "): one["approaches"][approach]["flips"] for name, one in rewrites.items()}
        except KeyError as error:
            raise StageError(f"robustness of {task} has no {error}: run `dvc repro robustness@{task}`") from None
        approaches = list(dict.fromkeys([baseline, approach]))
        return cls(read_json(source), approaches, source, f"evaluate@{task}", flips=flips)

    @classmethod
    def of_export(cls, task: str, approach: str) -> Self:
        """Read the results of the export of an approach, compared with the approach itself.

        Raises:
            StageError: they are missing or damaged.
        """
        source, stage = paths.results("export", task, approach), f"export@{task}"
        results, name = read_json(source), f"{approach}-int8"
        try:
            original, exported, test = (results[key] for key in ("float", "int8", "versus"))
            megabytes, share = exported["bytes"] / 1e6, exported["bytes"] / original["bytes"]
            size = (
                f"It takes {thousands(megabytes)} MB, {percent(share, 0)} of what it was made from, and predicts the "
                f"same on {percent(results['agreement'])} of the texts."
            )
            # A single test needs no correction.
            versus = {name: {**test, "holm_p": test.get("accuracy_p", test["mcnemar_p"])}}
        except KeyError as error:
            raise StageError(f"{source} has no {error}: run `dvc repro {stage}`") from None
        scores = {approach: original, name: exported, "versus": versus, "transfer": {}, "graded": {}, "retained": {}}
        return cls(scores, [approach, name], source, stage, size)

    @property
    def sets(self) -> dict[str, Mapping[str, Any]]:
        """The scores of the model by set of texts: `test`, then those of other kinds."""
        sets = {"test": self.scores, **self.scores["transfer"]}
        return {name: scores[self.approaches[-1]] for name, scores in sets.items()}

    def blocks(self, alpha: float) -> Iterator[Finding | Table | str]:
        """Yield the tables of scores, then the findings about the model."""
        scores, approaches, tests = self.scores, self.approaches, self.scores["versus"]
        yield scores_table(scores, approaches, alpha)
        if scores["transfer"]:
            yield transfer_table(scores, approaches, alpha)
        if len(approaches) == 1:
            yield "It is the baseline: the other approaches are compared with it."
            return
        test = "a swap test of whole groups" if "accuracy_p" in tests[approaches[-1]] else "McNemar's exact test"
        corrected = f", corrected by Holm for {len(tests)} tests" if len(tests) > 1 else ""
        yield f"The p-value of the difference in accuracy is that of {test}{corrected}."
        yield from baseline_findings(scores, approaches, alpha)
        yield from transfer_findings(scores, approaches, alpha)
        yield from grade_findings(scores, approaches[1:])
        yield from retained_findings(
            {"retained": {name: scores["retained"][name] for name in approaches[1:] if name in scores["retained"]}}
        )
        if self.size:
            yield self.size


# Measure → its type on the hub, its name, and arguments.
MEASURES: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "accuracy": ("accuracy", "accuracy", None),
    "macro_f1": ("f1", "macro-F1", {"average": "macro"}),
    "roc_auc": ("roc_auc", "ROC-AUC", None),
    "log_loss": ("log_loss", "log-loss", None),
}


def _measures(scores: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, float], str, str, dict[str, Any] | None]]:
    yield from ((scores[measure], *described) for measure, described in MEASURES.items() if measure in scores)
    yield from ((score, "f1", f"F1 of {label}", None) for label, score in scores.get("f1", {}).items())


def _split(name: str) -> str:
    return name if name == "test" else f"{TRANSFER}{name}"


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a model when it is published; `rows` are the texts of each split, in all and by label."""

    name: str  # task/approach, or task/approach-int8
    notes: ModelNotes
    origin: Origin
    results: Results
    rows: Mapping[str, Mapping[str, int]]
    settings: Evaluate

    def text(self) -> str:
        """Return the card as Markdown, with the metadata that the hub reads."""
        kind, task, labels = self.notes.kind, self.origin.task, [f"`{label}`" for label in self.origin.task.labels]
        # It is Markdown, in which an escaped apostrophe would show.
        environment = Environment(  # noqa: S701
            loader=FileSystemLoader(Path(__file__).parent),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        try:
            head, scores = self.metadata().to_yaml(), "\n".join(markdown(self._scores()))
            limits = list(self._limits())
        except KeyError as error:
            source, stage = self.results.source, self.results.stage
            raise StageError(f"{source} has no {error} for {self.name}: run `dvc repro {stage}`") from None
        text = environment.get_template("card.md.j2").render(
            head=head,
            name=self.name,
            model=self.notes,
            warning=rehearsal(self.origin.limit),
            task=task,
            labels=" or ".join([", ".join(labels[:-1]), labels[-1]]),
            training_data=self._training_data(),
            splits=self._splits().markdown,
            sources=self.origin.sources(),
            licence=self.origin.licence(kind),
            works=self.origin.works(kind),
            scores=scores,
            limits=limits,
            **self._stages(),
            seeds={"split": task.split.seed, **self.notes.seeds, "bootstrap": self.settings.seed},
        )
        return text.rstrip() + "\n"

    def metadata(self) -> ModelCardData:
        """Return the head of the card, with each score as a result of the hub."""
        task, kind = self.origin.task, self.notes.kind
        licence = self.origin.licence(kind).identifier
        results = [
            EvalResult(
                task_type="text-classification",
                task_name="Text Classification",
                dataset_type=self.name.split("/")[0],
                dataset_name=f"{task.title} ({name})",
                dataset_split=_split(name),
                metric_type=metric,
                metric_value=score["value"],
                metric_name=title,
                metric_args=arguments,
            )
            for name, scores in self.results.sets.items()
            for score, metric, title, arguments in _measures(scores)
        ]
        return ModelCardData(
            language=task.language,
            license=licence,
            license_name="see-card" if licence == OTHER else None,
            library_name=self.notes.library,
            pipeline_tag="text-classification",
            tags=["decortique", kind],
            base_model=self.origin.base_model(kind),
            datasets=self.origin.datasets() or None,
            metrics=list(dict.fromkeys(result.metric_type for result in results)),
            model_name=self.name,
            eval_results=results,
        )

    def _stages(self) -> dict[str, str]:
        task, approach = self.name.split("/")
        if self.notes.kind == "onnx":
            export = f"export@{task}-{approach.removesuffix('-int8')}"
            return {"stage": export, "scored": export}
        return {"stage": f"predict@{task}-{approach}", "scored": f"evaluate@{task}"}

    def _training_data(self) -> str:
        if not APPROACHES[self.notes.kind].trained:
            return "It was trained on none of these texts."
        pool = " and, with its teacher's labels, on `pool`" if "| texts.pool | True |" in self.notes.parameters else ""
        return f"It was trained on `train`{pool}; this version was chosen by `validation`; it has not seen the others."

    def _splits(self) -> Table:
        labels, first = self.origin.task.labels, ("train", "validation", "test")
        splits = dict.fromkeys([*first, *sorted(self.rows)])
        rows = [
            [split, *(thousands(self.rows[split].get(key, 0)) for key in ("all", *labels))]
            for split in splits
            if split in self.rows
        ]
        return Table(["split", "texts", *(f"`{label}`" for label in labels)], rows, "")

    def _scores(self) -> Iterator[Finding | Table | str]:
        tested, confidence = self.rows["test"], self.settings.confidence
        groups = ", resampled by whole groups" if self.origin.task.split.keep_groups else ""
        texts, level = thousands(tested["all"]), percent(confidence, 0)
        yield f"Intervals are {level} bootstrap intervals over the {texts} texts of `test`{groups}."
        yield from self.results.blocks(round(1 - confidence, 9))  # 1 - 0.95 is more than 0.05
        frequent = max(self.origin.task.labels, key=lambda label: tested.get(label, 0))
        yield f"Always predicting `{frequent}` has an accuracy of {decimal(tested[frequent] / tested['all'])}."

    def _limits(self) -> Iterator[str]:
        others = dict(self.results.sets)
        scores = others.pop("test")
        for name, other in others.items():
            here, there = scores["accuracy"], other["accuracy"]
            relation = "within the uncertainty of that on"
            if there["high"] < here["low"] or there["low"] > here["high"]:
                relation = "lower than on" if there["value"] < here["value"] else "higher than on"
            yield f"On `{name}` its accuracy is {interval(there)}, {relation} the test set."
        if not others:
            yield "It was not measured on anything but the test set."
        if "calibration_error" in scores:
            off, bins = decimal(scores["calibration_error"]), self.settings.calibration_bins
            label = self.origin.task.labels[-1]
            yield f"Its probability of `{label}` is off by {off} on average (expected calibration error, {bins} bins)."
        if self.results.flips:
            flips = ", ".join(f"{rewrite} {interval(score)}" for rewrite, score in self.results.flips.items())
            yield f"Share of its predictions that flip when the test texts are rewritten by rule: {flips}."


def card_texts(
    task: str, origin: Origin, approaches: Sequence[str], exported: Sequence[str], settings: Evaluate
) -> dict[str, str]:
    """Return the text of the card of each approach of a task, and of each export in 8 bits, by name of the model.

    Raises:
        StageError: a model folder, or what was measured of it, is missing or damaged.
    """
    rows = measured("prepare", task)["rows"]
    texts = {}
    for approach in approaches:
        notes = ModelNotes.read(paths.model(task, approach))
        results = Results.of_approach(task, approach, approaches[0])
        texts[approach] = Card(f"{task}/{approach}", notes, origin, results, rows, settings).text()
    for approach in exported:
        notes = ModelNotes.read(paths.model(task, approach)).exported(paths.export(task, approach))
        results = Results.of_export(task, approach)
        name = f"{approach}-int8"
        texts[name] = Card(f"{task}/{name}", notes, origin, results, rows, settings).text()
    return texts


def write_cards(cards: Mapping[str, Mapping[str, str]]) -> None:
    """Write the texts of model cards, by task and name, into a folder for each task."""
    for task, texts in cards.items():
        with new_folder(paths.cards(task)) as folder:
            for name, text in texts.items():
                (folder / f"{name}.md").write_text(text, encoding="utf-8")
