"""The card of a folder of static vectors."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from huggingface_hub import ModelCard, ModelCardData

from stages.artifacts import paths
from stages.settings.word2vec import Word2vec
from stages.words.vectors import VECTORS


def write_card(folder: Path, code: str, tasks: Sequence[str], settings: Word2vec, counted: Mapping[str, float]) -> None:
    """Writes `README.md` into a folder of vectors, in the form the Hugging Face hub reads.

    Args:
        folder: as it is being made.
        code: of the language.
        tasks: whose texts were read.
        settings: the vectors were trained with.
        counted: of the texts, as in the stage's metrics.
    """
    data = ModelCardData(language=code, library_name="gensim", tags=["decortique", "word2vec"])
    parameters = "\n".join(f"| {key} | {value} |" for key, value in settings.model_dump().items())
    ModelCard(
        f"""---
{data.to_yaml()}
---

# word2vec/{code}

One vector per word, whatever stands beside it: word2vec, trained on {counted["words"]:,} words of {counted["texts"]:,}
texts. {counted["vocabulary"]:,} words occur often enough to have one.

- **Data**: all texts of {" and ".join(f"`catalogue/tasks/{name}.yaml`" for name in tasks)}, where their sources
  and licences are; no label was read.
- **Meant for**: being compared with a transformer's vectors of words in context.
- **Limits**: a corpus this small gives vectors of its own topics; its judgments on words are in
  `{paths.results("pronouns", code, "similarity")}`, beside those of vectors trained on far more.

```python
from gensim.models import KeyedVectors

KeyedVectors.load_word2vec_format("{paths.word2vec(code) / VECTORS}", binary=True).most_similar("…")
```

| parameter | value |
|---|---|
{parameters}
"""
    ).save(folder / "README.md")
