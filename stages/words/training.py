"""word2vec, trained by gensim so that the same texts always give the same vectors."""

import zlib
from collections.abc import Iterable, Sequence

from gensim.models import KeyedVectors, Word2Vec

from stages.errors import StageError
from stages.settings.word2vec import Word2vec


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
