"""Cosine similarity of vectors, bootstrap means, and the agreement of vectors with people's judgments of similarity."""

import csv
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from decortique.core.measures import spearman
from decortique.data.settings import WORD2VEC
from decortique.evaluation.bootstrap import Resampled, resampled
from decortique.evaluation.settings import Evaluate
from decortique.words.states import Reader

log = logging.getLogger(__name__)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors of length one."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (…) cosines of (…, width) vectors."""
    return (unit(first) * unit(second)).sum(axis=-1)


def means(
    values: np.ndarray, bootstrap: Evaluate, *, groups: np.ndarray | None = None, seed_offset: int = 0
) -> list[Resampled]:
    """Return the mean of each column of (examples, columns), over the examples and over bootstrap resamples of them.

    Two calls with as many examples draw the same resamples, unless `seed_offset` differs. `groups` are (examples,)
    numbers of groups that are drawn as a whole, as in `decortique.evaluation.bootstrap`.
    """

    def measured(weights: np.ndarray) -> Mapping[str, np.ndarray]:
        averages = (weights @ values) / weights.sum(axis=1, keepdims=True)
        return {str(column): averages[:, column] for column in range(values.shape[1])}

    seed = bootstrap.seed + seed_offset
    return list(resampled(measured, len(values), resamples=bootstrap.resamples, seed=seed, groups=groups).values())


def mean_intervals(values: np.ndarray, bootstrap: Evaluate) -> list[dict[str, float]]:
    """Return the mean of each column of (examples, columns) with its bootstrap interval."""
    return [mean.interval(bootstrap.confidence) for mean in means(values, bootstrap)]


def similarity(
    code: str, judgments: Sequence[str], reader: Reader, static: Mapping[str, KeyedVectors], bootstrap: Evaluate
) -> dict[str, Any]:
    """Compare static vectors, the encoder's input embeddings and words alone at each of its layers with people."""
    sets = {str(name): read_judgments(name) for name in judgments}
    if not sets:
        log.warning("catalogue/languages/%s.yaml names no judgments: nothing to compare vectors with", code)
    words = sorted({word for pairs in sets.values() for pair in pairs for word in pair[:2]})
    bare = reader.bare(words)
    vectors = {
        **{name: {word: known[word] for word in words if word in known} for name, known in static.items()},
        "input embeddings": dict(zip(words, reader.rows(words), strict=True)),
        **{f"layer {n}": dict(zip(words, states, strict=True)) for n, states in enumerate(bare.states)},
    }
    return {
        "words": len(words),
        "split_in_pieces": float((bare.pieces > 1).mean()) if words else 0.0,
        "sets": {name: agreement(pairs, vectors, bootstrap) for name, pairs in sets.items()},
    }


class Judgment(NamedTuple):
    """Two words and how similar people find them, on the scale of its set (0 to 10)."""

    first: str
    second: str
    score: float


# Relatedness (Finkelstein et al., 2002), and similarity proper (Hill et al., 2015).
FILES = {"wordsim353": "wordsim353.tsv", "simlex999": "simlex999.txt"}


def read_judgments(name: str) -> list[Judgment]:
    """Read a set of judgments, words in lower case."""
    lines = Path(datapath(FILES[name])).read_text(encoding="utf-8").splitlines()
    rows = csv.reader((line for line in lines if not line.startswith("#")), delimiter="\t")
    return [Judgment(first.lower(), second.lower(), float(score)) for first, second, score in rows]


MIN_PAIRS = 10  # for a correlation


def agreement(
    judgments: Sequence[Judgment], vectors: Mapping[str, Mapping[str, np.ndarray]], bootstrap: Evaluate
) -> dict[str, Any]:
    """Return how well the cosines of vectors (source → word → vector) are ranked as people rank the pairs.

    For each source: `coverage`, the share of the pairs whose words have vectors; `spearman` on these; `common` on the
    pairs that all sources cover, and `versus_word2vec` there. Fewer than `MIN_PAIRS` pairs have no correlation.
    """
    people = np.array([judgment.score for judgment in judgments])
    similarities = {
        source: np.array(
            [cosines(known[a], known[b]) if a in known and b in known else np.nan for a, b, _ in judgments]
        )
        for source, known in vectors.items()
    }
    covered_by_all = np.all([np.isfinite(values) for values in similarities.values()], axis=0)

    def correlation(values: np.ndarray, kept: np.ndarray) -> Resampled | None:
        def measured(weights: np.ndarray) -> Mapping[str, np.ndarray]:
            return {"spearman": spearman(people[kept], values[kept], weights)}

        count = int(kept.sum())
        if count < MIN_PAIRS:
            return None
        return resampled(measured, count, resamples=bootstrap.resamples, seed=bootstrap.seed)["spearman"]

    common = {source: correlation(values, covered_by_all) for source, values in similarities.items()}
    baseline = common[WORD2VEC]
    report: dict[str, Any] = {"pairs": len(judgments), "covered_by_all": int(covered_by_all.sum()), "vectors": {}}
    for source, values in similarities.items():
        measured = {"spearman": correlation(values, np.isfinite(values)), "common": common[source]}
        if (here := common[source]) and baseline:
            measured["versus_word2vec"] = here - baseline
        report["vectors"][source] = {
            "coverage": float(np.isfinite(values).mean()),
            **{measure: one.interval(bootstrap.confidence) for measure, one in measured.items() if one},
        }
    return report
