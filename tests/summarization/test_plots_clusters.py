from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from decortique.summarization.clustering import NONE
from decortique.summarization.plots import draw_clusters, draw_recovery
from decortique.summarization.settings import RANDOM
from decortique.summarization.vectors import tfidf
from tests.drawing import assert_drawn_alike
from tests.summarization.test_methods import clouds

METHODS = ["kmeans", "kmeans, number by silhouette", "hdbscan"]
VECTORS, TRUTH = clouds([12, 5, 8, 3])
TERMS = {0: ["battery", "battery life"], 1: [], 2: ["$price$"], 3: ["écran noir"]}
NAMED = {0: ["battery"]}


def report(
    representations: Sequence[str], methods: Sequence[str] = METHODS, *, sets: int = 5, value: float = 0.6
) -> Any:
    """Return a report of `cluster`, of one set without intervals."""
    reach = {"low": value - 0.1, "high": value + 0.1} if sets > 1 else {}
    ways = {name: {method: {"v_measure": {"value": value, **reach}} for method in methods} for name in representations}
    at_random = {RANDOM: {"v_measure": {"value": 0.1}}}
    return {"ways": {RANDOM: at_random, **ways}, "sets": sets, "groups_per_set": 10}


@pytest.mark.parametrize("representations", [["tfidf"], ["encoder", "glove", "word2vec", "tfidf"], list("abcdefghij")])
@pytest.mark.parametrize(("methods", "sets"), [(METHODS, 5), (METHODS[:1], 1)])
def test_the_recovery_picture_is_a_reproducible_png(
    tmp_path: Path, representations: list[str], methods: list[str], sets: int
) -> None:
    assert_drawn_alike(partial(draw_recovery, report=report(representations, methods, sets=sets)), tmp_path)


def test_different_results_give_different_pictures(tmp_path: Path) -> None:
    shown = set()
    for number, (names, value, sets) in enumerate(
        [
            (["encoder", "tfidf"], 0.6, 5),
            (["tfidf", "encoder"], 0.6, 5),
            (["encoder", "tfidf"], 0.7, 5),
            (["encoder", "tfidf"], 0.6, 1),
        ]
    ):
        draw_recovery(tmp_path / f"{number}.png", report(names, value=value, sets=sets))
        shown.add((tmp_path / f"{number}.png").read_bytes())
    assert len(shown) == 4


CLUSTERS: dict[str, tuple[Any, np.ndarray, Mapping[int, Sequence[str]]]] = {
    "four clusters": (VECTORS, TRUTH, TERMS),
    "some in none": (VECTORS, np.where(TRUTH == 1, NONE, TRUTH), {number: TERMS[number] for number in (0, 2, 3)}),
    "all in none": (VECTORS, np.full(len(TRUTH), NONE), {}),
    "one cluster": (VECTORS, np.zeros(len(TRUTH), int), NAMED),
    "two clusters": (VECTORS, (TRUTH > 0).astype(int), {0: TERMS[0], 1: []}),
    "more than there are colours": (VECTORS, np.arange(len(TRUTH)), {index: [f"w{index}"] for index in range(28)}),
    "words": (tfidf(["a film", "a dark film", "a plot", "screen"], "en"), np.array([0, 0, 1, 2]), {0: ["film"]}),
    "no words": (csr_matrix(np.zeros((3, 1), np.float32)), np.zeros(3, int), {0: []}),
    "one text": (VECTORS[:1], np.zeros(1, int), NAMED),
    "two texts": (VECTORS[:2], np.array([0, 1]), {0: ["a"], 1: ["b"]}),
}


@pytest.mark.parametrize("name", CLUSTERS)
def test_the_cluster_map_is_a_reproducible_png(tmp_path: Path, name: str) -> None:
    vectors, clusters, terms = CLUSTERS[name]
    assert_drawn_alike(partial(draw_clusters, vectors=vectors, clusters=clusters, terms=terms), tmp_path)


def test_the_cluster_map_labels_clusters_at_their_texts(tmp_path: Path) -> None:
    moved = np.roll(TRUTH, 5)
    other = {**TERMS, 0: ["phone"]}
    for name, clusters, terms in (("one", TRUTH, TERMS), ("moved", moved, TERMS), ("renamed", TRUTH, other)):
        draw_clusters(tmp_path / f"{name}.png", VECTORS, clusters, terms)
    assert len({path.read_bytes() for path in tmp_path.glob("*.png")}) == 3


def test_sparse_and_dense_vectors_give_the_same_result(tmp_path: Path) -> None:
    draw_clusters(tmp_path / "dense.png", VECTORS, TRUTH, TERMS)
    draw_clusters(tmp_path / "sparse.png", csr_matrix(VECTORS), TRUTH, TERMS)
    assert (tmp_path / "dense.png").read_bytes() == (tmp_path / "sparse.png").read_bytes()
