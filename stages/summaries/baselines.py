"""What else a summary could be made by: the first sentences, sentences by lot, the centre, and tools for it (sumy)."""

import logging
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
from sumy.models.dom import Sentence
from sumy.nlp.stemmers import Stemmer
from sumy.summarizers.lex_rank import LexRankSummarizer
from sumy.summarizers.text_rank import TextRankSummarizer
from sumy.utils import get_stop_words

from stages.words.splitting import forms

log = logging.getLogger(__name__)

RANKERS = {"lexrank": LexRankSummarizer, "textrank": TextRankSummarizer}


def first(texts: Sequence[str], sentences: int) -> list[int]:
    """Gives the places of the first sentences: of news, a summary that is hard to beat."""
    return list(range(min(sentences, len(texts))))


def by_lot(texts: Sequence[str], sentences: int, random: np.random.Generator) -> list[int]:
    """Draws sentences."""
    return sorted(random.permutation(len(texts))[:sentences].tolist())


def nearest_to_centre(vectors: np.ndarray, sentences: int, among: np.ndarray | None = None) -> list[int]:
    """Gives the sentences whose vectors are nearest to the mean of all (Radev et al., 2004).

    Args:
        vectors: (texts, width).
        sentences: how many.
        among: (texts,) which may be taken; None for all.
    """
    near = vectors @ vectors.mean(axis=0)
    if among is not None:
        near = np.where(among, near, -np.inf)
    return sorted(np.argsort(-near, kind="stable")[:sentences].tolist())


def rankers(language: str) -> list[str]:
    """Gives the rankers that know a language, and tells if none does."""
    try:
        Stemmer(language)
        get_stop_words(language)
    except LookupError as error:
        log.warning("no LexRank and no TextRank in %r: %s", language, error)
        return []
    return list(RANKERS)


def ranked(name: str, texts: Sequence[str], sentences: int, language: str) -> list[int]:
    """Gives the sentences that a ranker of sumy chooses, with its stemmer and stop words, as its documentation has it.

    Args:
        name: `lexrank` (Erkan & Radev, 2004) or `textrank` (Mihalcea & Tarau, 2004).
        texts: compared each with each, in pure Python: of thousands, that takes minutes.
        sentences: how many.
        language: two-letter code.
    """
    ranker = RANKERS[name](Stemmer(language))
    ranker.stop_words = get_stop_words(language)
    # sumy's own tokenizer would fetch its rules from the web.
    rows = [Sentence(text, SimpleNamespace(to_words=forms)) for text in texts]
    places = {id(row): place for place, row in enumerate(rows)}
    return sorted(places[id(row)] for row in ranker(SimpleNamespace(sentences=rows), sentences))
