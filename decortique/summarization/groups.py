"""Groups of texts, summarised by each approach."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from zlib import crc32

import numpy as np
from sklearn.preprocessing import normalize
from sumy.models.dom import Sentence
from sumy.nlp.stemmers import Stemmer
from sumy.summarizers.lex_rank import LexRankSummarizer
from sumy.summarizers.text_rank import TextRankSummarizer
from sumy.utils import get_stop_words

from decortique.core import paths
from decortique.core.progress import progress
from decortique.core.run_settings import Compute
from decortique.data.text import forms
from decortique.models.loading import load_classifier
from decortique.summarization.choosing import Budget, Summary, choose, speak, word_sets
from decortique.summarization.rating import ALONE, LOT, OURS, SHORT, Against, mean_of
from decortique.summarization.settings import OpinionOf, Summarize
from decortique.summarization.vectors import Texts, Vectors

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


@dataclass(frozen=True, slots=True)
class Opinions:
    """What a classifier takes for positive."""

    positive: np.ndarray  # (texts,) bool
    label: str  # that of positive texts


def opinions_of(texts: Sequence[str], settings: OpinionOf, compute: Compute) -> Opinions:
    """Asks a classifier of the run, whose last label is the positive one.

    Raises:
        StageError: there is no such classifier.
    """
    manifest, classifier = load_classifier(paths.model(settings.task, settings.approach), compute)
    with progress("opinions", len(texts), "text") as bar:
        probability = classifier.predict(texts, bar.update).probability
    return Opinions(probability.argmax(axis=1) == len(manifest.labels) - 1, manifest.labels[-1])


@dataclass(frozen=True, slots=True)
class Group:
    """Sentences to be summarised."""

    name: str
    ids: list[str]
    texts: list[str]
    vectors: Vectors  # what is clustered
    against: Against


@dataclass(frozen=True, slots=True)
class Summarized:
    """A group with a summary by each approach."""

    group: Group
    clusters: Summary
    places: dict[str, list[int]]  # approach → its sentences
    rated: dict[str, dict[str, float]]  # approach → measures; of `random`, their mean over the lots
    lots: list[dict[str, float]]  # of each summary by lot


def groups_of(
    seen: Texts,
    held: Texts,
    represented: Callable[[np.ndarray], Vectors],
    references: Mapping[str, Sequence[str]],
    opinions: Opinions | None,
) -> Iterator[Group]:
    """Yields the groups in their order.

    Args:
        seen: what is summarised.
        held: what each summary is held against; none where that is all of its group.
        represented: places → their vectors.
        references: summaries that people wrote, by group.
        opinions: of the seen texts; None where they hold none.
    """
    apart_of = _places(held.groups)
    # A classifier whose positive label is not one of the marks says nothing of them.
    positive_mark = opinions.label if opinions and opinions.label in seen.labels else None
    for name, places in _places(seen.groups).items():
        apart = apart_of.get(name, np.empty(0, int))
        texts, others = [seen.texts[place] for place in places], [held.texts[place] for place in apart]
        vectors = normalize(seen.embedded[places])
        words, pairs = word_sets([*texts, *others]), word_sets([*texts, *others], 2)
        held_part = slice(len(texts) if others else 0, None)
        marks = [seen.labels[place] for place in places]
        against = Against(
            texts,
            seen.language,
            vectors,
            words[: len(texts)],
            normalize(held.embedded[apart]) if others else vectors,
            words[held_part],
            pairs[: len(texts)],
            pairs[held_part],
            positive=opinions.positive[places] if opinions else None,
            marked=np.array([mark == positive_mark for mark in marks]) if positive_mark and None not in marks else None,
            references=references.get(name, []),
        )
        yield Group(name, [seen.ids[place] for place in places], texts, represented(places), against)


def _places(groups: Sequence[str]) -> dict[str, np.ndarray]:
    """Gives where the texts of each group stand."""
    found: dict[str, list[int]] = {}
    for place, name in enumerate(groups):
        found.setdefault(name, []).append(place)
    return {name: np.array(places) for name, places in found.items()}


def summarize_group(
    group: Group, sentences: int, settings: Summarize, candidates: Sequence[int], rankers: Sequence[str]
) -> Summarized:
    """Summarises a group by each approach, in as many sentences, and rates what they say.

    Args:
        group: the sentences.
        sentences: of each summary.
        settings: of clusters, and of how many summaries are made by lot.
        candidates: numbers of clusters that a silhouette may choose from.
        rankers: of sumy, that know the language.
    """
    texts, vectors, budget = group.texts, group.against.vectors, Budget(sentences)
    ours = choose(texts, group.vectors, budget, settings.clusters, candidates)
    alone = speak(texts, group.vectors, np.zeros(len(texts), int), budget, settings.clusters)
    lengths = np.array([len(forms(text)) for text in texts])
    # Groups of one size would otherwise all have their lots at the same places.
    random = np.random.default_rng([settings.seed, crc32(group.name.encode())])
    lots = [by_lot(texts, sentences, random) for _ in range(settings.lots)]
    places = {
        OURS: ours.places,
        ALONE: alone.places,
        "centroid": nearest_to_centre(vectors, sentences),
        SHORT: nearest_to_centre(vectors, sentences, lengths <= lengths[ours.places].max()),
        **{name: ranked(name, texts, sentences, group.against.language) for name in rankers},
        "first": first(texts, sentences),
        LOT: lots[0],
    }
    rated_lots = [group.against.rate(lot) for lot in lots]
    rated = {name: group.against.rate(chosen) for name, chosen in places.items() if name != LOT}
    return Summarized(group, ours, places, {**rated, LOT: mean_of(rated_lots)}, rated_lots)


def rows(found: Summarized) -> Iterator[dict[str, object]]:
    """Yields a row for each approach's summary of a group."""
    for approach, places in found.places.items():
        behind = {"clusters": [one.size for one in found.clusters.chosen]} if approach == OURS else {}
        yield {
            "group": found.group.name,
            "approach": approach,
            "of": len(found.group.texts),
            "ids": [found.group.ids[place] for place in places],
            "sentences": [found.group.texts[place] for place in places],
            **behind,
        }
