from collections.abc import Sequence

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import normalize

from decortique.core.files import StageError
from decortique.summarization import clustering as methods
from decortique.summarization.clustering import NONE, choose_number, cluster
from decortique.summarization.settings import Method

METHODS: list[Method] = ["kmeans", "agglomerative", "hdbscan"]
NUMBERED: list[Method] = ["kmeans", "agglomerative"]
CANDIDATES = [2, 3, 4, 5, 7, 10]


def clouds(sizes: Sequence[int], spread: float = 0.05, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors around distant directions, (texts, 12), and the direction of each."""
    truth = np.repeat(np.arange(len(sizes)), sizes)
    points = np.eye(12)[truth] + spread * np.random.default_rng(seed).normal(size=(len(truth), 12))
    return normalize(points).astype(np.float32), truth


@pytest.mark.parametrize("method", METHODS)
def test_separate_clusters_of_unequal_size_are_recovered(method: Method) -> None:
    vectors, truth = clouds([30, 5, 12, 8])
    assert adjusted_rand_score(truth, cluster(vectors, method, 4, min_cluster_size=5)) == 1


@pytest.mark.parametrize("method", METHODS)
def test_sparse_and_dense_vectors_give_the_same_result(method: Method) -> None:
    vectors, _ = clouds([9, 9, 9])
    vectors[vectors < 0] = 0
    vectors = normalize(vectors)
    dense, sparse = (
        cluster(vectors, method, 3, min_cluster_size=4),
        cluster(csr_matrix(vectors), method, 3, min_cluster_size=4),
    )
    assert adjusted_rand_score(dense, sparse) == 1


@pytest.mark.parametrize("method", NUMBERED)
@pytest.mark.parametrize("number", [2, 3, 5, 7])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_silhouette_finds_the_number_of_clusters(method: Method, number: int, seed: int) -> None:
    vectors, _ = clouds([8 + index for index in range(number)], seed=seed)
    assert choose_number(vectors, method, CANDIDATES, seed=seed) == number


@pytest.mark.parametrize("seed", range(3))
def test_the_chosen_number_has_the_best_silhouette(seed: int) -> None:
    vectors, _ = clouds([10, 10, 10], spread=0.5, seed=seed)
    scores = {number: silhouette_score(vectors, cluster(vectors, "agglomerative", number)) for number in CANDIDATES}
    assert choose_number(vectors, "agglomerative", CANDIDATES) == max(scores, key=lambda number: scores[number])


def test_the_number_of_clusters_is_chosen_on_a_sample_of_many_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "SILHOUETTE_SAMPLE", 60)
    vectors, _ = clouds([70] * 5)  # group by group: the first sixty are all of one cloud
    assert choose_number(vectors, "kmeans", CANDIDATES) == 5


@pytest.mark.parametrize("method", NUMBERED)
@pytest.mark.parametrize("number", [1, 2, 6])
def test_the_requested_number_of_clusters_is_made(method: Method, number: int) -> None:
    result = cluster(clouds([10, 10, 10])[0], method, number)
    assert sorted(set(result.tolist())) == list(range(number))


@pytest.mark.parametrize("number", [2, 3, 5, 6])
def test_equidistant_texts_make_the_requested_number_of_clusters(number: int) -> None:
    result = cluster(np.eye(6, dtype=np.float32), "agglomerative", number)
    assert len(set(result.tolist())) == number


@pytest.mark.parametrize("method", NUMBERED)
def test_identical_texts_are_one_cluster(method: Method) -> None:
    same = np.tile(clouds([1])[0], (6, 1))
    assert cluster(same, method, 4).tolist() == [0] * 6
    assert cluster(np.zeros((6, 3), np.float32), method, 4).tolist() == [0] * 6
    assert choose_number(same, method, CANDIDATES) == 1


@pytest.mark.parametrize("method", NUMBERED)
def test_there_are_no_more_clusters_than_distinct_texts(method: Method) -> None:
    vectors = np.repeat(clouds([1, 1, 1])[0], 4, axis=0)
    result = cluster(vectors, method, 9)
    assert adjusted_rand_score(np.repeat(np.arange(3), 4), result) == 1
    assert choose_number(vectors, method, [3, 4, 5]) == 1  # three clusters of one text have no silhouette
    assert choose_number(vectors, method, [2, 3, 4]) == 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("texts", [1, 2, 3])
def test_a_few_texts_are_clustered_without_complaint(method: Method, texts: int) -> None:
    vectors, _ = clouds([texts])
    result = cluster(vectors, method, 2)
    assert result.shape == (texts,)
    assert choose_number(vectors, method, CANDIDATES) in {1, 2}


def test_outliers_are_in_no_cluster() -> None:
    far, _ = clouds([1] * 12, spread=0.0)
    assert cluster(far, "hdbscan", 3).tolist() == [NONE] * 12
    near, truth = clouds([8, 8])
    assert adjusted_rand_score(truth, cluster(near, "hdbscan", 1, min_cluster_size=5)) == 1
    assert cluster(near[:4], "hdbscan", 1, min_cluster_size=5).tolist() == [NONE] * 4  # similar, but too few


@pytest.mark.parametrize("method", ["agglomerative", "hdbscan"])
def test_too_many_texts_for_pairwise_distances_are_refused_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, method: Method
) -> None:
    monkeypatch.setattr(methods, "MOST_COMPARED", 1200)
    vectors = np.tile(clouds([1, 1, 1])[0], (401, 1))
    with pytest.raises(StageError) as caught:
        cluster(vectors, method, 3)
    assert str(caught.value) == (
        f"{method} compares all texts with each other, and 1,203 are more than 1,200: use kmeans"
    )
    assert len(set(cluster(vectors, "kmeans", 3).tolist())) == 3
    assert len(cluster(vectors[:1200], method, 3)) == 1200


@pytest.mark.parametrize("method", METHODS)
def test_clusters_are_reproducible(method: Method) -> None:
    vectors, _ = clouds([20, 20, 20], spread=0.6)
    one, other = (cluster(vectors.copy(), method, 5, seed=3) for _ in range(2))
    assert one.tolist() == other.tolist()
    assert choose_number(vectors, method, CANDIDATES, seed=3) == choose_number(vectors, method, CANDIDATES, seed=3)


@pytest.mark.parametrize("method", METHODS)
def test_clustering_does_not_change_its_input(method: Method) -> None:
    vectors, _ = clouds([10, 10])
    before = vectors.copy()
    cluster(vectors, method, 2)
    choose_number(vectors, method, [2, 3])
    np.testing.assert_array_equal(vectors, before)
