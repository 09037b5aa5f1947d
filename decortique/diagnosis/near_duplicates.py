"""Near duplicates in the texts of a task: leaks between splits, and how much of the accuracy comes from them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, compress, product
from typing import Any, NamedTuple

import numpy as np

from decortique.core import paths
from decortique.core.tables import CORPUS, read_columns, splits
from decortique.data.corpus import TRANSFER, Row, fingerprint, near_duplicates
from decortique.data.settings import TRAINED_ON
from decortique.evaluation.bootstrap import resampled
from decortique.evaluation.settings import Evaluate
from decortique.models.predictions import PredictionTable

SPLITS = ("train", "validation", "test")  # of the task's own source; each row has a label
SELECTED_ON = "validation"  # no model is trained on it, but the one to keep is selected on it

Corpus = Mapping[str, Sequence[Row]]  # split → rows
Predicted = Mapping[str, Mapping[str, PredictionTable]]  # approach → split → in the order of its rows


def read_corpus(task: str) -> dict[str, list[Row]]:
    """Return the rows of every split, those of `SPLITS` first; raise StageError if one is missing or damaged."""
    folder = paths.corpus(task)
    return {
        split: [
            Row(*row) for row in zip(*read_columns(folder / f"{split}.parquet", CORPUS.names).values(), strict=True)
        ]
        for split in dict.fromkeys([*SPLITS, *splits(folder)])
    }


@dataclass(frozen=True, slots=True)
class TaskTexts:
    """The labelled texts of a task's own source, of all three splits."""

    names: Sequence[str]  # of the labels, in the order of their class numbers
    rows: Sequence[Row]
    splits: np.ndarray  # (texts,) names
    labels: np.ndarray  # (texts,) class numbers
    groups: np.ndarray | None  # (texts,) numbers of the groups that are kept whole; None where texts are independent

    @classmethod
    def of(cls, corpus: Corpus, names: Sequence[str], *, keep_groups: bool) -> "TaskTexts":
        """Return the texts of `SPLITS` of a corpus."""
        rows = [row for split in SPLITS for row in corpus[split]]
        groups = np.unique([row.group for row in rows], return_inverse=True)[1]
        return cls(
            names,
            rows,
            np.repeat(SPLITS, [len(corpus[split]) for split in SPLITS]),
            np.array([names.index(row.label or "") for row in rows], int),
            groups if keep_groups else None,
        )

    def at(self, mask: np.ndarray) -> "TaskTexts":
        """Return the part of the texts that a (texts,) bool mask selects."""
        groups = None if self.groups is None else np.unique(self.groups[mask], return_inverse=True)[1]
        return TaskTexts(self.names, [*compress(self.rows, mask)], self.splits[mask], self.labels[mask], groups)

    def texts(self, mask: np.ndarray) -> list[str]:
        """Return the strings that a (texts,) bool mask selects."""
        return [row.text for row in compress(self.rows, mask)]

    def grade_strength(self) -> np.ndarray:
        """Return (texts,) absolute grades by people; all NaN unless the sign of a grade is the label."""
        scores = np.array([row.score for row in self.rows], np.float64)
        known = np.isfinite(scores)
        signed = len(self.names) == 2 and bool(((scores[known] > 0) == (self.labels[known] == 1)).all())
        return np.abs(scores) if signed else np.full(len(scores), np.nan)


class Pair(NamedTuple):
    """Two texts that are nearly the same."""

    splits: tuple[str, str]
    rows: tuple[Row, Row]
    similarity: float

    @property
    def exact(self) -> bool:
        """Whether they differ in nothing but case, spaces and punctuation."""
        return fingerprint(self.rows[0].text) == fingerprint(self.rows[1].text)

    @property
    def contradicts(self) -> bool:
        """Whether both have a label, and not the same."""
        return len({row.label for row in self.rows} - {None}) == 2

    def line(self) -> dict[str, Any]:
        """Return the pair as the stage `validity` writes it."""
        first, second = (
            {"split": split, "id": row.id, "label": row.label, "text": row.text}
            for split, row in zip(self.splits, self.rows, strict=True)
        )
        return {"similarity": round(self.similarity, 6), "exact": self.exact, "first": first, "second": second}


def near_pairs(corpus: Corpus, threshold: float) -> list[Pair]:
    """Return every pair of texts of a corpus whose similarity reaches the threshold, the most similar first."""
    texts = [(split, row) for split, rows in corpus.items() for row in rows]
    pairs = sorted(near_duplicates([row.text for _, row in texts], threshold), key=lambda one: (-one[2], *one[:2]))
    return [
        Pair((texts[first][0], texts[second][0]), (texts[first][1], texts[second][1]), similarity)
        for first, second, similarity in pairs
    ]


def count_pairs(corpus: Corpus, pairs: Sequence[Pair]) -> dict[str, dict[str, dict[str, int]]]:
    """Count the pairs by split and the same or a later one: `exact`, only `near`, and with labels that `contradict`."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for first, second in combinations_with_replacement(corpus, 2):
        if shared := [pair for pair in pairs if pair.splits == (first, second)]:
            exact = sum(pair.exact for pair in shared)
            counts.setdefault(first, {})[second] = {
                "exact": exact,
                "near": len(shared) - exact,
                "contradict": sum(pair.contradicts for pair in shared),
            }
    return counts


def count_overlap(corpus: Corpus, pairs: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    """Count the texts of each evaluated split that have a near duplicate in a split for training or model selection.

    By the other split, `exact` counts those with a copy there, `near` those with a near duplicate and no copy.
    """
    sources = [split for split in (*TRAINED_ON, SELECTED_ON) if split in corpus]
    evaluated = [split for split in corpus if split in {SELECTED_ON, "test"} or split.startswith(TRANSFER)]
    counts: dict[str, dict[str, Any]] = {split: {"texts": len(corpus[split])} for split in evaluated}
    for split, source in product(evaluated, sources):
        if source != split:
            copied = {row.id for row, pair in _between(pairs, split, source) if pair.exact}
            near = {row.id for row, _ in _between(pairs, split, source)} - copied
            counts[split][source] = {"exact": len(copied), "near": len(near)}
    return counts


def leaked(pairs: Sequence[Pair], split: str) -> set[str]:
    """Return the ids of the texts of a split of which a model may have been trained on a near duplicate."""
    return {row.id for source in TRAINED_ON for row, _ in _between(pairs, split, source)}


def _between(pairs: Sequence[Pair], split: str, source: str) -> Iterator[tuple[Row, Pair]]:
    """Yield the rows of a split that have a near duplicate in another one, and the pair."""
    for pair in pairs:
        for side in (0, 1):
            if pair.splits[side] == split and pair.splits[1 - side] == source:
                yield pair.rows[side], pair


def effect_of_leaks(
    texts: TaskTexts, leaked: Collection[str], predictions: Predicted, settings: Evaluate
) -> dict[str, Any]:
    """Return how many test texts leaked, by id, and the accuracy of each approach on `all` and `without` them."""
    test = texts.at(texts.splits == "test")
    leaks = np.array([row.id in leaked for row in test.rows], bool)
    right = {name: (tables["test"].prediction == test.labels).astype(float) for name, tables in predictions.items()}
    sides = {"all": np.ones_like(leaks), "without": ~leaks}
    return {
        "texts": int(leaks.sum()),
        "accuracy": compare_means(right, sides, settings, test.groups) if leaks.any() else {},
    }


def compare_means(
    values: Mapping[str, np.ndarray], sides: Mapping[str, np.ndarray], settings: Evaluate, groups: np.ndarray | None
) -> dict[str, Any]:
    """Return the mean of each kind of (texts,) values on two sides, and their `difference`, with bootstrap intervals.

    A side is a (texts,) bool mask; a text may be on both, or on neither. Where a side has no text, return nothing.
    """
    if not all(side.any() for side in sides.values()):
        return {}

    def means(weights: np.ndarray) -> dict[str, np.ndarray]:
        with np.errstate(invalid="ignore", divide="ignore"):  # a resample may miss a small side: it is left out
            return {
                f"{kind}/{name}": weights @ (numbers * side) / (weights @ side.astype(float))
                for kind, numbers in values.items()
                for name, side in sides.items()
            }

    count = len(next(iter(sides.values())))
    measured = resampled(means, count, resamples=settings.resamples, seed=settings.seed, groups=groups)
    one, other = sides
    results = {}
    for kind in values:
        scores = {name: measured[f"{kind}/{name}"] for name in sides}
        scores["difference"] = scores[one] - scores[other]
        results[kind] = {name: score.interval(settings.confidence) for name, score in scores.items()}
    return results


def audit_near_duplicates(
    corpus: Corpus, texts: TaskTexts, pairs: Sequence[Pair], predicted: Predicted, threshold: float, settings: Evaluate
) -> dict[str, Any]:
    """Return the numbers of near duplicates, and the effect of those between training and test on the scores."""
    return {
        "threshold": threshold,
        "pairs": count_pairs(corpus, pairs),
        "overlap": count_overlap(corpus, pairs),
        "leaks": effect_of_leaks(texts, leaked(pairs, "test"), predicted, settings),
    }
