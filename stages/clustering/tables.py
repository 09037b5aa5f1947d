"""What was clustered, as tables and as lists for people."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from stages.clustering.finding import Found, Mixed
from stages.clustering.methods import NONE
from stages.clustering.texts import Texts


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
