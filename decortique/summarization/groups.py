"""Summaries of groups of texts by each approach, and the page that shows them side by side."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from zlib import crc32

import numpy as np
from jinja2 import Environment, FileSystemLoader
from sklearn.preprocessing import normalize
from sumy.models.dom import Sentence
from sumy.nlp.stemmers import Stemmer
from sumy.summarizers.lex_rank import LexRankSummarizer
from sumy.summarizers.text_rank import TextRankSummarizer
from sumy.utils import get_stop_words

from decortique.core import paths
from decortique.core.files import new_file, progress
from decortique.core.settings import Compute
from decortique.data.settings import Collection
from decortique.data.text import forms
from decortique.models.loading import load_classifier
from decortique.summarization.choosing import Budget, Summary, choose_from_clusters, choose_sentences
from decortique.summarization.rating import SummaryScorer, mean_scores
from decortique.summarization.settings import APPROACHES, OURS, RANDOM, OpinionOf, Summarize
from decortique.summarization.vectors import Texts, Vectors

log = logging.getLogger(__name__)

# LexRank (Erkan & Radev, 2004) and TextRank (Mihalcea & Tarau, 2004).
RANKERS = {"lexrank": LexRankSummarizer, "textrank": TextRankSummarizer}


def nearest_to_centroid(vectors: np.ndarray, sentences: int, among: np.ndarray | None = None) -> list[int]:
    """Return the sentences whose vectors are nearest to the mean of all (Radev et al., 2004), or of some (bool)."""
    near = np.where(True if among is None else among, vectors @ vectors.mean(axis=0), -np.inf)
    return sorted(np.argsort(-near, kind="stable")[:sentences].tolist())


@cache
def rankers(language: str) -> list[str]:
    """Return the rankers that know a language; log a warning if none does."""
    try:
        Stemmer(language)
        get_stop_words(language)
    except LookupError as error:
        log.warning("no LexRank and no TextRank in %r: %s", language, error)
        return []
    return list(RANKERS)


def rank_sentences(name: str, texts: Sequence[str], sentences: int, language: str) -> list[int]:
    """Return the sentences that a ranker of sumy chooses, with its stemmer and stop words; thousands take minutes."""
    ranker = RANKERS[name](Stemmer(language))
    ranker.stop_words = get_stop_words(language)
    # sumy's own tokenizer would fetch its rules from the web.
    rows = [Sentence(text, SimpleNamespace(to_words=forms)) for text in texts]
    indices = {id(row): index for index, row in enumerate(rows)}
    return sorted(indices[id(row)] for row in ranker(SimpleNamespace(sentences=rows), sentences))


class Opinions(NamedTuple):
    """Predictions of a classifier of opinions."""

    positive: np.ndarray  # (texts,) bool
    label: str  # that of positive texts


def predict_opinions(texts: Sequence[str], settings: OpinionOf, compute: Compute) -> Opinions:
    """Predict opinions by a classifier of the run, whose last label is the positive one."""
    manifest, classifier = load_classifier(paths.model(settings.task, settings.approach), compute)
    with progress("opinions", len(texts), "text") as bar:
        probability = classifier.predict(texts, bar.update).probability
    return Opinions(probability.argmax(axis=1) == len(manifest.labels) - 1, manifest.labels[-1])


class Group(NamedTuple):
    """Sentences to be summarised."""

    name: str
    ids: list[str]
    vectors: Vectors  # to be clustered
    scorer: SummaryScorer

    @property
    def texts(self) -> Sequence[str]:
        """The sentences."""
        return self.scorer.texts


class Summaries(NamedTuple):
    """A group with a summary by each approach."""

    group: Group
    clusters: Summary
    indices: dict[str, list[int]]  # approach → its sentences
    scores: dict[str, dict[str, float]]  # approach → measures; of `random`, the mean of the random summaries
    random_scores: list[dict[str, float]]  # of each random summary


def groups_of(
    seen: Texts,
    held_out: Texts,
    represented: Callable[[np.ndarray], Vectors],
    references: Mapping[str, Sequence[str]],
    opinions: Opinions | None,
) -> Iterator[Group]:
    """Yield the groups of `seen` in their order, to be compared with what is held out of each, if there is any.

    `represented` gives the vectors of some texts; `references` are summaries that people wrote, by group.
    """
    held_out_of = _indices_by_group(held_out.groups)
    # A classifier whose positive label is not one of the marks says nothing of them.
    positive_mark = opinions.label if opinions and opinions.label in seen.labels else None
    for name, indices in _indices_by_group(seen.groups).items():
        apart = held_out_of.get(name, np.empty(0, int))
        marks = [seen.labels[index] for index in indices]
        scorer = SummaryScorer(
            [seen.texts[index] for index in indices],
            seen.language,
            normalize(seen.embedded[indices]),
            held_out=[held_out.texts[index] for index in apart],
            held_out_vectors=normalize(held_out.embedded[apart]) if len(apart) else None,
            positive=opinions.positive[indices] if opinions else None,
            marked=np.array([mark == positive_mark for mark in marks]) if positive_mark and None not in marks else None,
            references=references.get(name, []),
        )
        yield Group(name, [seen.ids[index] for index in indices], represented(indices), scorer)


def _indices_by_group(groups: Sequence[str]) -> dict[str, np.ndarray]:
    names = np.array(groups)
    return {name: np.flatnonzero(names == name) for name in dict.fromkeys(groups)}


def summarize_group(group: Group, sentences: int, settings: Summarize, candidates: Sequence[int]) -> Summaries:
    """Summarise a group by each approach, in as many sentences, and score the summaries."""
    texts, scorer, budget = group.texts, group.scorer, Budget(sentences)
    ours = choose_sentences(texts, group.vectors, budget, settings.clusters, candidates)
    one_cluster = choose_from_clusters(texts, group.vectors, np.zeros(len(texts), int), budget, settings.clusters)
    lengths = np.array([len(forms(text)) for text in texts])
    # Otherwise all groups of one size would have the same random sentences.
    random = np.random.default_rng([settings.seed, crc32(group.name.encode())])
    draws = [sorted(random.permutation(len(texts))[:sentences].tolist()) for _ in range(settings.n_random)]
    indices = {
        OURS: ours.indices,
        "one cluster": one_cluster.indices,
        "centroid": nearest_to_centroid(scorer.vectors, sentences),
        "centroid, as short": nearest_to_centroid(scorer.vectors, sentences, lengths <= lengths[ours.indices].max()),
        **{name: rank_sentences(name, texts, sentences, scorer.language) for name in rankers(scorer.language)},
        "first": list(range(min(sentences, len(texts)))),
        RANDOM: draws[0],
    }
    random_scores = [scorer.score(draw) for draw in draws]
    scores = {name: scorer.score(chosen) for name, chosen in indices.items() if name != RANDOM}
    return Summaries(group, ours, indices, {**scores, RANDOM: mean_scores(random_scores)}, random_scores)


def rows(summaries: Summaries) -> Iterator[dict[str, object]]:
    """Yield a row for each approach's summary of a group."""
    for approach, indices in summaries.indices.items():
        group, sizes = summaries.group, [one.size for one in summaries.clusters.chosen]
        yield {"group": group.name, "approach": approach, "of": len(group.texts)} | {
            "ids": [group.ids[index] for index in indices],
            "sentences": [group.texts[index] for index in indices],
            **({"clusters": sizes} if approach == OURS else {}),
        }


def write_page(path: Path, collection: Collection, summaries: Sequence[Summaries]) -> None:
    """Write a self-contained page of summaries; what stands in the texts is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.get_template("summaries.html.j2")
    with new_file(path) as temporary:
        page = template.render(collection=collection, summaries=summaries, approaches=APPROACHES)
        temporary.write_text(page + "\n", encoding="utf-8")
