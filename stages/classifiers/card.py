"""Model cards: what a model folder is, for whoever finds it without this project."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCard, ModelCardData

from stages.artifacts import paths
from stages.settings.task import Task

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

from stages.classifiers.loading import load_classifier
from stages.settings.chain import Compute

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
        task: what it decides, and on which data.
        made: one sentence on how it was made.
        made_from: what it started from.
        limits: one sentence on what not to expect.
        settings: what it was made with; groups of them are mappings.
        scores: of the validation set, by measure; empty if nothing was trained.
    """
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

{made} It decides between {" and ".join(f"`{label}`" for label in task.labels)}: {task.title.lower()}.

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
