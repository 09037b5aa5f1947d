"""A model folder: its manifest, its card, and what its classifier predicts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, Self

import numpy as np
from pydantic import BaseModel, ValidationError

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.core.files import new_folder, read_json, write_json
from decortique.data.task_settings import Task


@contextmanager
def told_of(folder: Path) -> Iterator[None]:
    """Turns what goes wrong in the loading of a folder into one line.

    Raises:
        StageError: in place of what ONNX Runtime and the tokenizer's core raise, which has no class in common.
    """
    try:
        yield
    except StageError:
        raise
    except Exception as error:  # noqa: BLE001
        reason = " ".join(str(error).split())[:200]
        raise StageError(f"{folder} cannot be loaded ({reason}): run `dvc repro` to make it anew") from None


@dataclass(frozen=True, slots=True)
class Predictions:
    """The probability of each label, and what further heads say."""

    probability: np.ndarray  # (texts, classes) float64
    others: Mapping[str, np.ndarray] = field(default_factory=dict)  # (texts, classes) probabilities or (texts,) numbers


Done = Callable[[int], object]


class Classifier(Protocol):
    """An approach that is ready to predict."""

    def predict(self, texts: Sequence[str], done: Done) -> Predictions:
        """Gives probabilities, and what further heads say; `done` is told how many texts each step took."""


FILE = "approach.json"
ZERO_SHOT = "zero_shot.json"  # beside it, where the kind is zero-shot: the descriptions of the labels


Kind = Literal["bag-of-words", "transformer", "onnx", "static", "vader", "zero-shot"]


class Manifest(BaseModel):
    """Which classifier loads the folder, what it predicts between, and whom it learnt from."""

    kind: Kind
    labels: list[str]
    teacher: str | None = None

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads the manifest of a model folder.

        Raises:
            StageError: there is none, or it is damaged.
        """
        try:
            return cls.model_validate(read_json(folder / FILE))
        except ValidationError as error:
            raise StageError(f"{folder / FILE} is damaged ({error.error_count()} errors): run `dvc repro`") from None

    def write(self, folder: Path) -> None:
        """Writes the manifest into a model folder."""
        write_json(folder / FILE, self.model_dump())


LIBRARY = {"bag-of-words": "sklearn", "transformer": "transformers", "onnx": "onnx"}
USE = {
    "transformer": """from transformers import pipeline

pipeline("text-classification", "{folder}")("a text")""",
    "onnx": """import numpy as np
from onnxruntime import InferenceSession
from tokenizers import Tokenizer

tokens = Tokenizer.from_file("{folder}/tokenizer.json").encode("a text")
inputs = dict(input_ids=np.array([tokens.ids]), attention_mask=np.array([tokens.attention_mask]))
logits = InferenceSession("{folder}/model.onnx").run(["logits"], inputs)""",
}
USE_HERE = """from pathlib import Path

from decortique.models.loading import load_classifier
from decortique.core.run_settings import Compute

_, classifier = load_classifier(Path("{folder}"), Compute.load())
classifier.predict(["a text"], lambda done: None)"""


def write_card(
    folder: Path,
    *,
    name: str,
    kind: str,
    task: Task,
    made: str,
    made_from: str,
    limits: str,
    settings: Mapping[str, Any],
    scores: Mapping[str, float],
) -> None:
    """Writes `README.md` into a model folder, in the form the Hugging Face hub reads.

    Args:
        folder: the model folder as it is being made.
        name: what the model is called in this pipeline, `task/approach`.
        kind: as in its manifest.
        task: what it predicts, and on which data.
        made: one sentence on how it was made.
        made_from: what it started from.
        limits: one sentence on what not to expect.
        settings: what it was made with; groups of them are mappings.
        scores: of the validation set, by measure; empty if nothing was trained.
    """
    from huggingface_hub import ModelCard, ModelCardData  # takes a while, and only who writes a card needs it

    data = ModelCardData(
        language=task.language, library_name=LIBRARY.get(kind), pipeline_tag="text-classification", tags=["decortique"]
    )
    exported = kind == "onnx"
    place = (paths.export if exported else paths.model)(*name.split("/"))
    tested = paths.results_folder("export" if exported else "evaluate", name.partition("/")[0])
    parameters = "\n".join(f"| {key} | {value} |" for key, value in _flat(settings))
    measured = "\n".join(f"| {measure} | {value:.4f} |" for measure, value in scores.items())
    chosen = f"Those on validation, by which this version was chosen:\n\n| measure | value |\n|---|---|\n{measured}"
    ModelCard(
        f"""---
{data.to_yaml()}
---

# {name}

{made} It predicts between {" and ".join(f"`{label}`" for label in task.labels)}: {task.title.lower()}.

- **Data**: {task.title}, language `{task.language}`. Licence: {task.licence}.
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
{USE.get(kind, USE_HERE).format(folder=place)}
```
"""
    ).save(folder / "README.md")


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yields (dotted name, value) of settings; of a list of groups, each by its place."""
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
            value = {str(place): one for place, one in enumerate(value)}  # noqa: PLW2901
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def write_model(
    task: str,
    approach: str,
    kind: Kind,
    save: Callable[[Path], None],
    *,
    described: Task,
    settings: Mapping[str, Any],
    scores: Mapping[str, float],
    made: str,
    made_from: str,
    limits: str,
    teacher: str | None = None,
) -> None:
    """Writes the folder of an approach of a task.

    Args:
        task: its name.
        approach: the name of the folder.
        kind: what loads it.
        save: writes the model's own files into a folder.
        described: the task.
        settings: it was made with.
        scores: of the validation set.
        made: one sentence on how it was made.
        made_from: what it started from.
        limits: one sentence on what not to expect.
        teacher: the approach it learnt from, if any.
    """
    with new_folder(paths.model(task, approach)) as folder:
        save(folder)
        Manifest(kind=kind, labels=described.labels, teacher=teacher).write(folder)
        write_card(
            folder,
            name=f"{task}/{approach}",
            kind=kind,
            task=described,
            made=made,
            made_from=made_from,
            settings=settings,
            scores=scores,
            limits=limits,
        )
