"""Vectors compared with people's judgments of similarity."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from gensim.test.utils import datapath

from decortique.core.measures import spearman
from decortique.data.settings import TRAINED
from decortique.evaluation.bootstrap import Resampled, resampled
from decortique.evaluation.settings import Evaluate
from decortique.words.geometry import cosines


@dataclass(frozen=True, slots=True)
class Judgment:
    """Two words and how alike people find them, on the scale of its set (0 to 10)."""

    first: str
    second: str
    score: float


FILES = {
    "wordsim353": "wordsim353.tsv",  # Finkelstein et al., 2002: relatedness
    "simlex999": "simlex999.txt",  # Hill et al., 2015: similarity proper
}


def read_judgments(name: Literal["wordsim353", "simlex999"]) -> list[Judgment]:
    """Reads a set, words in lower case."""
    lines = Path(datapath(FILES[name])).read_text(encoding="utf-8").splitlines()
    rows = csv.reader((line for line in lines if not line.startswith("#")), delimiter="\t")
    return [Judgment(first.lower(), second.lower(), float(score)) for first, second, score in rows]


LEAST = 10  # pairs; fewer tell nothing


def judged(
    judgments: Sequence[Judgment],
    vectors: Mapping[str, Mapping[str, np.ndarray]],
    bootstrap: Evaluate,
) -> dict[str, Any]:
    """Measures vectors on one set of judgments.

    A pair with a word that has no vector is left out, and lowers the coverage; the difference to word2vec is over the
    pairs that all of them cover, and paired.

    Args:
        judgments: the pairs of words, with what people say.
        vectors: by the name of where they come from, then by word.
        bootstrap: of the intervals, over pairs.

    Returns:
        `pairs` and `covered_by_all`, and for each name `coverage`, `spearman` on the pairs it covers, `common` on those
        that all cover, and `versus_word2vec`; without a correlation over fewer than `LEAST` pairs.
    """
    people = np.array([judgment.score for judgment in judgments])
    said = {name: _said(judgments, found) for name, found in vectors.items()}
    common = np.all([np.isfinite(values) for values in said.values()], axis=0)

    def correlation(values: np.ndarray, kept: np.ndarray) -> Resampled | None:
        if kept.sum() < LEAST:
            return None
        return resampled(
            lambda weights: {"spearman": spearman(people[kept], values[kept], weights)},
            int(kept.sum()),
            resamples=bootstrap.resamples,
            seed=bootstrap.seed,
        )["spearman"]

    on_common = {name: correlation(values, common) for name, values in said.items()}
    baseline = on_common[TRAINED]
    report: dict[str, Any] = {"pairs": len(judgments), "covered_by_all": int(common.sum()), "vectors": {}}
    for name, values in said.items():
        measured = {"spearman": correlation(values, np.isfinite(values)), "common": on_common[name]}
        if (here := on_common[name]) and baseline:
            measured["versus_word2vec"] = here - baseline
        report["vectors"][name] = {
            "coverage": float(np.isfinite(values).mean()),
            **{measure: one.interval(bootstrap.confidence) for measure, one in measured.items() if one},
        }
    return report


def _said(judgments: Sequence[Judgment], vectors: Mapping[str, np.ndarray]) -> np.ndarray:
    """Gives (pairs,) cosines, NaN where a word has no vector."""
    found = np.full(len(judgments), np.nan)
    for place, judgment in enumerate(judgments):
        if judgment.first in vectors and judgment.second in vectors:
            found[place] = cosines(vectors[judgment.first], vectors[judgment.second])
    return found
