"""Evaluation of clusters: do they recover groups that were mixed? V-measure, Rand index, mutual information."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, v_measure_score

from decortique.core.files import progress
from decortique.evaluation.paired_tests import mean_interval, paired, with_holm
from decortique.evaluation.settings import Evaluate
from decortique.summarization.clustering import NONE, choose_number, cluster
from decortique.summarization.settings import RANDOM, Cluster
from decortique.summarization.vectors import Texts, Vectors

MEASURES: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "v_measure": v_measure_score,
    "adjusted_rand": adjusted_rand_score,
    "adjusted_mutual_information": adjusted_mutual_info_score,
}
TESTED = ("v_measure", "adjusted_mutual_information")
CHOSEN = "number by silhouette"

Clusters = Mapping[tuple[str, str], Sequence[np.ndarray]]  # (representation, method) → of each set, (texts,) numbers


class MixedSet(NamedTuple):
    """Some groups whose texts are mixed."""

    indices: np.ndarray  # (texts,) of the texts among all
    truth: np.ndarray  # (texts,) numbers of the groups, from 0

    @property
    def groups(self) -> int:
        """The number of groups."""
        return int(self.truth.max()) + 1


def mix_groups(groups: Sequence[str], groups_per_set: int, seed: int) -> list[MixedSet]:
    """Assign groups at random to sets; a remainder is left out, unless there are too few groups for one set.

    Sets share no group, so that their results are independent. `groups` are the group of each text.
    """
    names, numbers = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    sets = []
    for start in range(max(1, len(names) // groups_per_set)):
        members = order[start * groups_per_set : (start + 1) * groups_per_set]
        indices = np.flatnonzero(np.isin(numbers, members))
        sets.append(MixedSet(indices, np.unique(numbers[indices], return_inverse=True)[1]))
    return sets


def cluster_sets(
    sets: Sequence[MixedSet], represented: Mapping[str, Callable[[np.ndarray], Vectors]], settings: Cluster
) -> Clusters:
    """Cluster each set, in each representation (indices → vectors of these texts), by each method.

    A method that needs the number of clusters gets that of the groups, and beside it the one that the silhouette
    chooses, as nobody knows the number for texts of one's own.
    """
    clusters: dict[tuple[str, str], list[np.ndarray]] = {}
    size, seed = settings.min_cluster_size, settings.seed
    with progress("cluster", len(sets), "set") as bar:
        for one in sets:
            for name, vectors_of in represented.items():
                vectors = vectors_of(one.indices)
                for method in settings.methods:
                    numbers: dict[str, int] = {method: one.groups}
                    if method != "hdbscan":
                        numbers[f"{method}, {CHOSEN}"] = choose_number(vectors, method, settings.candidates, seed=seed)
                    for way, number in numbers.items():
                        of_set = cluster(vectors, method, number, min_cluster_size=size, seed=seed)
                        clusters.setdefault((name, way), []).append(of_set)
            bar.update()
    return clusters


def recovery(sets: Sequence[MixedSet], clusters: Clusters, settings: Cluster, evaluate: Evaluate) -> dict[str, Any]:
    """Return each way's measures with intervals over sets, and tests against the last representation, method by method.

    The p-values of a measure are corrected for the number of its tests.
    """
    shuffled = [np.random.default_rng(settings.seed).permutation(one.truth) for one in sets]
    scores = {way: _scores(sets, one) for way, one in {(RANDOM, RANDOM): shuffled, **clusters}.items()}
    ways: dict[str, Any] = {}
    for (name, method), measures in scores.items():
        ways.setdefault(name, {})[method] = {
            measure: mean_interval(values, evaluate.confidence) for measure, values in measures.items()
        }
    *others, baseline = dict.fromkeys(name for name, _ in clusters)
    methods = [method for name, method in clusters if name == baseline]
    versus: dict[str, Any] = {"baseline": baseline}
    for measure in TESTED:
        tests = {}
        for name, method in product(others, methods):
            values, of_baseline = scores[name, method][measure], scores[baseline, method][measure]
            tests[name, method] = paired(values, of_baseline, confidence=evaluate.confidence, seed=settings.seed)
        for (name, method), test in with_holm(tests).items():
            versus.setdefault(measure, {}).setdefault(name, {})[method] = test
    return {
        "texts": sum(len(one.indices) for one in sets),
        "sets": len(sets),
        "groups_per_set": sets[0].groups,
        "ways": ways,
        "versus": versus,
    }


def _scores(sets: Sequence[MixedSet], clusters: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Return each measure, (sets,); texts in no cluster count as one cluster of their own."""
    scores = {
        name: np.array([measure(one.truth, numbers) for one, numbers in zip(sets, clusters, strict=True)])
        for name, measure in MEASURES.items()
    }
    count = np.array([len(np.unique(numbers[numbers != NONE])) for numbers in clusters], float)
    clustered = np.array([np.mean(numbers != NONE) for numbers in clusters])
    return {**scores, "clusters": count, "clustered": clustered}


def cluster_rows(sets: Sequence[MixedSet], clusters: Clusters, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table of clusters, a way at a time; clusters of different sets have different numbers."""
    for (representation, method), by_set in clusters.items():
        first = 0
        for one, numbers in zip(sets, by_set, strict=True):
            yield {
                "id": [ids[index] for index in one.indices],
                "representation": [representation] * len(numbers),
                "method": [method] * len(numbers),
                "cluster": [None if number == NONE else first + number for number in numbers.tolist()],
            }
            first += int(numbers.max()) + 1


def describe_clusters(
    terms: Mapping[int, list[str]], clusters: np.ndarray, one: MixedSet, texts: Texts
) -> list[dict[str, Any]]:
    """Return the clusters of a set, the largest first: the terms of each, and the group of most of its texts."""
    report: list[dict[str, Any]] = []
    for number, words in terms.items():
        members = one.indices[clusters == number]
        group, inside = Counter(texts.groups[index] for index in members).most_common(1)[0]
        share = inside / len(members)
        report.append({"terms": words, "texts": len(members), "mostly": group, "share_of_it": share})
    return sorted(report, key=lambda cluster: -cluster["texts"])
