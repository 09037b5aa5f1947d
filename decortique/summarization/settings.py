"""Settings of clustering and summaries."""

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from decortique.core.settings import Name, Run, Section, Seed, Share, Strict
from decortique.data.settings import TRAINED

# `encoder`, `tfidf`, `word2vec`, or the name of pretrained vectors of the language.
Representation = Annotated[str, Field(min_length=1)]
ENCODER, TFIDF = "encoder", "tfidf"
Method = Literal["kmeans", "agglomerative", "hdbscan"]


class Cluster(Section, Strict):
    """What stands for a text, and how texts are put together.

    Attributes:
        representations: the last one is what the others are tested against.
        methods: of scikit-learn.
        candidates: numbers of clusters among which the silhouette chooses.
        smallest: texts of a cluster of HDBSCAN.
        together: groups that are put together and should be found again; each such set is clustered on its own.
        terms: words that name a cluster.
        seed: of the sets and of k-means.
    """

    key: ClassVar[str] = "cluster"

    representations: Annotated[list[Representation], Field(min_length=1)]
    methods: Annotated[list[Method], Field(min_length=1)]
    candidates: Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=1)]
    smallest: Annotated[int, Field(ge=2)]
    together: Annotated[int, Field(ge=2)]
    terms: Annotated[int, Field(ge=1)]
    seed: Seed

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """What stands for a text must be known."""
        yield from unknown("cluster.representations", self.representations, run)


def unknown(key: str, names: Iterable[str], run: Run) -> Iterator[tuple[str, str]]:
    """Yields the representations that there are in no language of the catalogue."""
    static = {name for about in run.valid("languages") for name in about.vectors}
    known = [ENCODER, TFIDF, TRAINED, *sorted(static)]
    for name in names:
        if name not in known:
            yield key, f"there are no vectors {name!r} in any language (there are: {', '.join(known)})"


class Summarizer(Strict):
    """How sentences are clustered, and which of them speak for their clusters.

    Attributes:
        representation: what stands for a sentence.
        method: of clustering.
        per_sentence: clusters for each sentence of the summary; null lets the silhouette choose their number.
        words: how much the words that two sentences share count for their likeness, beside their vectors.
        exchange: whether the sentences are exchanged, in the end, for those that together say best what all say.
        redundancy: how much likeness to a sentence that was chosen already counts against another one.
        seed: of k-means.
    """

    representation: Representation
    method: Method
    per_sentence: Annotated[int, Field(ge=1)] | None
    words: Share
    exchange: bool
    redundancy: Share
    seed: Seed


class OpinionOf(Strict):
    """A classifier of the run that tells opinions: a folder of data/models/<task>/."""

    task: Name
    approach: Name


class Summarize(Section, Strict):
    """The summaries of a collection, and what they are held against.

    Attributes:
        clusters: the summariser that is built on clusters.
        lots: summaries by lot of each group, of which the mean is the baseline `random`.
        opinion: tells whether a summary keeps the share of positive opinions.
        shown: groups whose summaries stand on the page, side by side.
    """

    key: ClassVar[str] = "summarize"

    clusters: Summarizer
    lots: Annotated[int, Field(ge=2)]
    opinion: OpinionOf
    shown: Annotated[int, Field(ge=0)]
    seed: Seed

    def contradictions(self, run: Run) -> Iterator[tuple[str, str]]:
        """The classifier of opinions must be one of the run."""
        if not run["collections"].root:
            return
        without = "choose another, or leave collections out: -S 'collections=[]'"
        yield from unknown("summarize.clusters.representation", [self.clusters.representation], run)
        if self.opinion.task not in run["tasks"].root:
            yield "summarize.opinion.task", f"{self.opinion.task!r} is not among tasks: {without}"
        if self.opinion.approach not in run["approaches"].root:
            yield "summarize.opinion.approach", f"{self.opinion.approach!r} is not among approaches: {without}"
