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
    """Directions far from each other, and vectors of length one around each: (texts, 12), and which is whose."""
    truth = np.repeat(np.arange(len(sizes)), sizes)
    points = np.eye(12)[truth] + spread * np.random.default_rng(seed).normal(size=(len(truth), 12))
    return normalize(points).astype(np.float32), truth


@pytest.mark.parametrize("method", METHODS)
def test_clouds_that_lie_apart_are_found_however_unlike_in_size(method: Method) -> None:
    vectors, truth = clouds([30, 5, 12, 8])
    assert adjusted_rand_score(truth, cluster(vectors, method, 4, min_cluster_size=5)) == 1


@pytest.mark.parametrize("method", METHODS)
def test_zeros_that_are_not_written_down_change_nothing(method: Method) -> None:
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
def test_the_silhouette_finds_how_many_clouds_there_are(method: Method, number: int, seed: int) -> None:
    vectors, _ = clouds([8 + place for place in range(number)], seed=seed)
    assert choose_number(vectors, method, CANDIDATES, seed=seed) == number


@pytest.mark.parametrize("seed", range(3))
def test_the_number_chosen_is_the_one_whose_silhouette_is_best(seed: int) -> None:
    vectors, _ = clouds([10, 10, 10], spread=0.5, seed=seed)
    scores = {number: silhouette_score(vectors, cluster(vectors, "agglomerative", number)) for number in CANDIDATES}
    assert choose_number(vectors, "agglomerative", CANDIDATES) == max(scores, key=lambda number: scores[number])


def test_the_number_is_found_in_a_sample_of_many_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "SILHOUETTE_SAMPLE", 60)
    vectors, _ = clouds([70] * 5)  # group by group: the first sixty are all of one cloud
    assert choose_number(vectors, "kmeans", CANDIDATES) == 5


@pytest.mark.parametrize("method", NUMBERED)
@pytest.mark.parametrize("number", [1, 2, 6])
def test_as_many_clusters_are_made_as_are_asked_for(method: Method, number: int) -> None:
    found = cluster(clouds([10, 10, 10])[0], method, number)
    assert sorted(set(found.tolist())) == list(range(number))


@pytest.mark.parametrize("number", [2, 3, 5, 6])
def test_of_texts_that_are_all_as_far_from_each_other_as_many_clusters_are_made(number: int) -> None:
    found = cluster(np.eye(6, dtype=np.float32), "agglomerative", number)
    assert len(set(found.tolist())) == number


@pytest.mark.parametrize("method", NUMBERED)
def test_texts_that_are_all_alike_are_one_cluster(method: Method) -> None:
    same = np.tile(clouds([1])[0], (6, 1))
    assert cluster(same, method, 4).tolist() == [0] * 6
    assert cluster(np.zeros((6, 3), np.float32), method, 4).tolist() == [0] * 6
    assert choose_number(same, method, CANDIDATES) == 1


@pytest.mark.parametrize("method", NUMBERED)
def test_more_clusters_than_different_texts_are_as_many_as_differ(method: Method) -> None:
    vectors = np.repeat(clouds([1, 1, 1])[0], 4, axis=0)
    found = cluster(vectors, method, 9)
    assert adjusted_rand_score(np.repeat(np.arange(3), 4), found) == 1
    assert choose_number(vectors, method, [3, 4, 5]) == 1  # each of three alone has no silhouette
    assert choose_number(vectors, method, [2, 3, 4]) == 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("texts", [1, 2, 3])
def test_a_few_texts_are_clustered_without_complaint(method: Method, texts: int) -> None:
    vectors, _ = clouds([texts])
    found = cluster(vectors, method, 2)
    assert found.shape == (texts,)
    assert choose_number(vectors, method, CANDIDATES) in {1, 2}


def test_texts_that_are_like_no_other_are_put_in_no_cluster() -> None:
    far, _ = clouds([1] * 12, spread=0.0)
    assert cluster(far, "hdbscan", 3).tolist() == [NONE] * 12
    near, truth = clouds([8, 8])
    assert adjusted_rand_score(truth, cluster(near, "hdbscan", 1, min_cluster_size=5)) == 1
    assert cluster(near[:4], "hdbscan", 1, min_cluster_size=5).tolist() == [NONE] * 4  # alike, but too few


@pytest.mark.parametrize("method", ["agglomerative", "hdbscan"])
def test_too_many_texts_to_be_compared_with_each_other_are_refused_in_one_line_with_a_way_out(
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
def test_clusters_do_not_change_between_two_runs(method: Method) -> None:
    vectors, _ = clouds([20, 20, 20], spread=0.6)
    one, other = (cluster(vectors.copy(), method, 5, seed=3) for _ in range(2))
    assert one.tolist() == other.tolist()
    assert choose_number(vectors, method, CANDIDATES, seed=3) == choose_number(vectors, method, CANDIDATES, seed=3)


@pytest.mark.parametrize("method", METHODS)
def test_what_was_given_is_left_as_it_was(method: Method) -> None:
    vectors, _ = clouds([10, 10])
    before = vectors.copy()
    cluster(vectors, method, 2)
    choose_number(vectors, method, [2, 3])
    np.testing.assert_array_equal(vectors, before)
