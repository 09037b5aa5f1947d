"""A model folder: the kinds of approaches, the manifest, the card, and what a classifier predicts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from pydantic import BaseModel, ValidationError, field_validator

from decortique.core import paths
from decortique.core.files import StageError, new_folder, read_json, write_json
from decortique.data.settings import Task

Done = Callable[[int], object]  # called with how many texts each step took


@dataclass(frozen=True, slots=True)
class Predictions:
    """The probability of each label, and the outputs of further heads."""

    probability: np.ndarray  # (texts, classes) float64
    others: Mapping[str, np.ndarray] = field(default_factory=dict)  # (texts, classes) probabilities or (texts,) numbers


class Classifier(Protocol):
    """An approach that is ready to predict."""

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Return the probability of each label, and the outputs of further heads."""


USE_PIPELINE = """from transformers import pipeline

pipeline("text-classification", "{folder}")("a text")"""
USE_ONNX = """import numpy as np
from onnxruntime import InferenceSession
from tokenizers import Tokenizer

tokens = Tokenizer.from_file("{folder}/tokenizer.json").encode("a text")
inputs = dict(input_ids=np.array([tokens.ids]), attention_mask=np.array([tokens.attention_mask]))
logits = InferenceSession("{folder}/model.onnx").run(["logits"], inputs)"""
USE_DECORTIQUE = """from pathlib import Path

from decortique.models.loading import load_classifier
from decortique.core.settings import Compute

_, classifier = load_classifier(Path("{folder}"), Compute.load())
classifier.predict(["a text"], lambda done: None)"""


class ApproachKind(NamedTuple):
    """What loads a kind of model folder, and what its card says.

    Attributes:
        classifier: `module:Class`, whose `Class.load(folder, compute, labels)` returns a `Classifier`. It is a text, so
            that a stage that writes one kind of folder does not depend on the code of all of them.
        library: by which the Hugging Face hub loads it.
        usage: the code on its card; `{folder}` is replaced by its path.
        trained: whether it was trained on the texts of the task, under whose licence it then comes.
        uses_encoder: whether it holds weights of the encoder of the run.
        made_from: of what an off-the-shelf kind is made.
    """

    classifier: str
    library: str | None = None
    usage: str = USE_DECORTIQUE
    trained: bool = True
    uses_encoder: bool = True
    made_from: str = ""


# A new kind of approach is a module with a classifier, and a line here: see docs/new-approach.md.
APPROACHES = {
    "bag-of-words": ApproachKind("decortique.models.bag_of_words:BagOfWordsClassifier", "sklearn", uses_encoder=False),
    "transformer": ApproachKind("decortique.models.heads:TransformerClassifier", "transformers", USE_PIPELINE),
    "onnx": ApproachKind("decortique.models.onnx:OnnxClassifier", "onnx", USE_ONNX),
    "static": ApproachKind("decortique.models.static:StaticClassifier"),
    "stacked": ApproachKind("decortique.models.stacked:StackedClassifier"),
    "vader": ApproachKind(
        "decortique.models.vader:VaderClassifier",
        trained=False,
        uses_encoder=False,
        made_from="the lexicon and rules of VADER (Hutto & Gilbert, 2014), MIT licence",
    ),
    "zero-shot": ApproachKind(
        "decortique.models.encoder:ZeroShotClassifier",
        trained=False,
        made_from="the encoder of the run, and a description of each label",
    ),
}

FILE = "approach.json"


class Manifest(BaseModel):
    """Which classifier loads a model folder, its labels, and the approach that was its teacher."""

    kind: str
    labels: list[str]
    teacher: str | None = None

    @field_validator("kind")
    @classmethod
    def _is_registered(cls, kind: str) -> str:
        if kind not in APPROACHES:
            raise ValueError(f"{kind!r} is none of {', '.join(APPROACHES)}")
        return kind

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the manifest of a model folder.

        Raises:
            StageError: there is none, or it is damaged.
        """
        try:
            return cls.model_validate(read_json(folder / FILE))
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            raise StageError(f"{folder / FILE} is damaged ({where}: {problem['msg']}): run `dvc repro`") from None

    def write(self, folder: Path) -> None:
        """Write the manifest into a model folder."""
        write_json(folder / FILE, self.model_dump())


def settings_file(kind: str) -> str:
    """Return the name of the file of a model folder that holds the settings of an off-the-shelf kind."""
    return f"{kind.replace('-', '_')}.json"


@contextmanager
def as_stage_error(folder: Path) -> Iterator[None]:
    """Raise a `StageError` of one line for anything that goes wrong while a folder is loaded.

    The errors of ONNX Runtime and of the tokenizer's Rust core have no class in common.
    """
    try:
        yield
    except StageError:
        raise
    except Exception as error:  # noqa: BLE001
        reason = " ".join(str(error).split())[:200]
        raise StageError(f"{folder} cannot be loaded ({reason}): run `dvc repro` to make it anew") from None


def write_model(task: str, approach: str, kind: str, save: Callable[[Path], object], **description: Any) -> None:
    """Write the folder of an approach: the files that `save` writes, and its description (see `describe_model`)."""
    with new_folder(paths.model(task, approach)) as folder:
        save(folder)
        describe_model(folder, f"{task}/{approach}", kind, **description)


def describe_model(
    folder: Path,
    name: str,
    kind: str,
    *,
    described: Task,
    settings: Mapping[str, Any],
    scores: Mapping[str, float],
    made: str,
    made_from: str,
    limits: str,
    teacher: str | None = None,
) -> None:
    """Write the manifest of a model folder, and its card: `README.md` in the form that the Hugging Face hub reads.

    Args:
        folder: the model folder as it is being made.
        name: `task/approach`.
        kind: one of `APPROACHES`.
        described: the task.
        settings: what it was made with; groups of them are mappings.
        scores: of the validation set, by measure; empty if nothing was trained.
        made: one sentence on how it was made.
        made_from: what it started from.
        limits: one sentence on what not to expect.
        teacher: the approach that was its teacher.
    """
    from huggingface_hub import ModelCard, ModelCardData  # takes a while, and only who writes a card needs it

    Manifest(kind=kind, labels=described.labels, teacher=teacher).write(folder)
    approach, exported = APPROACHES[kind], kind == "onnx"
    data = ModelCardData(
        language=described.language,
        library_name=approach.library,
        pipeline_tag="text-classification",
        tags=["decortique"],
    )
    path = (paths.export if exported else paths.model)(*name.split("/"))
    tested = paths.results_folder("export" if exported else "evaluate", name.partition("/")[0])
    parameters = "\n".join(f"| {key} | {value} |" for key, value in _flat(settings))
    measured = "\n".join(f"| {measure} | {value:.4f} |" for measure, value in scores.items())
    chosen = f"Those on validation, by which this version was chosen:\n\n| measure | value |\n|---|---|\n{measured}"
    ModelCard(
        f"""---
{data.to_yaml()}
---

# {name}

{made} It predicts between {" and ".join(f"`{label}`" for label in described.labels)}: {described.title.lower()}.

- **Data**: {described.title}, language `{described.language}`. Licence: {described.licence}.
- **Started from**: {made_from}.
- **Limits**: {limits}

## Parameters

| parameter | value |
|---|---|
{parameters}

## Scores

The scores on the test set, with intervals and paired tests, are in `{tested}/` of the pipeline.
{chosen if scores else ""}

## Use

```python
{approach.usage.format(folder=path)}
```
"""
    ).save(folder / "README.md")


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of settings; the groups of a list are named by their indices."""
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
            value = {str(index): one for index, one in enumerate(value)}  # noqa: PLW2901
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        else:
            yield name, value
