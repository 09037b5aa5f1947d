"""Are groups of texts found again by clustering?"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, v_measure_score

from decortique.evaluation.paired_tests import holm, mean_interval, paired
from decortique.evaluation.settings import Evaluate
from decortique.summarization.clustering import NONE, choose_number, cluster
from decortique.summarization.settings import Cluster
from decortique.summarization.vectors import Texts, Vectors

MEASURES: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "v_measure": v_measure_score,
    "adjusted_rand": adjusted_rand_score,
    "adjusted_mutual_information": adjusted_mutual_info_score,
}
TESTED = ("v_measure", "adjusted_mutual_information")
LOT = "by lot"
CHOSEN = "number by silhouette"


@dataclass(frozen=True, slots=True)
class Mixed:
    """Some groups whose texts were put together."""

    places: np.ndarray  # (texts,) of the texts among all
    truth: np.ndarray  # (texts,) numbers of the groups, from 0

    @property
    def groups(self) -> int:
        """How many there are."""
        return int(self.truth.max()) + 1


def mixed_sets(groups: Sequence[str], together: int, seed: int) -> list[Mixed]:
    """Deals groups by lot to sets of `together`; what is left over is left out, unless there are too few for one set.

    Sets share no group, so that what is found in one says nothing of the next.

    Args:
        groups: (texts,) the group of each text.
        together: groups of a set.
        seed: of the deal.
    """
    names, numbers = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    count = max(1, len(names) // together)
    sets = []
    for members in (order[start * together : (start + 1) * together] for start in range(count)):
        places = np.flatnonzero(np.isin(numbers, members))
        sets.append(Mixed(places, np.unique(numbers[places], return_inverse=True)[1]))
    return sets


@dataclass(frozen=True, slots=True)
class Found:
    """The clusters of all sets, by each way of finding them."""

    sets: list[Mixed]
    clusters: dict[tuple[str, str], list[np.ndarray]]  # (representation, method) → of each set, (texts,) numbers

    def report(self, settings: Cluster, evaluate: Evaluate) -> dict[str, Any]:
        """Gives each way's measures with intervals over sets, and the tests of representations against the last one."""
        by_lot = [np.random.default_rng(settings.seed).permutation(one.truth) for one in self.sets]
        scored = {
            (LOT, LOT): self._scores(by_lot),
            **{way: self._scores(found) for way, found in self.clusters.items()},
        }
        ways: dict[str, Any] = {}
        for (name, method), scores in scored.items():
            ways.setdefault(name, {})[method] = {
                measure: mean_interval(values, evaluate.confidence) for measure, values in scores.items()
            }
        return {
            "texts": sum(len(one.places) for one in self.sets),
            "sets": len(self.sets),
            "groups_of_a_set": self.sets[0].groups,
            "ways": ways,
            "versus": self._versus(scored, settings, evaluate),
        }

    def _scores(self, found: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Gives each measure, (sets,); texts in no cluster count as one cluster of their own."""
        scores = {
            name: np.array([measure(one.truth, numbers) for one, numbers in zip(self.sets, found, strict=True)])
            for name, measure in MEASURES.items()
        }
        numbers_found = np.array([len(np.unique(numbers[numbers != NONE])) for numbers in found], float)
        clustered = np.array([np.mean(numbers != NONE) for numbers in found])
        return {**scores, "clusters": numbers_found, "clustered": clustered}

    def _versus(
        self, scored: Mapping[tuple[str, str], Mapping[str, np.ndarray]], settings: Cluster, evaluate: Evaluate
    ) -> dict[str, Any]:
        """Tests each way against the same method on the last representation; p corrected for all tests of a measure."""
        *others, baseline = dict.fromkeys(name for name, _ in self.clusters)
        methods = [method for name, method in self.clusters if name == baseline]
        report: dict[str, Any] = {"baseline": baseline}
        for measure in TESTED:
            tests = {
                way: paired(
                    scored[way][measure],
                    scored[baseline, way[1]][measure],
                    confidence=evaluate.confidence,
                    seed=settings.seed,
                )
                for way in product(others, methods)
            }
            corrected = holm([test["p"] for test in tests.values()])
            for ((name, method), test), p in zip(tests.items(), corrected, strict=True):
                report.setdefault(measure, {}).setdefault(name, {})[method] = {**test, "holm_p": p}
        return report


def find_groups(
    sets: Sequence[Mixed],
    represented: Mapping[str, Callable[[np.ndarray], Vectors]],
    settings: Cluster,
    done: Callable[[int], object],
) -> Found:
    """Clusters each set in each way.

    A method that is told a number of clusters is told that of the groups, and beside it the one that the silhouette
    chooses, as of texts of one's own nobody knows it.

    Args:
        sets: of groups.
        represented: by representation, what gives the vectors of the texts at some places.
        settings: which methods, and among which numbers is chosen.
        done: told of each set that was clustered in all ways.
    """
    clusters: dict[tuple[str, str], list[np.ndarray]] = {}
    for one in sets:
        for name, vectors_of in represented.items():
            vectors = vectors_of(one.places)
            for method in settings.methods:
                numbers: dict[str, int] = {method: one.groups}
                if method != "hdbscan":
                    chosen = choose_number(vectors, method, settings.candidates, seed=settings.seed)
                    numbers[f"{method}, {CHOSEN}"] = chosen
                for way, number in numbers.items():
                    found = cluster(vectors, method, number, smallest=settings.smallest, seed=settings.seed)
                    clusters.setdefault((name, way), []).append(found)
        done(1)
    return Found(list(sets), clusters)


def cluster_rows(found: Found, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yields the rows of the table of clusters, a way at a time; clusters of different sets have different numbers."""
    for (representation, method), by_set in found.clusters.items():
        first = 0
        for one, numbers in zip(found.sets, by_set, strict=True):
            yield {
                "id": [ids[place] for place in one.places],
                "representation": [representation] * len(numbers),
                "method": [method] * len(numbers),
                "cluster": [None if number == NONE else first + number for number in numbers.tolist()],
            }
            first += int(numbers.max()) + 1


def named(terms: Mapping[int, list[str]], clusters: np.ndarray, one: Mixed, texts: Texts) -> list[dict[str, Any]]:
    """Gives the clusters of a set, the largest first: what names each, and the group that most of its texts are of."""
    report = []
    for number in sorted(terms, key=lambda number: (-int((clusters == number).sum()), number)):
        members = one.places[clusters == number]
        group, inside = Counter(texts.groups[place] for place in members).most_common(1)[0]
        report.append(
            {"terms": terms[number], "texts": len(members), "mostly": group, "share_of_it": inside / len(members)}
        )
    return report
