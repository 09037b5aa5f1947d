"""Settings of clustering and summaries."""

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from decortique.core.settings import Name, Run, Section, Seed, Share, Strict
from decortique.data.settings import WORD2VEC

# `encoder`, `tfidf`, `word2vec`, or the name of pretrained vectors of the language.
Representation = Annotated[str, Field(min_length=1)]
ENCODER, TFIDF = "encoder", "tfidf"
Method = Literal["kmeans", "agglomerative", "hdbscan"]
AtLeastTwo = Annotated[int, Field(ge=2)]

# How texts are summarised: from clusters, ours; the same with all sentences in one cluster, which shows what clusters
# bring; by the sentences nearest to the centroid, and by those no longer than ours, which shows what length brings; by
# others; at random.
APPROACHES = {
    "clusters": "from clusters",
    "one cluster": "the same, from one cluster",
    "centroid": "nearest to the centroid",
    "centroid, as short": "… among sentences as short",
    "lexrank": "LexRank (sumy)",
    "textrank": "TextRank (sumy)",
    "first": "first sentences",
    "random": "random sentences",
}
OURS, RANDOM = "clusters", "random"


class Cluster(Section, Strict):
    """How texts are represented and clustered."""

    key: ClassVar[str] = "cluster"

    representations: Annotated[list[Representation], Field(min_length=1)]  # the last one is the baseline of the tests
    methods: Annotated[list[Method], Field(min_length=1)]
    candidates: Annotated[list[AtLeastTwo], Field(min_length=1)]  # numbers of clusters for the silhouette
    min_cluster_size: AtLeastTwo  # of HDBSCAN
    groups_per_set: AtLeastTwo  # that are mixed, and that clustering should recover; each set is clustered on its own
    terms: Annotated[int, Field(ge=1)]  # that name a cluster
    seed: Seed  # of the sets and of k-means

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """Yield the representations that are unknown."""
        yield from unknown("cluster.representations", self.representations, run)


def unknown(key: str, names: Iterable[str], run: Run) -> Iterator[tuple[str, str]]:
    """Yield the representations that no language of the catalogue has."""
    static = {name for about in run.valid("languages") for name in about.vectors}
    known = [ENCODER, TFIDF, WORD2VEC, *sorted(static)]
    for name in names:
        if name not in known:
            yield key, f"there are no vectors {name!r} in any language (there are: {', '.join(known)})"


class Summarizer(Strict):
    """How sentences are clustered, and which of them represent their clusters."""

    representation: Representation
    method: Method
    per_sentence: Annotated[int, Field(ge=1)] | None  # clusters; null lets the silhouette choose their number
    word_weight: Share  # of shared words in the similarity of two sentences, beside their vectors
    exchange: bool  # sentences, in the end, for those that together cover all sentences best
    redundancy: Share  # weight of the similarity to a chosen sentence, which counts against another one
    seed: Seed  # of k-means


class OpinionOf(Strict):
    """A classifier of opinions of the run: a folder of data/models/<task>/."""

    task: Name
    approach: Name


class Summarize(Section, Strict):
    """The summaries of a collection, and their baselines."""

    key: ClassVar[str] = "summarize"

    clusters: Summarizer
    n_random: AtLeastTwo  # random summaries of each group, whose mean is the baseline `random`
    opinion: OpinionOf  # to measure whether a summary keeps the share of positive opinions
    max_examples: Annotated[int, Field(ge=0)]  # groups whose summaries the page shows
    seed: Seed

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """Yield an unknown representation, and a classifier of opinions that is not one of the run."""
        if not run["collections"].root:
            return
        without = "choose another, or leave collections out: -S 'collections=[]'"
        yield from unknown("summarize.clusters.representation", [self.clusters.representation], run)
        if self.opinion.task not in run["tasks"].root:
            yield "summarize.opinion.task", f"{self.opinion.task!r} is not among tasks: {without}"
        if self.opinion.approach not in run["approaches"].root:
            yield "summarize.opinion.approach", f"{self.opinion.approach!r} is not among approaches: {without}"
