"""Training word2vec, and the card of its vectors."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gensim.models import KeyedVectors, Word2Vec
from huggingface_hub import ModelCard, ModelCardData

from decortique.core import paths
from decortique.core.errors import StageError
from decortique.words.settings import Word2vec
from decortique.words.vectors import VECTORS


def train_word2vec(texts: Iterable[Sequence[str]], settings: Word2vec) -> KeyedVectors:
    """Trains word2vec (Mikolov et al., 2013) with one worker, so that the same texts give the same vectors.

    Args:
        texts: words of each text; iterated over several times.
        settings: how.

    Raises:
        StageError: no word occurs often enough.
    """
    try:
        model = Word2Vec(
            sentences=texts,
            sg=int(settings.architecture == "skip_gram"),
            vector_size=settings.dimensions,
            window=settings.window,
            negative=settings.negative,
            min_count=settings.least,
            epochs=settings.epochs,
            alpha=settings.learning_rate,
            seed=settings.seed,
            workers=1,
            hashfxn=_hash,
        )
    except RuntimeError as error:  # gensim: "you must first build vocabulary before training the model"
        raise StageError(
            f"params.yaml: word2vec.least is {settings.least}: no word occurs as often ({error})"
        ) from None
    return model.wv


def _hash(word: str) -> int:
    """Python's own hash of a text is another one in each process."""
    return zlib.crc32(word.encode())


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
