"""What else a summary could be made by: the first sentences, sentences by lot, the centre, and tools for it (sumy)."""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
from sumy.models.dom import Sentence
from sumy.nlp.stemmers import Stemmer
from sumy.summarizers.lex_rank import LexRankSummarizer
from sumy.summarizers.text_rank import TextRankSummarizer
from sumy.utils import get_stop_words

from stages.clustering.vectors import Vectors
from stages.words.splitting import forms

RANKERS = {"lexrank": LexRankSummarizer, "textrank": TextRankSummarizer}


def first(texts: Sequence[str], sentences: int) -> list[int]:
    """Gives the places of the first sentences: of news, a summary that is hard to beat."""
    return list(range(min(sentences, len(texts))))


def by_lot(texts: Sequence[str], sentences: int, random: np.random.Generator) -> list[int]:
    """Draws sentences."""
    return sorted(random.permutation(len(texts))[:sentences].tolist())


def nearest_to_centre(vectors: Vectors, sentences: int) -> list[int]:
    """Gives the sentences whose vectors are nearest to the mean of all (Radev et al., 2004)."""
    centre = np.asarray(vectors.mean(axis=0)).ravel()
    near = np.asarray(vectors @ centre).ravel()
    return sorted(np.argsort(-near, kind="stable")[:sentences].tolist())


def ranked(name: str, texts: Sequence[str], sentences: int, language: str) -> list[int]:
    """Gives the sentences that a ranker of sumy chooses, with its stemmer and stop words, as its documentation has it.

    Args:
        name: `lexrank` (Erkan & Radev, 2004) or `textrank` (Mihalcea & Tarau, 2004).
        texts: compared each with each, in pure Python: thousands take minutes.
        sentences: how many.
        language: two-letter code.
    """
    ranker = RANKERS[name](Stemmer(language))
    ranker.stop_words = get_stop_words(language)
    # sumy's own tokenizer would fetch its rules from the web.
    rows = [Sentence(text, SimpleNamespace(to_words=forms)) for text in texts]
    places = {id(row): place for place, row in enumerate(rows)}
    return sorted(places[id(row)] for row in ranker(SimpleNamespace(sentences=rows), sentences))
