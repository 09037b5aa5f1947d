"""Settings of the stage `cluster`."""

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stages.settings.languages import TRAINED
from stages.settings.section import Run, Section, Seed, Strict

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
