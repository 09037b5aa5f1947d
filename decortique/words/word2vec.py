"""Training word2vec, and the model card of its vectors."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from gensim.models import KeyedVectors, Word2Vec
from huggingface_hub import ModelCard, ModelCardData

from decortique.core import paths
from decortique.core.files import StageError
from decortique.words.corpus import Sentence
from decortique.words.settings import Word2vec
from decortique.words.vectors import VECTORS


class Words:
    """The words of texts for gensim, which iterates several times; `done` is called with 1 after each text."""

    def __init__(self, sentences: Iterable[Sentence], done: Callable[[int], object] = lambda _: None) -> None:
        self.sentences, self.done = sentences, done

    def __iter__(self) -> Iterator[list[str]]:
        self.texts = self.words = 0  # of this iteration
        for sentence in self.sentences:
            self.texts, self.words = self.texts + 1, self.words + len(sentence.words)
            self.done(1)
            yield [word.form for word in sentence.words]


def train_word2vec(texts: Iterable[Sequence[str]], settings: Word2vec) -> KeyedVectors:
    """Train word2vec (Mikolov et al., 2013) with one worker, so that the same texts give the same vectors."""
    try:
        model = Word2Vec(
            sentences=texts,
            sg=int(settings.architecture == "skip_gram"),
            vector_size=settings.dimensions,
            window=settings.window,
            negative=settings.negative,
            min_count=settings.min_count,
            epochs=settings.epochs,
            alpha=settings.learning_rate,
            seed=settings.seed,
            workers=1,
            hashfxn=lambda word: zlib.crc32(word.encode()),  # Python's own hash differs from process to process
        )
    except RuntimeError as error:  # gensim: "you must first build vocabulary before training the model"
        fault = f"word2vec.min_count is {settings.min_count}: no word occurs as often ({error})"
        raise StageError(f"params.yaml: {fault}") from None
    return model.wv


def write_card(folder: Path, code: str, tasks: Sequence[str], settings: Word2vec, counted: Mapping[str, float]) -> None:
    """Write the model card `README.md` of vectors; `tasks` are those whose texts were read, `counted` the results."""
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
