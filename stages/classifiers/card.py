"""Model cards: what a model folder is, for whoever finds it without this project."""

from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import ModelCard, ModelCardData

from stages.settings.task import Task

USE = {
    "bag-of-words": """from stages.classifiers.bag_of_words import BagOfWordsClassifier

BagOfWordsClassifier.load(Path("{folder}")).probabilities(["a text"], lambda _: None)""",
    "transformer": """from transformers import pipeline

pipeline("text-classification", "{folder}")("a text")""",
}


def write_card(
    folder: Path,
    *,
    name: str,
    kind: str,
    task: Task,
    made: str,
    made_from: str,
    scores: Mapping[str, float],
    limits: str,
) -> None:
    """Writes `README.md` into a model folder, in the form the Hugging Face hub reads.

    Args:
        folder: the model folder as it is being made.
        name: what the model is called in this pipeline, `task/approach`.
        kind: `bag-of-words` or `transformer`.
        task: what it decides, and on which data.
        made: one sentence on how it was made.
        made_from: the model it started from.
        scores: of the validation set, by measure.
        limits: one sentence on what not to expect.
    """
    data = ModelCardData(
        language=task.language,
        pipeline_tag="text-classification",
        library_name="transformers" if kind == "transformer" else "sklearn",
        tags=["decortique", *([] if kind == "transformer" else ["skops"])],
    )
    table = "\n".join(f"| {measure} | {value:.4f} |" for measure, value in scores.items())
    text = f"""---
{data.to_yaml()}
---

# {name}

{made} It decides between {" and ".join(f"`{label}`" for label in task.labels)}: {task.title.lower()}.

- **Data**: {task.title}, language `{task.language}`. Licence: {task.licence}.
- **Started from**: {made_from}.
- **Limits**: {limits}

## Scores on validation

| measure | value |
|---|---|
{table}

The scores on the test set, with intervals and paired tests, are in `metrics/evaluate/` of the pipeline. The parameters
of this model are those of `params.yaml` beside them.

## Use

```python
{USE[kind].format(folder=f"data/models/{name}")}
```
"""
    ModelCard(text).save(folder / "README.md")
