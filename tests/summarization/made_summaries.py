"""Sentences whose clusters are plain to see, and helpers to summarise them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from decortique.data.settings import Collection
from decortique.evaluation.settings import Evaluate
from decortique.summarization.choosing import Budget, Summary, choose_sentences
from decortique.summarization.groups import Group, Opinions, groups_of
from decortique.summarization.rating import SummaryScorer
from decortique.summarization.settings import Summarize, Summarizer
from decortique.summarization.vectors import Texts, dense, represent, tfidf

EVALUATE = Evaluate(resamples=100, confidence=0.95, calibration_bins=5, seed=0)

# Six reviews of a battery, four of a screen, and two of a price.
BATTERY = [
    "The battery lasts two days.",
    "A battery that lasts for days!",
    "Battery life is great, it lasts two days.",
    "I like that the battery lasts so long.",
    "The battery lasts.",
    "My battery lasts two days.",
]
SCREEN = [
    "The screen is too dark.",
    "Screen too dark in the sun.",
    "A dark screen.",
    "The screen: dark, much too dark.",
]
PRICE = ["The price went up again.", "Its price went up."]
REVIEWS = [BATTERY[0], SCREEN[0], *BATTERY[1:4], PRICE[0], *SCREEN[1:], *BATTERY[4:], PRICE[1]]

FRENCH = [
    "La batterie tient deux jours.",
    "L'écran est trop sombre.",
    "Une batterie qui tient longtemps !",
    "L'écran est sombre en été.",
    "La batterie tient bien.",
    "Le prix a été relevé.",
]


def summarizer(**changes: Any) -> Summarizer:
    """Return settings of clusters, on the words of the sentences."""
    shipped = {
        "representation": "tfidf",
        "method": "kmeans",
        "per_sentence": 1,
        "word_weight": 0.5,
        "exchange": True,
        "redundancy": 0.0,
    }
    return Summarizer.model_validate({**shipped, "seed": 0, **changes})


def settings(**changes: Any) -> Summarize:
    opinion = {"task": "opinion", "approach": "static"}
    given = {"clusters": summarizer(), "n_random": 5, "opinion": opinion, "max_examples": 2, "seed": 0}
    return Summarize.model_validate({**given, **changes})


def collection(**changes: Any) -> Collection:
    described = {
        "title": "Reviews",
        "language": "en",
        "licence": "none",
        "labels": [],
        "source": {"kind": "folder", "path": ".", "files": {"a.csv": "a.csv"}},
        "reader": {"format": "table", "files": {"a.csv": "all"}, "text": "text", "label": None},
        "split_sentences": False,
        "min_texts": 5,
        "max_groups": None,
        "held_out": 0,
        "sentences": 2,
        "opinion": False,
        "seed": 0,
    }
    return Collection.model_validate({**described, **changes})


def summary(
    texts: Sequence[str], budget: Budget, *, candidates: Sequence[int] = (2, 3, 4), language: str = "en", **changes: Any
) -> Summary:
    """Summarise sentences by their words."""
    return choose_sentences(texts, tfidf(texts, language), budget, summarizer(**changes), candidates)


def scorer(texts: Sequence[str], held_out: Sequence[str] = (), language: str = "en", **changes: Any) -> SummaryScorer:
    """Return a scorer of summaries of some sentences, by the vectors of their words."""
    vectors = dense(tfidf([*texts, *held_out], language))
    of_texts, apart = vectors[: len(texts)], vectors[len(texts) :]
    return SummaryScorer(texts, language, of_texts, held_out=held_out, held_out_vectors=apart, **changes)


def gathered(texts: Mapping[str, Sequence[str]], labels: Sequence[str | None] = (), language: str = "en") -> Texts:
    """Return texts by group, with the vectors of their words for those of an encoder."""
    flat = [(group, text) for group, group_texts in texts.items() for text in group_texts]
    sentences = [text for _, text in flat]
    ids = [f"{group}-{number}" for group, group_texts in texts.items() for number in range(len(group_texts))]
    vectors = dense(tfidf(sentences, language)) if sentences else np.empty((0, 0), np.float32)
    return Texts(language, ids, sentences, [group for group, _ in flat], list(labels) or [None] * len(flat), vectors)


def groups(
    seen: Texts,
    held_texts: Texts | None = None,
    references: Mapping[str, Sequence[str]] | None = None,
    opinions: Opinions | None = None,
) -> list[Group]:
    """Return the groups of some texts, clustered by their words."""
    represented = partial(represent, "tfidf", seen, {})
    return list(groups_of(seen, held_texts or gathered({}), represented, references or {}, opinions))
